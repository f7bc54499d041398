"""Whatever breaks, wherever: a plain page, no trace of the inside, and nothing half done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection
from django.test import Client

from tests.kit import Sandbox
from tests.security import table_staff
from tests.security.test_access_customers import CELLS, address
from tests.security.test_access_staff import path_of
from tests.security.test_headers import objections
from tests.security.walk import body, changed, fingerprint
from tests.security.world import World, rows_for_staff

INSIDE = (
    "Traceback",
    "OperationalError",
    "KEY-OF-THE-TEST",
    'File "',
    "settings",
    "onboarding_",
    "SELECT",
    "Exception",
)
MOST = 12  # statements of a page that are broken, one after the other


@contextmanager
def database_that_breaks(after: int) -> Iterator[list[int]]:
    """Every statement from the given one on fails, as when the database goes away in the middle."""
    seen = [0]

    def fail(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        seen[0] += 1
        if seen[0] > after and not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            raise OperationalError("KEY-OF-THE-TEST: could not connect to server at 10.0.0.7")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        yield seen


def shown(text: str) -> list[str]:
    return [word for word in INSIDE if word in text]


def break_everywhere(client: Client, path: str, method: str = "get") -> list[str]:
    """What is wrong with the answers when each statement of a page in turn is the first to fail."""
    found = []
    for number in range(MOST):
        with database_that_breaks(number) as seen:
            answer = getattr(client, method)(path)
        text = body(answer)
        found += [f"{path} at {number}: {word}" for word in shown(text)]
        if answer.status_code >= 500:
            found += [f"{path} at {number}: {each}" for each in objections(answer) if "Referrer" not in each]
        if seen[0] <= number:
            break
    return found


def test_page_whose_database_breaks_shows_a_plain_page(the_world: World):
    wrong = []
    the_world.sign_in_all()
    for route, method in CELLS:
        if method == "GET" and route != "readyz":
            wrong += break_everywhere(the_world.browser("owner"), address(route, the_world))

    assert wrong == []


def test_page_of_staff_whose_database_breaks_shows_a_plain_page(the_world: World):
    rows, wrong = rows_for_staff(the_world), []
    the_world.sign_in_all()
    for route in ("admin/", "admin/numbers.csv", "admin/onboarding/company/<int:pk>/edit/"):
        wrong += break_everywhere(the_world.browser("superuser"), path_of(route, rows))
    for model in ("onboarding/company", "onboarding/event", "onboarding/user"):
        wrong += break_everywhere(the_world.browser("superuser"), f"/admin/{model}/{rows[model]}/change/")

    assert wrong == []
    assert table_staff.PAGES


def test_error_page_speaks_both_languages_and_names_nobody(the_world: World):
    owner = the_world.browser("owner")
    owner.get("/")
    with database_that_breaks(3):
        answer = owner.get(f"/c/{the_world.values['ref']}/")

    page = answer.content.decode()
    assert answer.status_code == 503
    assert 'lang="fr"' in page and 'lang="en"' in page
    assert "marlow" not in page.lower()


def test_act_that_breaks_in_the_middle_leaves_nothing_half_done(the_world: World, sandbox: Sandbox):
    """Fail closed: an act of ours is whole, or it is not there."""
    bakery, ana = the_world.values["bakery"], the_world.browser("owner")
    ana.get("/")
    path = f"/c/{bakery.ref}/share/"
    for number in range(MOST):
        before = fingerprint()
        with database_that_breaks(number):
            code = ana.post(path, {"email": f"x{number}@books.example"}).status_code
        if code >= 500:
            assert changed(before, fingerprint()) == [], number


def test_codats_own_words_of_an_error_reach_no_customer(sandbox: Sandbox, the_world: World):
    """Neither its text nor its status: ours, from one table."""
    shop, ana = the_world.values["shop"], the_world.browser("owner")
    for status in (400, 401, 402, 403, 404, 409, 418, 422, 451, 500, 502, 503):
        sandbox.next_answer(status, times=None, body={"error": "KEY-OF-THE-TEST", "correlationId": "abc"})

        page = ana.post(f"/c/{shop.ref}/connect/xero/go/", follow=True)

        assert (page.status_code, "KEY-OF-THE-TEST" in page.content.decode()) == (200, False), status
        sandbox.no_more_trouble()


def test_garbled_codat_is_a_notice_and_no_error(sandbox: Sandbox, the_world: World):
    shop, ana = the_world.values["shop"], the_world.browser("owner")
    for kind in ("json", "html", "half", "reset"):
        sandbox.garble(kind, times=None)

        page = ana.post(f"/c/{shop.ref}/connect/xero/go/", follow=True)

        assert (page.status_code, shown(page.content.decode())) == (200, []), kind
        sandbox.no_more_trouble()


def test_who_cannot_be_known_is_nobody(the_world: World):
    """A session table that cannot be read lets nobody in."""
    owner = the_world.browser("owner")
    with database_that_breaks(0):
        answer = owner.get(f"/c/{the_world.values['ref']}/")

    assert answer.status_code == 503
    assert "Marlow" not in answer.content.decode()
