"""The words of each kind of mail, in the reader's language. The facts come from the row and what it points to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.tokens import default_token_generator
from django.utils.dateparse import parse_datetime
from django.utils.http import int_to_base36
from django.utils.translation import gettext as _

from ... import brand, words
from ...dates import clock, day
from ...models import Mail, User
from ...platforms import PLATFORMS
from .. import links

CODE_LINK_LIVES = timedelta(minutes=15)
COMPUTER_LINK_LIVES = timedelta(days=1)


@dataclass(slots=True)
class Words:
    """One column: heading, greeting, paragraphs, one button, paragraphs."""

    subject: str
    heading: str
    greeting: str
    before: list[str]
    button: str
    address: str
    after: list[str]
    code: str = ""
    quote: str = ""
    receipt: list[str] = field(default_factory=list)


Facts = dict[str, Any]


def of(mail: Mail, now: datetime) -> Words:
    """The words of a mail; KeyError for a kind that has none."""
    return KINDS[mail.kind](mail, _facts(mail, now))


def _facts(mail: Mail, now: datetime) -> Facts:
    company, told = mail.company, mail.facts
    at = parse_datetime(told["at"]) if told.get("at") else now
    return {
        "brand": brand.name(),
        "phone": brand.support().phone,
        "company": company.name if company else "",
        "product": brand.product_name(company.product) if company else "",
        "platform": told.get("platform", ""),
        "date": day(at or now),
        "time": clock(at or now),
    }


def _hello(name: str) -> str:
    return _("Hello %(name)s,") % {"name": name} if name else _("Hello,")


def _is_expenses(mail: Mail) -> bool:
    return mail.company is not None and mail.company.product == "expenses"


def _invites(mail: Mail, facts: Facts) -> Words:
    """The body that an invitation and the reminder of an unfinished connection share."""
    facts = {**facts, "inviter": mail.facts.get("by", "")}
    return Words(
        subject=_("%(company)s: connect your accounting software to %(product)s") % facts,
        heading=_("Connect your accounting software"),
        greeting=_hello(mail.facts.get("name", "")),
        before=[
            _invites_opening(mail, facts) % facts,
            _(
                "It takes about 3 minutes for most software. We never see your password, and you can disconnect at "
                "any time."
            ),
        ],
        button=_("Connect your software"),
        address="",
        after=[],
    )


def _invites_opening(mail: Mail, facts: Facts) -> str:
    """A person of ours invites, or the brand when no person did."""
    if _is_expenses(mail):
        benefit = _("Your card expenses go into your books, in the right category. Nothing to type twice.")
        opening = (
            _("%(inviter)s at %(brand)s invites %(company)s to connect its accounting software to %(product)s.")
            if facts["inviter"]
            else _("%(brand)s invites %(company)s to connect its accounting software to %(product)s.")
        )
        return f"{opening} {benefit}"
    if facts["inviter"]:
        return _(
            "%(inviter)s at %(brand)s invites %(company)s to connect its accounting software to %(product)s. Your "
            "bills and suppliers appear there, and payments are noted in your books."
        )
    return _(
        "%(brand)s invites %(company)s to connect its accounting software to %(product)s. Your bills and suppliers "
        "appear there, and payments are noted in your books."
    )


def _invitation(mail: Mail, facts: Facts) -> Words:
    letter = _invites(mail, facts)
    invitation = mail.invitation
    assert invitation is not None
    letter.address = links.invitation_url(invitation)
    letter.after = [
        _(
            "The button works until %(date)s. Someone else keeps your books? Do not forward this message: press the "
            "button, then choose “Send a link”."
        )
        % {"date": day(invitation.expires_at)}
    ]
    return letter


def _unfinished(mail: Mail, facts: Facts) -> Words:
    letter = _invites(mail, facts)
    letter.address = links.pressed(mail, _page(mail, mail.facts.get("page") or _platform_page(mail)))
    letter.after = [
        _("Someone else keeps your books? Do not forward this message: press the button, then choose “Send a link”.")
    ]
    return letter


def _platform_page(mail: Mail) -> str:
    platform = PLATFORMS.get(mail.connection.platform_key) if mail.connection else None
    return f"connect/{platform.slug}/" if platform else "connect/"


def _page(mail: Mail, rest: str) -> str:
    return f"/c/{mail.company.ref}/{rest}" if mail.company else "/"


def _colleague(mail: Mail, facts: Facts) -> Words:
    invitation = mail.invitation
    assert invitation is not None
    facts = {**facts, "asker": mail.facts.get("by") or facts["brand"]}
    return Words(
        subject=_("%(asker)s asks you to connect %(company)s’s accounting software") % facts,
        heading=_("%(asker)s needs your help") % facts,
        greeting=_("Hello,"),
        before=[
            _(
                "%(asker)s (%(company)s) asks you to connect the company’s accounting software to %(product)s. You "
                "will see only this connection."
            )
            % facts
        ],
        quote=invitation.note,
        button=_("Connect the software"),
        address=links.invitation_url(invitation),
        after=[
            _(
                "The button works until %(date)s. Not sure? Ask %(asker)s directly: a reply to this message goes to "
                "them."
            )
            % {**facts, "date": day(invitation.expires_at)}
        ],
    )


def _connected(mail: Mail, facts: Facts) -> Words:
    told = mail.facts
    read_since = mail.connection.organisation if mail.connection else ""  # the name may come after the first read
    named = {**facts, "org": told.get("org") or read_since, "approver": told.get("by")}
    return Words(
        subject=_("%(platform)s is connected to %(product)s") % facts,
        heading=_("%(platform)s is connected") % facts,
        greeting=_hello(told.get("name", "")),
        before=[f"{_connected_opening(named) % named} {_first_read(mail)}"],
        button=_("Open %(product)s") % facts,
        address=links.pressed(mail, _page(mail, "connection/")),
        after=[_("You did not do this? Call %(phone)s at once, or disconnect it from your page.") % facts],
        receipt=_receipt(mail),
    )


def _connected_opening(facts: Facts) -> str:
    """With what is known: the organisation's name may not have been read, and the approver may be nobody of ours."""
    if facts["org"] and facts["approver"]:
        return _("%(platform)s (%(org)s) was connected to %(product)s on %(date)s at %(time)s by %(approver)s.")
    if facts["approver"]:
        return _("%(platform)s was connected to %(product)s on %(date)s at %(time)s by %(approver)s.")
    return _("%(platform)s was connected to %(product)s on %(date)s at %(time)s.")


