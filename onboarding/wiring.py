"""Settings become clients: the one place where the product meets its Codat account."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from django.conf import settings

from . import quota
from .allowance import Errand
from .codat import Codat, Gate, LinkUrl

__all__ = ["Errand", "checked_link", "codat", "through"]


def codat(errand: Errand = Errand.CLICK) -> Codat:
    """The client for an errand, behind the shared gate.

    CLICK tries reads once and ends within 15 s, RETURN within 2 s; FOLLOW and BACKGROUND are the worker's, and
    repeat reads. BACKGROUND is refused with Busy when the day's rest is the customers' reserve; both of the
    worker's are while Codat does not answer.
    """
    client = _client(settings.CODAT_BASE_URL, settings.CODAT_API_KEY)[errand]
    gate = _gate.get()
    return client.with_gate(gate) if gate and errand is Errand.BACKGROUND else client


_gate: ContextVar[Gate | None] = ContextVar("gate", default=None)


@contextmanager
def through(gate: Gate) -> Iterator[None]:
    """Within it this thread's background work asks through another gate."""
    token = _gate.set(gate)
    try:
        yield
    finally:
        _gate.reset(token)


@cache
def _client(base_url: str, api_key: str) -> dict[Errand, Codat]:
    patient = Codat(base_url=base_url, api_key=api_key)
    hurried = {
        Errand.CLICK: patient.with_limits(timeout_seconds=15.0, read_retries=0),
        Errand.RETURN: patient.with_limits(timeout_seconds=2.0, read_retries=0),
    }
    return {errand: hurried.get(errand, patient).with_gate(quota.Gate(errand)) for errand in Errand}


def checked_link(link_url: LinkUrl) -> LinkUrl:
    """The link, if a browser may be sent there. Raises Garbled if it leads elsewhere than to Codat."""
    codat().check_link(link_url)
    return link_url
