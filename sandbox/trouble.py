"""Trouble on order: answers in place of the true one, lost, slow and damaged answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

from sandbox.errors import ApiError, error_body
from sandbox.exchange import Answer, Request, json_answer

KINDS = {"answer", "slow", "lose", "json", "html", "half", "reset"}
DAMAGE = ("lose", "json", "html", "half", "reset")
ERROR_PAGE = b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"


@dataclass(slots=True)
class Rule:
    """One order. It counts the requests it fits, and acts on the first `times` or on every n-th of them."""

    kind: str
    method: str | None = None
    path: re.Pattern[str] | None = None  # found anywhere in path?query
    times: int | None = 1  # None: until the rules are cleared
    every: int = 1
    after_effect: bool = False
    seconds: float = 0.0
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    seen: int = 0

    def fits(self, request: Request) -> bool:
        if self.method and self.method != request.method:
            return False
        return self.path is None or self.path.search(request.target) is not None

    def answer(self) -> Answer:
        """The ordered answer; without a body of its own Codat's error body, or none for a redirect."""
        if isinstance(self.body, str):
            return Answer(self.status, self.body.encode(), {"Content-Type": "text/html", **self.headers})
        if self.body is not None:
            return json_answer(self.body, self.status, self.headers)
        if self.status < 400:
            return Answer(self.status, b"", dict(self.headers))
        return json_answer(error_body(self.status), self.status, self.headers)


class Rules:
    """The orders that stand, oldest first."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = Lock()
        self._cleared = Event()

    def add(self, order: Mapping[str, Any]) -> None:
        """Raises a 400 refusal for an order nobody understands."""
        rule = _rule(order)
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Forget every order; answers that are kept back by one are let go."""
        with self._lock:
            self._rules.clear()
            self._cleared.set()
            self._cleared = Event()

    def pause(self, seconds: float) -> None:
        """Waits, but not beyond the next `clear`."""
        self._cleared.wait(seconds)

    def draw(self, request: Request, *kinds: str) -> Rule | None:
        """The first order of these kinds that acts on this request; it is used up by that."""
        if not self._rules:
            return None
        with self._lock:
            for rule in [rule for rule in self._rules if rule.kind in kinds and rule.fits(request)]:
                rule.seen += 1
                if rule.seen % rule.every:
                    continue
                if rule.times is not None:
                    rule.times -= 1
                    if rule.times <= 0:
                        self._rules.remove(rule)
                return rule
        return None


def damage(answer: Answer, kind: str) -> Answer:
    """The true answer as a broken line or a proxy would deliver it."""
    if kind == "json":
        cut = answer.body[: max(1, len(answer.body) // 2)] or b'{"id":'
        return Answer(answer.status, cut, {**answer.headers, "Content-Type": "application/json; charset=utf-8"})
    if kind == "html":
        return Answer(answer.status, ERROR_PAGE, {"Content-Type": "text/html"})
    return Answer(answer.status, answer.body or b"{}", answer.headers, fate=kind)


def _rule(order: Mapping[str, Any]) -> Rule:
    known = {name: order[name] for name in Rule.__dataclass_fields__ if name in order and name != "seen"}
    if known.get("kind") not in KINDS:
        raise ApiError(400, f"Unknown kind of trouble; known are {', '.join(sorted(KINDS))}.")
    try:
        known["path"] = re.compile(known["path"]) if known.get("path") else None
    except re.error as error:
        raise ApiError(400, f"The path is not a regular expression: {error}") from None
    known["method"] = known["method"].upper() if known.get("method") else None
    return Rule(**known)