def _first_read(mail: Mail) -> str:
    left_out = ", ".join(words.item_name(name) for name in mail.facts.get("left_out", ()))
    if not left_out:
        return _("We have finished reading your books for the first time.")
    told = _(
        "The first read of your books is over. These could not be read: %(items)s. Your page says what comes next."
    )
    return told % {"items": left_out}


def _receipt(mail: Mail) -> list[str]:
    """What was agreed to: the Connected mail is the receipt of the consent."""
    told, company = mail.facts, mail.company
    if company is None or not told.get("agreed_at"):
        return []
    agreed_at = parse_datetime(told["agreed_at"])
    names = ", ".join(words.item_name(name) for name in told.get("data_types", []))
    added = words.we_add(company.product, brand.product_name(company.product))
    lines = [_("We read: %(names)s.") % {"names": names}, _("We add: %(what)s") % {"what": added}]
    if agreed_at:
        facts = {"date": day(agreed_at), "time": clock(agreed_at), "version": told.get("text_version", "")}
        lines.append(_("Agreed on %(date)s at %(time)s. Text version %(version)s.") % facts)
    return lines


def _expired(mail: Mail, facts: Facts) -> Words:
    opening = (
        _(
            "Our access to %(platform)s ended on %(date)s. Card expenses wait here and are not sent to your books. "
            "Nothing already there is lost."
        )
        if _is_expenses(mail)
        else _(
            "Our access to %(platform)s ended on %(date)s. Until you reconnect, new bills do not appear in "
            "%(product)s and payments are not noted in your books. Nothing already there is lost."
        )
    )
    return Words(
        subject=_("Action needed: reconnect %(platform)s for %(company)s") % facts,
        heading=_("%(platform)s needs your approval again") % facts,
        greeting=_hello(mail.facts.get("name", "")),
        before=[opening % facts],
        button=_("Reconnect %(platform)s") % facts,
        address=links.pressed(mail, _page(mail, "connection/")),
        after=[
            _(
                "About 2 minutes. If you do not want to reconnect, open the page and tell us: we will stop writing "
                "about it."
            )
        ],
    )


