"""Our own refusals, and the one place where a failure becomes a sentence for people.

OnboardingError
├── NotOffered         the platform is not one that this company may choose
├── PlatformPaused     new connections to it are stopped for a while
├── AlreadyConnected   accounting software is Linked already
├── NotLinked          only a Linked connection can be unlinked
├── NotUnfinished      only an unfinished connection can be dropped
├── NothingToRelink    no connection whose link leads back to Linked
├── ConnectionGone     Codat no longer has the connection, or the company
├── StillWorking       another click for the same company is under way
├── TooManyTries       more starts in an hour than anybody needs
├── TooSoon            Codat was asked a moment ago
├── NoNameLeft         Codat would keep nothing of the company's name
├── Taken              a customer ID that stands for another company
├── NotNow             what was asked does not fit the company's present state
├── LinkUnknown        an address whose token we never signed
├── LinkEnded          one that we signed, and that opens nothing any more
├── LinkUsed           an invitation that was accepted
└── CompanyErased      this company's data was erased
"""

from dataclasses import dataclass
from math import ceil
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from . import codat

COUNTED_IN_HOURS = 120  # minutes
A_FEW = 10  # minutes


class OnboardingError(Exception):
    """Something that we refuse to do, and why. Keyword facts fill the sentence."""

    http_status = 409

    def __init__(self, **facts: Any) -> None:
        super().__init__(type(self).__name__)
        self.facts = facts

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["facts"][name]
        except KeyError:
            raise AttributeError(name) from None


class NotOffered(OnboardingError):
    http_status = 404


class PlatformPaused(OnboardingError):
    """facts: platform (its name), pause (a PlatformPause)."""

    http_status = 503


class AlreadyConnected(OnboardingError):
    """facts: platform (its name)."""


class NotLinked(OnboardingError):
    """facts: platform (its name)."""


class NotUnfinished(OnboardingError):
    """facts: platform (its name)."""


class NothingToRelink(OnboardingError):
    pass


class ConnectionGone(OnboardingError):
    http_status = 410


class StillWorking(OnboardingError):
    pass


class TooManyTries(OnboardingError):
    """facts: minutes to wait."""

    http_status = 429


class TooSoon(OnboardingError):
    """facts: seconds to wait."""

    http_status = 429


class NoNameLeft(OnboardingError):
    """facts: name."""

    http_status = 422


class Taken(OnboardingError):
    """facts: customer_id."""


class NotNow(OnboardingError):
    """facts: sentence, already translated."""


class LinkUnknown(OnboardingError):
    http_status = 404


class LinkEnded(OnboardingError):
    """facts: of an invitation, `invitation` and `can_renew`; of a sign-in link, `next_path`."""

    http_status = 410


class LinkUsed(OnboardingError):
    """facts: invitation."""

    http_status = 410


class CompanyErased(OnboardingError):
    http_status = 410


@dataclass(frozen=True, slots=True)
class Explanation:
    """A failure in words. `key` names the notice of the page vocabulary; `status` is the HTTP status."""

    key: str
    title: str
    text: str
    status: int

    def __str__(self) -> str:
        return f"{self.title} {self.text}".strip()


def explain(error: OnboardingError | codat.CodatError, *, is_connected: bool = True) -> Explanation:
    """The sentence for a customer or for staff. Never raw words of Codat, never a code.

    is_connected  whether the company has a connection that works, and that trouble at Codat leaves as it is
    """
    if isinstance(error, OnboardingError):
        return _explain_ours(error)
    return _explain_codat(error, calm(is_connected))


def calm(is_connected: bool) -> str:
    """What does not happen while Codat is away: said of a connection only where there is one."""
    return _("Your connection is not affected.") if is_connected else _("Nothing is lost.")


