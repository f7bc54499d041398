"""What one action of staff is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

from ...actors import Actor
from ...models import User
from ...states import State
from .. import act_forms as ask
from ..desk import Desk

WORKING = frozenset({State.LINKED, State.READING, State.WAITING_PC, State.PARTIAL})
Told = dict[str, Any]
Outcome = str | HttpResponse


@dataclass(frozen=True, slots=True)
class Act:
    """One action.

    right    the permission, without the app's name
    why_not  the reason why it is not possible now; "" if it is
    run      does it and says what came of it, or answers with a response of its own
    asks     whether a page stands before it (else one click does it)
    """

    name: str
    words: str
    right: str
    run: Callable[[Desk, Actor, Told], Outcome]
    why_not: Callable[[Desk], str]
    form: type[ask.Ask] = ask.Ask
    icon: str = "arrow"
    asks: bool = False
    is_danger: bool = False
    leaves: bool = False  # for Codat Link: its page's forms may end elsewhere
    explains: Callable[[Desk], list[str]] = lambda desk: []
    label: Callable[[Desk], str] | None = None

    def words_for(self, desk: Desk) -> str:
        return self.label(desk) if self.label else self.words

    def is_allowed(self, user: User) -> bool:
        return user.has_perm(f"onboarding.{self.right}")


def always(desk: Desk) -> str:
    return ""
