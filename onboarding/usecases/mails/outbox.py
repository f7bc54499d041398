"""Mails: rows in, letters out. A row is written with what it tells of; the worker sends it.

A mail that fails goes back as a row with a later `not_before`; after the last try it is parked where staff
see it. Whatever opens something (a code, a token) is made or kept here only until the mail has left.
"""

import hashlib
import logging
import random
import re
import smtplib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from ...actors import Actor
from ...lifecycle import Source
from ...models import Company, Connection, Invitation, Mail, User
from .. import standing, timeline
from . import letters

logger = logging.getLogger(__name__)

URGENT = ("code", "password", "pc_link")  # somebody waits for it: sent before a bulk run's invitations
SECRET_FACTS = ("code",)
CLAIM_SIZE = 10  # at 15 seconds each, sent well within the lease
LEASE = timedelta(minutes=5)
ATTEMPTS = 24  # about 17 hours: a mail server may be away overnight
LONGEST_WAIT_SECONDS = 3600
ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
ADDRESS_CODES = frozenset({550, 551, 553, 556})  # no such mailbox, moved, not a name, domain takes no mail


def enqueue(
    kind: str,
    *,
    to: str,
    company: Company | None = None,
    connection: Connection | None = None,
    invitation: Invitation | None = None,
    by: Actor | None = None,
    language: str | None = None,
    facts: dict[str, Any] | None = None,
    once: str | None = None,
    not_before: datetime | None = None,
    reply_to: str = "",
) -> Mail | None:
    """One row of mail; None if the same one (`once`) was written before. Works inside the caller's transaction."""
    mail = _row(
        kind,
        to=to,
        company=company,
        connection=connection,
        invitation=invitation,
        by=by.user if by else None,
        language=language or _language_of(invitation or company),
        facts=facts or {},
        once=once,
        not_before=not_before or timezone.now(),
        reply_to=reply_to,
    )
    try:
        with transaction.atomic():
            mail.save(force_insert=True)
    except IntegrityError:
        if once is None or not Mail.objects.filter(once=once).exists():
            raise
        return None
    return mail


def _language_of(reader: Invitation | Company | None) -> str:
    return reader.language if reader else "en"


def _row(kind: str, *, to: str, **fields: Any) -> Mail:
    return Mail(kind=kind, to=User.objects.normalize_email(to), **fields)


def enqueue_to_all(
    people: Iterable[tuple[str, str]],
    kind: str,
    *,
    connection: Connection,
    facts: Mapping[str, Any],
    once: str,
    now: datetime | None = None,
) -> None:
    """The same mail to several people (address, name), in one statement; who had it already is passed over."""
    save_once(rows_to_all(people, kind, connection=connection, facts=facts, once=once, now=now))


def rows_to_all(
    people: Iterable[tuple[str, str]],
    kind: str,
    *,
    connection: Connection,
    facts: Mapping[str, Any],
    once: str,
    now: datetime | None = None,
) -> list[Mail]:
    """The rows of `enqueue_to_all`, for whoever saves many at once."""
    return [
        _row(
            kind,
            to=email,
            company=connection.company,
            connection=connection,
            language=connection.company.language,
            facts={**facts, "name": name},
            once=f"{once}:{hashlib.blake2b(email.encode(), digest_size=8).hexdigest()}",
            not_before=now or timezone.now(),
        )
        for email, name in people
    ]


def save_once(rows: list[Mail]) -> None:
    """One statement; a mail that was written before is passed over."""
    Mail.objects.bulk_create(rows, ignore_conflicts=True)


def send_due(limit: int = 100, now: datetime | None = None) -> int:
    """Send what is due, people who wait first; returns how many rows were handled.

    Safe to run twice and at once: rows are claimed under a lease. A mail is sent twice only if the process
    dies between the mail server's yes and our own note of it; both copies carry one Message-ID.
    """
    handled = 0
    while handled < limit:
        mails = _claim(min(CLAIM_SIZE, limit - handled), now or timezone.now())
        if not mails:
            break
        handled += len(mails)
        with _Postman() as postman:
            for mail in mails:
                _handle(mail, postman, now or timezone.now())
    return handled


def _claim(size: int, now: datetime) -> list[Mail]:
    urgency = Case(When(kind__in=URGENT, then=Value(0)), default=Value(1))
    with transaction.atomic():
        due = Mail.objects.filter(sent_at=None, failed_at=None, dropped_at=None, not_before__lte=now)
        chosen = due.select_for_update(skip_locked=True, of=("self",)).order_by(urgency, "not_before", "pk")
        pks = list(chosen.values_list("pk", flat=True)[:size])
        Mail.objects.filter(pk__in=pks).update(not_before=now + LEASE, attempts=F("attempts") + 1)
    claimed = Mail.objects.select_related("company", "connection", "invitation__by", "by").filter(pk__in=pks)
    return sorted(claimed, key=lambda mail: pks.index(mail.pk))


class _Postman:
    """One connection to the mail server for a batch; opened when needed, and anew after trouble."""

    def __enter__(self) -> "_Postman":
        self.connection: BaseEmailBackend = get_connection()
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        try:
            self.connection.close()
        except (OSError, smtplib.SMTPException):
            self.connection = get_connection()

    def deliver(self, mail: Mail, letter: letters.Letter) -> None:
        message = EmailMultiAlternatives(
            letter.subject,
            letter.text,
            settings.DEFAULT_FROM_EMAIL,
            [mail.to],
            reply_to=[mail.reply_to or settings.SUPPORT_EMAIL],
            headers=letter.headers,
            connection=self.connection,
        )
        message.attach_alternative(letter.html, "text/html")
        self.connection.open()
        message.send()


