"""What the columns of an onboarding file mean. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .files import FileRefused

REQUIRED = ("customer_id", "name", "email", "product")
OPTIONAL = ("platform", "language", "contact", "country", "time_zone")
RESULT = ("status", "reason", "reference", "codat_id", "invitation_url")  # ours, in a result file that is loaded again
TAG = "tag:"
MOST_TAGS = 9  # of Codat's ten for a company one is our `uid`
_TAG_KEY = re.compile(r"[A-Za-z0-9_-]{1,27}")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each known column stands; `unknown` ones are kept for the result, and ignored."""

    places: Mapping[str, int]
    tags: Mapping[str, int]
    unknown: tuple[str, ...]
    width: int

    def cells(self, cells: Sequence[str]) -> dict[str, str]:
        """The known values of a row; a missing cell is blank."""
        return {name: _at(cells, place) for name, place in self.places.items()}

    def tag_cells(self, cells: Sequence[str]) -> dict[str, str]:
        return {key: value for key, place in self.tags.items() if (value := _at(cells, place).strip())}


def _at(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def plain(name: str) -> str:
    """A column's name as we compare it: `Customer ID` is customer_id."""
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


def read(header: Sequence[str]) -> Columns:
    """Raises FileRefused that names every mistake of the header at once."""
    places: dict[str, int] = {}
    tags: dict[str, int] = {}
    unknown, problems = [], []
    for place, name in enumerate(header):
        word = plain(name)
        if word.startswith(TAG):
            key = name.strip()[len(TAG) :].strip()
            problems += _tag_problems(key, key in tags)
            tags.setdefault(key, place)
        elif word in REQUIRED + OPTIONAL:
            if word in places:
                problems.append(f"The column {word} stands twice.")
            places.setdefault(word, place)
        elif word not in RESULT and word:
            unknown.append(name)
    missing = [name for name in REQUIRED if name not in places]
    if missing:
        problems.insert(0, f"Missing: {', '.join(missing)}. The first line names the columns: {', '.join(REQUIRED)}.")
    if len(tags) > MOST_TAGS:
        problems.append(f"There are {len(tags)} columns tag:…, and Codat keeps {MOST_TAGS} besides our own.")
    if problems:
        raise FileRefused(*problems, *([f"Not known, and ignored: {', '.join(unknown)}."] if unknown else []))
    return Columns(places, tags, tuple(unknown), len(header))


def _tag_problems(key: str, is_twice: bool) -> list[str]:
    if key.lower() == "uid":
        return ["The tag uid is ours: leave the column tag:uid out."]
    if not _TAG_KEY.fullmatch(key):
        return [f"The tag “{key}” needs 1 to 27 letters, digits, hyphens or underscores."]
    return [f"The column tag:{key} stands twice."] if is_twice else []


def for_result(header: Sequence[str]) -> list[int]:
    """The places of a header's columns that a result file repeats: all but an earlier result's."""
    return [place for place, name in enumerate(header) if plain(name) not in RESULT]
