"""Whether Codat takes our key: asked first, for nothing else can be asked without it."""

from collections.abc import Generator

from django.conf import settings

from ... import codat
from ...wiring import Errand
from ...wiring import codat as codat_for
from .findings import Finding, Level

CHECK = "key"
ADDRESS = "CODAT_BASE_URL should be https://api.codat.io, without a path."
REFUSED = {
    401: "Copy the API key from the Codat Portal (Developers > API keys) into CODAT_API_KEY.",
    402: "Codat says that the account is over its limits or its trial has ended: talk to Codat.",
    403: "The key is of another account or outdated: make a new one in the Codat Portal.",
    451: "Codat has blocked the account for compliance: talk to Codat.",
}
SILENT = {
    "dns": f"The name in CODAT_BASE_URL is not known. {ADDRESS}",
    "tls": "No trusted connection: is a proxy in between, and are this machine's certificates up to date?",
    "server": "The trouble is at Codat: look at its status page, and try again later.",
}


def account() -> Generator[Finding, None, codat.Profile | None]:
    """Says how it went; returns the profile of our account, or None if Codat cannot be asked further."""
    if missing := [name for name in ("CODAT_BASE_URL", "CODAT_API_KEY") if not getattr(settings, name)]:
        yield Finding(CHECK, Level.FAILED, f"{missing[0]} is not set.", "See “settings” above.")
        return None
    try:
        profile = codat_for(Errand.CLICK).get_profile()
    except ValueError:
        yield Finding(CHECK, Level.FAILED, "CODAT_BASE_URL is no address that can be used.", ADDRESS)
    except codat.CodatError as error:
        yield _failure(error)
    else:
        yield Finding(CHECK, Level.OK, f"Codat takes the API key of “{profile.name}”.")
        return profile
    return None


def _failure(error: codat.CodatError) -> Finding:
    if isinstance(error, codat.Busy):
        wait = f" for {error.retry_after:.0f} s" if error.retry_after else ""
        fix = "See “quota” below, and try again then."
        return Finding(CHECK, Level.FAILED, f"Codat has no request left for us, or asks us to wait{wait}.", fix)
    if isinstance(error, codat.Refused) and error.code in REFUSED:
        fix = REFUSED[error.code]
        if error.code == 401 and codat.looks_encoded(settings.CODAT_API_KEY):
            fix = "It looks base64-encoded already: set the key itself, as it stands in the Codat Portal."
        return Finding(CHECK, Level.FAILED, f"Codat refuses the API key ({error.code}).", fix)
    if isinstance(error, codat.Refused | codat.Garbled):
        says = f"What answers at CODAT_BASE_URL does not speak as Codat does ({error.status_code or error.reason})."
        return Finding(CHECK, Level.FAILED, says, ADDRESS)
    fix = SILENT.get(error.reason, "Is CODAT_BASE_URL right, and may this machine reach it?")
    return Finding(CHECK, Level.FAILED, f"Codat does not answer: {error}.", fix)
