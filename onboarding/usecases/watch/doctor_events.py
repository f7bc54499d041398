"""Whether Codat's messages come, and are believed; if not, which of secret, clock and body is wrong."""

from django.conf import settings
from django.utils import timezone

from ... import codat
from ...models import Delivery
from . import tallies
from .alarms import SIGNATURE_SUSPECT_AT
from .findings import Finding, Level

OLD_SECRET_DAYS = 30
WRONG_KEY_OR_BODY = (
    "Copy the signing secret of this endpoint from the Codat Portal into CODAT_WEBHOOK_SECRET; if it is right, "
    "something on the way (a proxy, a transformation at Codat) changes the body."
)
WRONG_CLOCK = "Have this machine's clock set by the network (NTP)."
CAUSES = {  # of a refusal, by its reason: what is wrong, and the remedy
    "mismatch": ("the secret does not fit, or the body was changed", WRONG_KEY_OR_BODY),
    "no secret": ("no usable secret is set", "Set CODAT_WEBHOOK_SECRET, and restart."),
    "old": ("the clock: it was sent too long ago", WRONG_CLOCK),
    "future": ("the clock: it came from the future", WRONG_CLOCK),
    "missing": (
        "a header is missing",
        "It was not Codat's, or a proxy drops webhook-id, webhook-timestamp or webhook-signature.",
    ),
    "malformed": ("its signature or body cannot be read", "A proxy, or a transformation at Codat, changes it."),
}
OTHER_CAUSE = ("its body is no event", "A proxy, or a transformation at Codat, changes the body.")


def secrets() -> Finding:
    """How many are accepted, and whether the old one is still needed."""
    usable = [secret for secret in settings.CODAT_WEBHOOK_SECRETS if codat.is_usable_secret(secret)]
    if not usable:
        fix = "Copy the signing secret of the endpoint from the Codat Portal into CODAT_WEBHOOK_SECRET, and restart."
        return Finding("secret", Level.FAILED, "No webhook can be believed: there is no usable secret.", fix)
    if len(usable) == 1:
        return Finding("secret", Level.OK, "One webhook secret is accepted.")
    return Finding("secret", Level.OK, f"{len(usable)} webhook secrets are accepted; {old_secret_use()}.")


def old_secret_use() -> str:
    """Of a rotation: when a message last needed an old secret, or that one can go."""
    used = tallies.latest("webhook.old_secret", OLD_SECRET_DAYS).get("")
    if used is None:
        return f"no message has needed an old one for {OLD_SECRET_DAYS} days: it can go"
    return (
        f"an old one was last used at {used.last_at:%Y-%m-%d %H:%M} UTC ({used.times} times in {OLD_SECRET_DAYS} days)"
    )


def events_arrive() -> Finding:
    """The newest message that was believed; or why newer ones were not."""
    newest = Delivery.objects.order_by("-received_at").first()
    refused = tallies.latest("webhook.refused.", 2)
    reason = max(refused, key=lambda name: refused[name].last_at, default="")
    if reason and (newest is None or refused[reason].last_at > newest.received_at):
        cause, fix = CAUSES.get(reason, OTHER_CAUSE)
        times, last_at = refused[reason]
        level = Level.FAILED if times >= SIGNATURE_SUSPECT_AT and reason != "missing" else Level.WARNING
        says = f"The newest message, at {last_at:%Y-%m-%d %H:%M} UTC, was refused ({reason}): {cause}."
        return Finding("events", level, says, fix)
    if newest is None:
        fix = "Send a test event from the Codat Portal (Monitor > Webhooks), and run this again."
        return Finding("events", Level.WARNING, "No signed event has ever arrived.", fix)
    age = timezone.now() - newest.received_at
    says = f"Signed event {newest.event_type} received {newest.received_at:%Y-%m-%d %H:%M} UTC"
    return Finding("events", Level.OK, f"{says}, {age.days} days ago." if age.days else f"{says}.")