def _quiet(mail: Mail, facts: Facts) -> Words:
    facts = {**facts, "n": mail.facts.get("days", 0)}
    return Words(
        subject=_("%(platform)s may stop soon for %(company)s") % facts,
        heading=_("Reconnect %(platform)s before it stops") % facts,
        greeting=_hello(mail.facts.get("name", "")),
        before=[_("%(platform)s has not answered us for %(n)s days, and our access may end soon.") % facts],
        button=_("Reconnect %(platform)s") % facts,
        address=links.pressed(mail, _page(mail, "connection/")),
        after=[_("About 2 minutes. Nothing you have shared is lost.")],
    )


def _disconnected(mail: Mail, facts: Facts) -> Words:
    facts = {**facts, "actor": mail.facts.get("by", "")}
    opening = (
        _(
            "%(actor)s disconnected %(platform)s for %(company)s on %(date)s at %(time)s. We no longer read or change "
            "anything in %(platform)s. What we have already read is kept as our privacy notice says."
        )
        if facts["actor"]
        else _(
            "%(platform)s was disconnected for %(company)s on %(date)s at %(time)s, outside this site. We no longer "
            "read or change anything in %(platform)s. What we have already read is kept as our privacy notice says."
        )
    )
    return Words(
        subject=_("%(platform)s is disconnected from %(product)s") % facts,
        heading=_("%(platform)s is disconnected") % facts,
        greeting=_hello(mail.facts.get("name", "")),
        before=[opening % facts],
        button=_("See the connection"),
        address=links.pressed(mail, _page(mail, "connection/")),
        after=[_("You did not ask for this? Call %(phone)s at once. You can reconnect at any time.") % facts],
    )


def _code(mail: Mail, facts: Facts) -> Words:
    user = User.objects.get(email=mail.to)
    facts = {**facts, "code": mail.facts["code"]}
    return Words(
        subject=_("%(code)s is your code for %(brand)s") % facts,
        heading=_("Your sign-in code"),
        greeting=_hello(user.name),
        before=[_("It works for 15 minutes. You can also press this button.")],
        code=mail.facts["code"],
        button=_("Sign in"),
        address=links.sign_in_url(user, mail.facts.get("next", ""), CODE_LINK_LIVES),
        after=[_("You did not ask for it? Do nothing: nobody can sign in without it.")],
    )


def _pc_link(mail: Mail, facts: Facts) -> Words:
    user = User.objects.get(email=mail.to)
    return Words(
        subject=_("%(company)s: connect %(platform)s on a computer") % facts,
        heading=_("Connect %(platform)s on a computer") % facts,
        greeting=_hello(user.name),
        before=[_("Open this message on your computer and press the button: your place is kept.")],
        button=_("Connect your software"),
        address=links.sign_in_url(user, mail.facts.get("next", ""), COMPUTER_LINK_LIVES),
        after=[_("The button works once, for one day.")],
    )


def _password(mail: Mail, facts: Facts) -> Words:
    """For staff, in English as all of theirs. The token is the framework's: a new password or a sign-in ends it."""
    user = User.objects.get(email=mail.to)
    key = f"{int_to_base36(user.pk)}-{default_token_generator.make_token(user)}"
    return Words(
        subject=f"Choose a new password for {facts['brand']}",
        heading="Choose a new password",
        greeting=_hello(user.name),
        before=[
            "Somebody, probably you, asked for a new password of this staff account. The button works for one hour."
        ],
        button="Choose a new password",
        address=links.absolute(f"/admin/password-reset/{key}/"),
        after=["You did not ask for it? Do nothing, and tell your security contact."],
    )


KINDS: dict[str, Callable[[Mail, Facts], Words]] = {
    "invitation": _invitation,
    "unfinished": _unfinished,
    "colleague": _colleague,
    "connected": _connected,
    "expired": _expired,
    "quiet": _quiet,
    "disconnected": _disconnected,
    "code": _code,
    "pc_link": _pc_link,
    "password": _password,
}