def _handle(mail: Mail, postman: _Postman, now: datetime) -> None:
    why_not = letters.unwanted(mail, now)
    if why_not:
        _drop(mail, why_not, now)
        return
    try:
        postman.deliver(mail, letters.compose(mail, now))
    except smtplib.SMTPRecipientsRefused as error:
        postman.hang_up()
        _refused(mail, error, now)
    except smtplib.SMTPDataError as error:
        postman.hang_up()
        _letter_refused(mail, error, now)
    except (OSError, smtplib.SMTPException) as error:
        postman.hang_up()
        _put_back(mail, error, now)
    except Exception as error:  # one broken row never holds up its batch; it is parked with its cause
        logger.exception("mail cannot be written", extra={"mail": mail.pk, "kind": mail.kind})
        _park(mail, error, now)
    else:
        _sent(mail, now)


def _drop(mail: Mail, why_not: str, now: datetime) -> None:
    """No longer wanted. A typed address that is nobody's leaves no trace."""
    if why_not == letters.NOBODY:
        mail.delete()
        return
    mail.dropped_at, mail.error = now, why_not
    _save_emptied(mail, "dropped_at", "error")


def _save_emptied(mail: Mail, *fields: str) -> None:
    for name in SECRET_FACTS:
        mail.facts.pop(name, None)
    mail.save(update_fields=[*fields, "facts"])


def _sent(mail: Mail, now: datetime) -> None:
    with transaction.atomic():
        mail.sent_at, mail.error = now, ""
        _save_emptied(mail, "sent_at", "error")
        _write_line("mail", mail, now)
        if mail.kind == "invitation" and mail.invitation:
            _note_invited(mail.invitation, now)


def _note_invited(invitation: Invitation, now: datetime) -> None:
    Invitation.objects.filter(pk=invitation.pk, sent_at=None).update(sent_at=now)
    Company.objects.filter(pk=invitation.company_id, invited_at=None).update(invited_at=now, invited_by=invitation.by)
    standing.refresh([invitation.company_id])


def _write_line(kind: str, mail: Mail, now: datetime, *, problem: bool = False, **facts: Any) -> None:
    if mail.company_id is None:
        return
    timeline.write(
        kind,
        company=mail.company_id,
        connection=mail.connection,
        by=Actor(Source.EMAIL, mail.by),
        at=now,
        facts={"mail": mail.kind, "to": mail.to, "again": bool(mail.facts.get("day")), **facts},
        problem=problem,
    )


def _refused(mail: Mail, error: smtplib.SMTPRecipientsRefused, now: datetime) -> None:
    """The mail server answers for the address: a bounce, unless it says to try later or has something against us."""
    code, words = next(iter(error.recipients.values()), (0, b""))
    if is_bounce(code, _text(words)):
        _bounced(mail, f"{code} {_text(words)}", now)
    else:
        _put_back(mail, error, now)


def _letter_refused(mail: Mail, error: smtplib.SMTPDataError, now: datetime) -> None:
    """Many servers take every address and say no after the letter; what they say then may repeat it, codes apart."""
    told = ENHANCED.search(_text(error.smtp_error))
    if told and is_bounce(error.smtp_code, told[0]):
        _bounced(mail, f"{error.smtp_code} {told[0]}", now)
    elif error.smtp_code >= 500:
        _park(mail, error, now)
    else:
        _put_back(mail, error, now)


def is_bounce(code: int, words: str) -> bool:
    """Whether a refusal is about the address itself, by its enhanced status (RFC 3463) if there is one.

    5.1.x: no such address or domain; 5.2.1: the mailbox is switched off. A full mailbox empties, and a policy or a
    missing sign-in is ours to mend: neither makes an address wrong.
    """
    if not 500 <= code < 600:
        return False
    told = ENHANCED.search(words)
    if told is None:
        return code in ADDRESS_CODES
    return told[1] == "5" and (told[2] == "1" or (told[2], told[3]) == ("2", "1"))


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


def _bounced(mail: Mail, answer: str, now: datetime) -> None:
    with transaction.atomic():
        mail.bounced_at = mail.failed_at = now
        mail.error = answer[:500]
        _save_emptied(mail, "bounced_at", "failed_at", "error")
        _write_line("mail.bounced", mail, now, problem=True, answer=mail.error)
        if mail.company_id:
            standing.refresh([mail.company_id])


def _put_back(mail: Mail, error: Exception, now: datetime) -> None:
    """Later again: 1, 2, 4 … minutes and at most an hour, with jitter."""
    if mail.attempts >= ATTEMPTS:
        _park(mail, error, now)
        return
    wait = min(60 * 2 ** (mail.attempts - 1), LONGEST_WAIT_SECONDS)
    mail.not_before = now + timedelta(seconds=wait * random.uniform(0.8, 1.2))  # noqa: S311  no secret hangs on it
    mail.error = _named(error)
    mail.save(update_fields=["not_before", "error"])


def _park(mail: Mail, error: Exception, now: datetime) -> None:
    with transaction.atomic():
        mail.failed_at, mail.error = now, _named(error)
        _save_emptied(mail, "failed_at", "error")
        _write_line("mail", mail, now, problem=True, failed=True)


def _named(error: Exception) -> str:
    """Its name and code alone: a mail server's words may repeat the letter."""
    code = getattr(error, "smtp_code", None) or getattr(error, "errno", None)
    return f"{type(error).__name__} {code or ''}".strip()
