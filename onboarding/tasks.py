"""What the worker does. Every task finds its work in rows; a message is only a nudge, and the clock sends it too.

All are safe to run twice and at once, and end by themselves: the rest is the next nudge's or the clock's.
"""

import logging
from time import monotonic

from celery import shared_task

from . import codat
from .forms import clean_row
from .nudge import nudge
from .usecases import bulk, follow, mails, platforms, retention, standing, sync, webhooks
from .usecases.mails import reminders
from .usecases.watch import alarms, pulse

log = logging.getLogger(__name__)

BUDGET_SECONDS = 20


@shared_task
def follow_connections() -> str:
    """Do the next thing for every connection that is due, for at most 20 seconds."""
    until = monotonic() + BUDGET_SECONDS
    follow.wake_open()
    done = 0
    while monotonic() < until and (pks := follow.claim()):
        for pk in pks:
            try:
                log.info("follow", extra={"connection": pk, "word": follow.step(pk)})
            except Exception:
                log.exception("follow failed", extra={"connection": pk})
            done += 1
    return f"followed {done}"


@shared_task
def drain_deliveries() -> str:
    """Handle the webhook messages that are due, batch by batch, for at most 20 seconds."""
    handled, until = 0, monotonic() + BUDGET_SECONDS
    while monotonic() < until and (batch := webhooks.drain(limit=500)):
        handled += batch
    return f"handled {handled}"


@shared_task
def send_mails() -> str:
    """Send the mails that are due, people who wait for a code first, for at most 20 seconds."""
    sent, until = 0, monotonic() + BUDGET_SECONDS
    while monotonic() < until and (batch := mails.send_due(limit=20)):
        sent += batch
    return f"handled {sent}"


@shared_task
def remind() -> str:
    """Write the reminders whose day has come; `send_mails` sends them."""
    return f"wrote {reminders.remind()}"


@shared_task
def refresh_platforms() -> str:
    """Ask Codat which platforms are enabled, every six hours, and for pictures that are new or old."""
    try:
        enabled = platforms.refresh_enabled() if platforms.is_due() else {}
        return f"{sum(enabled.values())} enabled, {platforms.refresh_logos()} pictures"
    except codat.CodatError as error:
        log.warning("platforms are asked for later", extra={"reason": str(error)})
        return "later"  # the clock asks again in ten minutes


@shared_task
def update_needs() -> str:
    """Derive anew what time alone changes: who needs somebody today."""
    return f"moved {standing.refresh_needs()}"


@shared_task
def drain_batches() -> str:
    """Work on the rows of batches that are due, for about 20 seconds; then again, while there are more."""
    handled = bulk.drain(BUDGET_SECONDS)
    if handled:
        nudge(drain_batches)
    return f"handled {handled}"


@shared_task
def read_uploads() -> str:
    """Look through the files that staff gave, and store the rows of started ones, for about 20 seconds; then again."""
    stretches = bulk.read_uploads(BUDGET_SECONDS, clean=clean_row)
    if stretches:
        nudge(read_uploads)
        nudge(drain_batches)  # one may be stored now
    return f"read {stretches}"


@shared_task
def sweep() -> str:
    """Go on with a stopped sweep or begin one that is due, for at most 50 seconds; then hold the alarms' conditions."""
    word = sync.sweep_if_due(budget_seconds=50)  # the clock asks every minute
    alarms.check()
    return word


@shared_task
def prune() -> str:
    """Remove what is older than the settings keep it."""
    return " ".join(f"{name}: {count}" for name, count in retention.prune().items())


@shared_task
def heartbeat() -> str:
    """Show that clock, broker and worker are alive together."""
    pulse.beat()
    return "alive"
