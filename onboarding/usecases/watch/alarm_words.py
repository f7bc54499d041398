"""Alarms in words for staff: what is wrong, and what to look at first."""

from collections.abc import Callable
from typing import Any

from ...models import Alarm

Facts = dict[str, Any]


def explain(alarm: Alarm) -> tuple[str, str]:
    """(what is wrong, what to do). An alarm without words of its own says its name."""
    says, fix = WORDS.get(alarm.name, (_named(alarm.name), "Look at its facts."))
    return says(alarm.facts), fix


def _named(name: str) -> Callable[[Facts], str]:
    return lambda facts: f"{name}."


def _of_a_day(facts: Facts) -> str:
    """What was refused meanwhile points at the cause."""
    refused = ", ".join(f"{reason}: {count}" for reason, count in (facts.get("refused") or {}).items())
    last = facts.get("last_event_at")
    seen = f"The last event came at {last[:16]} UTC." if last else "No event has ever come."
    return f"{seen} Refused: {refused}." if refused else seen


WORDS: dict[str, tuple[Callable[[Facts], str], str]] = {
    "webhooks.missed": (
        lambda facts: f"Sweeps found {facts.get('changes')} changes that no event told of. {_of_a_day(facts)}",
        "Is the endpoint disabled at Codat, its address right to the last slash, its secret in CODAT_WEBHOOK_SECRET, "
        "this machine's clock right? Run manage.py doctor; then recover the missed events in the Codat Portal.",
    ),
    "webhooks.silent": (
        lambda facts: f"No event for a day, though {facts.get('changes')} connections changed. {_of_a_day(facts)}",
        "Is the endpoint disabled at Codat? It is after five days of failures. Or is its address, its secret or this "
        "machine's clock wrong? Run manage.py doctor; it says which.",
    ),
    "webhooks.secret": (
        lambda facts: (
            f"{facts.get('refused')} events were refused for their signature, and none has been believed since."
        ),
        "Copy the signing secret of this endpoint from the Codat Portal into CODAT_WEBHOOK_SECRET, and restart.",
    ),
    "clock.off": (
        lambda facts: (
            f"Events are refused for their time: {facts.get('old')} too old, {facts.get('future')} from the future."
        ),
        "Their signatures are right, so a clock is wrong: have this machine's clock set by the network (NTP).",
    ),
    "deliveries.unhandled": (
        lambda facts: (
            f"{facts.get('waiting')} events wait for a worker, the oldest since {facts.get('oldest_at', '')[:16]} UTC."
        ),
        "Is the worker running, and does it take from the queue “webhooks”? Restart it; no event is lost.",
    ),
    "deliveries.parked": (
        lambda facts: f"{facts.get('parked')} events could not be handled and are parked.",
        "Read why on each; when the cause is mended: manage.py replay_webhooks --parked",
    ),
    "sweep.overdue": (
        lambda facts: (
            f"No sweep has read Codat's whole list since {facts.get('since', '')[:16]} UTC. {facts.get('error', '')}"
        ),
        "Is the worker of the queue “sweeps” running, and is quota left? manage.py sync_connections says more.",
    ),
    "sweep.many_missing": (
        lambda facts: (
            f"{facts.get('missing')} companies are missing from Codat's list at once. None was marked as deleted."
        ),
        "Was the API key changed to another Codat account? If they were deleted on purpose: "
        "manage.py sync_connections --company REF … asks for each and marks it.",
    ),
    "worker.silent": (
        lambda facts: f"The worker last showed itself at {facts.get('last_at', '')[:16]} UTC.",
        "Restart the worker and the clock; look at the broker.",
    ),
    "codat.refused": (
        lambda facts: f"Codat refuses us ({facts.get('code')}) since {facts.get('at', '')[:16]} UTC.",
        "401 and 403: is the API key right? 402: the account is over a limit of its plan. Bulk work waits.",
    ),
    "codat.down": (
        lambda facts: f"Codat has not answered since {facts.get('since', '')[:16]} UTC.",
        "Look at Codat's status page. Work goes on by itself when it answers.",
    ),
    "product.missing": (
        lambda facts: (
            f"{facts.get('companies')} companies lack our product at Codat: {', '.join(facts.get('some', []))}."
        ),
        "Add the product in the Codat Portal, and make it a default product, so that new companies get it.",
    ),
}
