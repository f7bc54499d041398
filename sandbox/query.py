"""Codat's filter language: `name~acme && {status=Linked || status=PendingAuth}`.

Operators: = != ~ (contains) > < >= <=, joined by && and ||, grouped by braces. A path through a list
(`dataConnections.status`) matches when any element does; with != when none is equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.errors import ApiError

MAX_LENGTH = 2047

Values = Callable[[Any, str], list[Any]]  # the values of one item at one path
Predicate = Callable[[Any], bool]

_TOKEN = re.compile(r"\s*(&&|\|\||\{|\})\s*")
_CONDITION = re.compile(r"^\s*([A-Za-z0-9_.\-]+?)\s*(!=|>=|<=|=|~|>|<)\s*(.*?)\s*$", re.DOTALL)


def compile_query(
    text: str, values: Values, *, operators: Iterable[str] = ("=", "!=", "~", ">", "<", ">=", "<=")
) -> Predicate:
    """The filter as a function. Raises a 400 refusal for a query that Codat would not understand."""
    if len(text) > MAX_LENGTH:
        raise malformed("Query is too long")
    tokens = [token for token in _TOKEN.split(text) if token.strip()]
    if not tokens:
        raise malformed()
    parser = _Parser(tokens, values, frozenset(operators))
    predicate = parser.any_of()
    if parser.rest():
        raise malformed()
    return predicate


def malformed(why: str = "Malformed query") -> ApiError:
    return ApiError(400, f"Error parsing query - {why}.", service="ClientsApi")


def unresolved(path: str, kind: str) -> ApiError:
    return ApiError(400, f"Error parsing query - Could not resolve property {path} on {kind}", service="PullApi")


class _Parser:
    """Recursive descent: || binds weaker than &&."""

    def __init__(self, tokens: list[str], values: Values, operators: frozenset[str]) -> None:
        self._tokens = tokens
        self._values = values
        self._operators = operators
        self._at = 0

    def rest(self) -> list[str]:
        return self._tokens[self._at :]

    def any_of(self) -> Predicate:
        parts = [self.all_of()]
        while self._take("||"):
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else lambda item: any(part(item) for part in parts)

    def all_of(self) -> Predicate:
        parts = [self.one()]
        while self._take("&&"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else lambda item: all(part(item) for part in parts)

    def one(self) -> Predicate:
        if self._take("{"):
            inner = self.any_of()
            if not self._take("}"):
                raise malformed()
            return inner
        return self._condition()

    def _condition(self) -> Predicate:
        match = _CONDITION.match(self._tokens[self._at]) if self.rest() else None
        if match is None:
            raise malformed()
        self._at += 1
        path, operator, wanted = match.groups()
        if operator not in self._operators or not wanted:
            raise malformed()
        values, test = self._values, _TESTS[operator]
        if operator == "!=":
            return lambda item: all(test(value, wanted) for value in values(item, path))
        return lambda item: any(test(value, wanted) for value in values(item, path))

    def _take(self, token: str) -> bool:
        if self.rest() and self._tokens[self._at] == token:
            self._at += 1
            return True
        return False


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ordered(value: Any, wanted: str) -> int:
    """-1, 0 or 1: numbers as numbers, everything else (timestamps) as text."""
    try:
        left, right = float(value), float(wanted)
    except (TypeError, ValueError):
        return (_text(value) > wanted) - (_text(value) < wanted)
    return (left > right) - (left < right)


_TESTS: dict[str, Callable[[Any, str], bool]] = {
    "=": lambda value, wanted: _text(value) == wanted,
    "!=": lambda value, wanted: _text(value) != wanted,
    "~": lambda value, wanted: wanted.lower() in _text(value).lower(),
    ">": lambda value, wanted: _ordered(value, wanted) > 0,
    "<": lambda value, wanted: _ordered(value, wanted) < 0,
    ">=": lambda value, wanted: _ordered(value, wanted) >= 0,
    "<=": lambda value, wanted: _ordered(value, wanted) <= 0,
}


def values_of(kind: str, readers: Mapping[str, Callable[[Any], Any]]) -> Values:
    """Reads a path of an object by the readers' table. An unknown path is a 400 refusal; null is no value."""

    def values(item: Any, path: str) -> list[Any]:
        reader = readers.get(path)
        if reader is None:
            raise unresolved(path, kind)
        value = reader(item)
        if isinstance(value, list):
            return value
        return [] if value is None else [value]

    return values
