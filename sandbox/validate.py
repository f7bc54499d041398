"""What Codat accepts as a company's name, description, tags and products."""

from __future__ import annotations

import re
from typing import Any

from sandbox.errors import ApiError

_FORBIDDEN = re.compile(r"[^A-Za-z0-9\s\-',&@.,?!]")
MOST_TAGS, LONGEST_KEY, LONGEST_VALUE = 10, 27, 100
LONGEST_NAME = 255


def name(value: Any) -> str:
    """The name as it is kept: anything but letters, digits, white space and - ' & @ . , ? ! vanishes silently.

    Raises a 400 refusal when nothing is left.
    """
    if not isinstance(value, str):
        raise _invalid("name", "Name is required.")
    kept = _FORBIDDEN.sub("", value)
    if not kept.strip():
        raise _invalid("name", "Name must not be empty.")
    if len(kept) > LONGEST_NAME:
        raise _invalid("name", f"Name has at most {LONGEST_NAME} characters.")
    return kept


def description(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise _invalid("description", "Description must be text.")
    return value or ""


def tags(value: Any) -> dict[str, str]:
    """At most 10 pairs, keys of 1 to 27 characters, values of at most 100. Raises a 400 refusal."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _invalid("tags", "Tags must be an object.")
    if len(value) > MOST_TAGS:
        raise _invalid("tags", f"A company has at most {MOST_TAGS} tags.")
    for key, text in value.items():
        if not 1 <= len(key) <= LONGEST_KEY:
            raise _invalid("tags", f"A tag key has 1 to {LONGEST_KEY} characters.")
        if not isinstance(text, str) or len(text) > LONGEST_VALUE:
            raise _invalid("tags", f"A tag value is text of at most {LONGEST_VALUE} characters.")
    return dict(value)


def products(value: Any) -> list[str] | None:
    """None when the client's default products apply."""
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(product, str) for product in value):
        raise _invalid("products", "Products must be a list of product identifiers.")
    return list(value)


def _invalid(item: str, message: str) -> ApiError:
    entry = {"itemId": item, "message": message, "validatorName": "CompanyValidator"}
    return ApiError(400, service="ClientsApi", validation={"errors": [entry], "warnings": []})
