"""From a request to its answer: who is asked, in which order the rules apply, and what is written down."""

from __future__ import annotations

import base64
import hmac
import time

from sandbox import acts, api, control, routing, trouble  # noqa: F401  (importing registers addresses)
from sandbox.errors import ApiError
from sandbox.exchange import Answer, Request, empty_answer, error_answer
from sandbox.link import pages, routes
from sandbox.requestlog import Entry
from sandbox.settings import Options
from sandbox.state import State
from sandbox.world import World

LOOPBACK = ("127.", "::1", "::ffff:127.")
WITHOUT_LOCK = {"/_sandbox/settle"}  # waits for others, so it must not keep them out


class App:
    """The sandbox behind its HTTP server."""

    def __init__(self, options: Options, public_url: str) -> None:
        self._options = options
        self._public_url = public_url
        self._state = State(options.state_file)
        self.world = World(options, public_url)
        self._state.load(self.world)
        self._state.watch(lambda: self.world)

    def handle(self, request: Request) -> Answer:
        world = self.world
        if request.path.startswith("/_sandbox/"):
            return self._order(world, request)
        if routes.is_page(request.path):
            return self._page(world, request)
        return serve(world, request)

    def reset(self) -> None:
        """A fresh world; what still runs in the old one ends there."""
        old, self.world = self.world, World(self._options, self._public_url)
        old.close()

    def close(self) -> None:
        self._state.close()
        self.world.close()

    def _order(self, world: World, request: Request) -> Answer:
        """The control API: from this machine only, uncounted and unlogged."""
        if not request.client_host.startswith(LOOPBACK):
            return error_answer(ApiError(403))
        if (request.method, request.path) == ("POST", "/_sandbox/reset"):
            self.reset()
            return empty_answer(204)
        try:
            if request.path in WITHOUT_LOCK:
                return routing.control.answer(world, request)
            with world.lock:
                return routing.control.answer(world, request)
        except ApiError as error:
            return error_answer(error)

    def _page(self, world: World, request: Request) -> Answer:
        if request.path in routes.OWNERS_PAGES and not request.client_host.startswith(LOOPBACK):
            return error_answer(ApiError(403))
        try:
            with world.lock:
                return routing.link.answer(world, request)
        except ApiError as error:
            return pages.problem(error.status, error.error)


def serve(world: World, request: Request) -> Answer:
    """One API request: key, limits, idempotency, ordered trouble, work; then headers and the log."""
    began = time.perf_counter()
    entry = world.log.open(request, world.clock.stamp())
    try:
        with world.quota.one_at_once():
            answer = _admitted(world, request, entry)
    except ApiError as error:
        answer = _refused(error, entry)
    answer.headers |= world.quota.headers()
    entry.status, entry.fate, entry.seconds = answer.status, answer.fate, time.perf_counter() - began
    world.log.close(entry)
    return answer


def _admitted(world: World, request: Request, entry: Entry) -> Answer:
    _check_key(world, request)
    world.quota.spend()
    world.pause(world.settings.latency_seconds)
    answer, entry.replayed = world.idempotency.answer(request, lambda: _perform(world, request, entry))
    broken = world.rules.draw(request, *trouble.DAMAGE)
    return trouble.damage(answer, broken.kind) if broken else answer


def _perform(world: World, request: Request, entry: Entry) -> Answer:
    """Does the work, unless an ordered answer stands in for it; slow before or after it."""
    slow = world.rules.draw(request, "slow")
    told = world.rules.draw(request, "answer")
    if slow and not slow.after_effect:
        world.rules.pause(slow.seconds)
    if told and not told.after_effect:
        return told.answer()
    answer = _work(world, request, entry)
    if slow and slow.after_effect:
        world.rules.pause(slow.seconds)
    return told.answer() if told else answer


def _work(world: World, request: Request, entry: Entry) -> Answer:
    try:
        with world.lock:
            return routing.api.answer(world, request)
    except ApiError as error:
        return _refused(error, entry)


def _refused(error: ApiError, entry: Entry) -> Answer:
    entry.invalid = error.is_client_fault
    return error_answer(error)


def _check_key(world: World, request: Request) -> None:
    """`Authorization: Basic` and the base64 of the key alone. Raises a 401 refusal."""
    expected = "Basic " + base64.b64encode(world.settings.api_key.encode()).decode()
    if not hmac.compare_digest(request.header("Authorization").encode(), expected.encode()):
        raise ApiError(401)
