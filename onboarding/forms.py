"""Cleaning of what people write, in pages and in files alike."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from . import platforms
from .countries import CODES
from .models import Language, Product

TAG_VALUE_LENGTH = 100
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_is_email = EmailValidator()
_zones = cache(available_timezones)


def _text(name: str, length: int, *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        max_length=length,
        required=required,
        error_messages={
            "required": f"The {name} is blank.",
            "max_length": f"The {name} is longer than {length} characters.",
        },
    )


class RowForm(forms.Form):
    """One company to onboard: a row of a file, or a page's form. Its faults are whole sentences."""

    customer_id = _text("customer ID", 100)
    name = _text("name", 255)
    email = _text("email", 254)
    product = _text("product", 40)
    country = _text("country", 40, required=False)
    platform = _text("platform", 60, required=False)  # after product and country, which decide what it may be
    language = _text("language", 20, required=False)
    contact = _text("contact", 120, required=False)
    time_zone = _text("time zone", 64, required=False)

    def clean_customer_id(self) -> str:
        return _without_control(self.cleaned_data["customer_id"], "customer ID")

    def clean_name(self) -> str:
        return _without_control(" ".join(self.cleaned_data["name"].split()), "name")

    def clean_contact(self) -> str:
        return _without_control(self.cleaned_data["contact"], "contact")

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        try:
            _is_email(email)
        except ValidationError:
            raise ValidationError(f"“{email}” is not an email address.") from None
        return email

    def clean_product(self) -> str:
        word = re.sub(r"[\s-]+", "_", self.cleaned_data["product"].lower())
        if word not in Product.values:
            known = ", ".join(Product.values)
            raise ValidationError(f"“{self.cleaned_data['product']}” is no product: it is one of {known}.")
        return word

    def clean_language(self) -> str:
        word = self.cleaned_data["language"].lower()
        if word and word not in Language.values:
            raise ValidationError(f"“{word}” is no language of ours: it is one of {', '.join(Language.values)}.")
        return word or Language.ENGLISH.value

    def clean_country(self) -> str:
        word = self.cleaned_data["country"].upper()
        if word == "UK":
            raise ValidationError("“UK” is no country code: the United Kingdom is GB.")
        if word and word not in CODES:
            raise ValidationError(f"“{word}” is no country: write its two letters, such as GB or FR.")
        return word

    def clean_time_zone(self) -> str:
        word = self.cleaned_data["time_zone"]
        if word and word not in _zones():
            raise ValidationError(f"“{word}” is no time zone: write it as Europe/London or Europe/Paris.")
        return word

    def clean_platform(self) -> str:
        """Its key, whether written as key, slug or full name."""
        word = self.cleaned_data["platform"]
        if not word:
            return ""
        platform = platforms.parse(word) or _by_name(word)
        if platform is None:
            raise ValidationError(f"“{word}” is no platform we know.")
        product = self.cleaned_data.get("product")
        if product and platform.key not in platforms.TABLES[product].platforms:
            raise ValidationError(f"{platform.name} cannot be connected for {product}.")
        country = self.cleaned_data.get("country")
        if country and country in platform.closed_in:
            raise ValidationError(f"{platform.name} is closed in {country}.")
        return platform.key


def _by_name(word: str) -> platforms.Platform | None:
    wanted = word.casefold()
    return next((platform for platform in platforms.PLATFORMS.values() if platform.name.casefold() == wanted), None)


def _without_control(text: str, name: str) -> str:
    if _CONTROL.search(text):
        raise ValidationError(f"The {name} holds a line break or another control character.")
    return text


@dataclass(slots=True)
class Cleaned:
    """A row after cleaning: `fields` as `companies.create` takes them, or what is wrong, by column."""

    fields: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)


def clean_row(cells: Mapping[str, str], tags: Mapping[str, str]) -> Cleaned:
    """Clean one row of a file: `cells` by column, `tags` by Codat's key."""
    form = RowForm(cells)
    problems = [(column, str(sentence)) for column, sentences in form.errors.items() for sentence in sentences]
    for key, value in tags.items():
        if len(value) > TAG_VALUE_LENGTH:
            problems.append((f"tag:{key}", f"The tag {key} is longer than {TAG_VALUE_LENGTH} characters."))
    return Cleaned(dict(form.cleaned_data), dict(tags), problems)