def wait(minutes: int) -> str:
    """How long until the next try is worth it; from two hours on, nobody counts in minutes."""
    if minutes >= COUNTED_IN_HOURS:
        return _("Wait %(hours)s hours, then try again.") % {"hours": -(-minutes // 60)}
    words = ngettext("Wait %(minutes)s minute, then try again.", "Wait %(minutes)s minutes, then try again.", minutes)
    return words % {"minutes": minutes}


def _explain_ours(error: OnboardingError) -> Explanation:
    status = error.http_status
    facts = error.facts
    match error:
        case NotOffered():
            text = _("This software cannot be connected for this product. Choose one from the list.")
            return Explanation("not_offered", _("Not available here."), text, status)
        case PlatformPaused():
            title = _("New connections to %(platform)s are paused.") % facts
            pause = facts["pause"]
            reason = pause.reason_fr if (get_language() or "").startswith("fr") else pause.reason_en
            text = _("Nothing is lost. Try again later, or call us.")
            return Explanation("paused", title, f"{reason} {text}", status)
        case AlreadyConnected():
            title = _("%(platform)s is already connected.") % facts
            text = (
                _("One company uses one accounting software at a time. To change, disconnect %(platform)s first.")
                % facts
            )
            return Explanation("linked", title, text, status)
        case NotLinked():
            text = _("Only a connected software can be disconnected, and %(platform)s is not connected now.") % facts
            return Explanation("not_linked", _("Nothing to disconnect."), text, status)
        case NotUnfinished():
            text = _("Only a connection that is not finished can be dropped.")
            return Explanation("not_unfinished", _("Nothing was changed."), text, status)
        case NothingToRelink():
            text = _("There is no connection to reconnect. Choose your software to begin.")
            return Explanation("signed_in", _("Not connected."), text, status)
        case ConnectionGone():
            text = _("It was removed outside this site. You can connect again.")
            return Explanation("gone", _("This connection no longer exists."), text, status)
        case StillWorking():
            text = _("Your last click is still being worked on. Wait a few seconds, then try again.")
            return Explanation("working", _("One moment."), text, status)
        case TooManyTries():
            title = _("You have tried many times in a short while.")
            return Explanation("many", title, wait(facts["minutes"]), status)
        case TooSoon():
            text = _("We asked Codat a moment ago. Try again in %(seconds)s seconds.") % facts
            return Explanation("soon", _("Already checked."), text, status)
        case NoNameLeft():
            text = _("The company's name has no letter or figure that Codat keeps. Give it another name first.")
            return Explanation("name", _("This name cannot be used."), text, status)
        case Taken():
            text = _("The customer ID %(customer_id)s belongs to another company.") % facts
            return Explanation("taken", _("Already there."), text, status)
        case NotNow():
            return Explanation("not_now", _("Not possible now."), facts.get("sentence", ""), status)
        case LinkUnknown():
            text = _("Your email program may have cut it. Open the email again and press the button, or call us.")
            return Explanation("unknown", _("We do not recognise this link."), text, status)
        case LinkEnded():
            return Explanation("ended", _("This invitation has ended."), _("Ask the person who invited you."), status)
        case LinkUsed():
            text = _("Sign in to carry on.")
            return Explanation("used", _("You have already accepted this invitation."), text, status)
        case CompanyErased():
            text = _("The data of this company was erased at its request.")
            return Explanation("erased", _("This company was erased."), text, status)
    raise error


def _explain_codat(error: codat.CodatError, unharmed: str) -> Explanation:
    match error:
        case codat.Busy():
            minutes = ceil((error.retry_after or 0) / 60)
            when = wait(minutes) if minutes > A_FEW else _("Try again in a few minutes.")
            return Explanation("limit", _("We are checking less often for now."), f"{unharmed} {when}", 503)
        case codat.Refused(is_limit=True):
            text = _("No further company can be connected at the moment. We have been told; nothing was changed.")
            return Explanation("refused", _("We cannot connect new companies right now."), text, 503)
        case codat.Refused(is_unauthorised=True):
            text = _("Our own access to Codat does not work. We have been told.")
            return Explanation("refused", _("Something is wrong on our side."), f"{text} {unharmed}", 503)
        case codat.Refused(code=451):
            text = _("This software is blocked at the moment. Choose another one, or call us.")
            return Explanation("refused", _("Not available here."), text, 503)
        case codat.Refused(transient=True):
            text = _("Codat is still working on it. Wait a few seconds, then try again.")
            return Explanation("working", _("One moment."), text, 503)
        case codat.Refused(is_gone=True):
            text = _("It was removed outside this site. You can connect again.")
            return Explanation("gone", _("This connection no longer exists."), text, 410)
        case codat.Refused():
            text = _("Codat did not accept this. Nothing was changed. Try again, or call us.")
            return Explanation("refused", _("It did not work."), text, 502)
        case codat.Garbled():
            text = _("Codat's answer could not be used. Nothing was lost. Try again in a few minutes, or call us.")
            return Explanation("down", _("It did not work."), text, 502)
        case codat.Unreachable():
            text = f"{unharmed} {_('Try again in a few minutes.')}"
            return Explanation("down", _("We cannot reach Codat right now."), text, 503)
    raise error
