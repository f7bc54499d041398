"""Cleaning of what people write, in pages and in files alike."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
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

Known = Mapping[str, str]  # the columns before this one, cleaned


class Fault(ValueError):
    """What is wrong with a cell, in a sentence."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an onboarding file. `rule` gets the stripped text, never an empty one, and what is known so far."""

    name: str
    said: str
    length: int
    rule: Callable[[str, Known], str]
    is_required: bool = False
    default: str = ""

    def clean(self, text: str, known: Known) -> str:
        """Raises Fault."""
        stripped = text.strip()
        if not stripped:
            if self.is_required:
                raise Fault(f"The {self.said} is blank.")
            return self.default
        if len(stripped) > self.length:
            raise Fault(f"The {self.said} is longer than {self.length} characters.")
        if _CONTROL.search(stripped):
            raise Fault(f"The {self.said} holds a line break or another control character.")
        return self.rule(stripped, known)


def _as_it_is(text: str, known: Known) -> str:
    return text


def _spaced(text: str, known: Known) -> str:
    return " ".join(text.split())


def _email(text: str, known: Known) -> str:
    email = text.lower()
    try:
        _is_email(email)
    except ValidationError:
        raise Fault(f"“{email}” is not an email address.") from None
    return email


def _product(text: str, known: Known) -> str:
    word = text.lower().replace("-", "_").replace(" ", "_")
    if word not in _PRODUCTS:
        raise Fault(f"“{text}” is no product: it is one of {', '.join(_PRODUCTS)}.")
    return word


def _language(text: str, known: Known) -> str:
    word = text.lower()
    if word not in _LANGUAGES:
        raise Fault(f"“{word}” is no language of ours: it is one of {', '.join(_LANGUAGES)}.")
    return word


def _country(text: str, known: Known) -> str:
    word = text.upper()
    if word == "UK":
        raise Fault("“UK” is no country code: the United Kingdom is GB.")
    if word not in CODES:
        raise Fault(f"“{word}” is no country: write its two letters, such as GB or FR.")
    return word


def _time_zone(text: str, known: Known) -> str:
    if text not in _zones():
        raise Fault(f"“{text}” is no time zone: write it as Europe/London or Europe/Paris.")
    return text


def _platform(text: str, known: Known) -> str:
    """Its key, whether written as key, slug or full name."""
    platform = platforms.parse(text) or _by_name(text)
    if platform is None:
        raise Fault(f"“{text}” is no platform we know.")
    product, country = known.get("product"), known.get("country")
    if product and platform.key not in platforms.TABLES[product].platforms:
        raise Fault(f"{platform.name} cannot be connected for {product}.")
    if country and country in platform.closed_in:
        raise Fault(f"{platform.name} is closed in {country}.")
    return platform.key


def _by_name(text: str) -> platforms.Platform | None:
    wanted = text.casefold()
    return next((platform for platform in platforms.PLATFORMS.values() if platform.name.casefold() == wanted), None)


_PRODUCTS = [str(word) for word in Product.values]
_LANGUAGES = [str(word) for word in Language.values]
COLUMNS = (
    Column("customer_id", "customer ID", 100, _as_it_is, is_required=True),
    Column("name", "name", 255, _spaced, is_required=True),
    Column("email", "email", 254, _email, is_required=True),
    Column("product", "product", 40, _product, is_required=True),
    Column("country", "country", 40, _country),
    Column("platform", "platform", 60, _platform),  # after product and country, which decide what it may be
    Column("language", "language", 20, _language, default=Language.ENGLISH.value),
    Column("contact", "contact", 120, _as_it_is),
    Column("time_zone", "time zone", 64, _time_zone),
)


@dataclass(slots=True)
class Cleaned:
    """A row after cleaning: `fields` as `companies.create` takes them, and what is wrong, by column."""

    fields: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)


def clean_row(cells: Mapping[str, str], tags: Mapping[str, str]) -> Cleaned:
    """Clean one row of a file: `cells` by column, `tags` by Codat's key. Ten times as fast as a form."""
    told = Cleaned(tags=dict(tags))
    for column in COLUMNS:
        try:
            told.fields[column.name] = column.clean(cells.get(column.name) or "", told.fields)
        except Fault as fault:
            told.problems.append((column.name, str(fault)))
    for key, value in tags.items():
        if len(value) > TAG_VALUE_LENGTH:
            told.problems.append((f"tag:{key}", f"The tag {key} is longer than {TAG_VALUE_LENGTH} characters."))
    return told


class RowForm(forms.Form):
    """One company to onboard, as a page's form: the rules of `clean_row`, each fault beside its field."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for column in COLUMNS:
            label = column.said[0].upper() + column.said[1:]
            self.fields[column.name] = forms.CharField(label=label, required=False)
            self.fields[column.name].widget.is_required = column.is_required

    def clean(self) -> dict[str, Any]:
        told = clean_row(self.cleaned_data, {})
        for name, sentence in told.problems:
            self.add_error(name, sentence)
        return self.cleaned_data | told.fields
