"""Is a webhook Codat's, and of now? Standard Webhooks, over the raw bytes of the body."""

import base64
import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from .errors import BadSignature

TOLERANCE = timedelta(minutes=5)  # both ways; the library's own, Codat states none
MAX_ID_LENGTH = 255


def verify(raw_body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime | None = None) -> str:
    """The webhook's id, the same on every attempt to deliver it. Raises BadSignature with the reason.

    One signature of the message fitting one of the secrets is enough, so secrets can be rotated.
    The library signs, and the comparing is ours: its own check looks at the time first, so that
    a wrong clock and a forgery look alike, and tells neither from a broken header.
    """
    signers = [signer for secret in secrets if (signer := _signer(secret)) is not None]
    if not signers:
        raise BadSignature("no secret")
    webhook_id, timestamp, signatures = _headers(headers)
    sent_at = _sent_at(timestamp)
    try:
        body = raw_body.decode()
        expected = [_digest(signer.sign(webhook_id, sent_at, body)) for signer in signers]
    except UnicodeError:
        raise BadSignature("malformed") from None
    if not any(_is_one_of(expected, given) for given in _digests(signatures)):
        raise BadSignature("mismatch")
    now = now or datetime.now(UTC)
    if sent_at < now - TOLERANCE:
        raise BadSignature("old")
    if sent_at > now + TOLERANCE:
        raise BadSignature("future")
    return webhook_id


def is_usable_secret(secret: str) -> bool:
    """Whether `verify` can work with the secret: base64 after `whsec_`, and not empty."""
    return _signer(secret) is not None


def _signer(secret: str) -> Webhook | None:
    try:
        return Webhook(secret.strip())
    except (ValueError, EmptyWebhookSecretError):
        return None


def _headers(headers: Mapping[str, str]) -> tuple[str, str, str]:
    """Id, timestamp and signatures; each under its `svix-` name or the standard's, as Svix's own library reads."""
    lower = {name.lower(): value for name, value in headers.items()}
    told = [lower.get(f"svix-{name}", lower.get(f"webhook-{name}", "")) for name in ("id", "timestamp", "signature")]
    webhook_id, timestamp, signatures = told
    if not all(told):
        raise BadSignature("missing")
    if len(webhook_id) > MAX_ID_LENGTH:
        raise BadSignature("malformed")
    return webhook_id, timestamp, signatures


def _sent_at(timestamp: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(timestamp), UTC)  # reads what the library reads
    except (ValueError, OverflowError, OSError):
        raise BadSignature("malformed") from None


def _digest(signature: str) -> bytes:
    return base64.b64decode(signature.partition(",")[2])


def _digests(signatures: str) -> Iterator[bytes]:
    """The digests of version 1, in order. Raises BadSignature at the first that cannot be read."""
    for signature in signatures.split(" "):
        version, comma, digest = signature.partition(",")
        if not comma or "," in digest:
            raise BadSignature("malformed")
        if version == "v1":
            try:
                yield base64.b64decode(digest)
            except ValueError:
                raise BadSignature("malformed") from None


def _is_one_of(expected: list[bytes], given: bytes) -> bool:
    fits = [hmac.compare_digest(each, given) for each in expected]  # all of them, to take one time
    return any(fits)
