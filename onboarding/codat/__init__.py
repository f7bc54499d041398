"""Codat over HTTP, without Django.

    codat = Codat(base_url="https://api.codat.io", api_key=key, gate=gate)
    company = codat.create_company(name=name, tags={"uid": uid}, key=stored_key)
    connection = codat.create_connection(company.id, "gbol", key=another_stored_key)
    address = codat.check_link(codat.get_connection(company.id, connection.id).link_url)
    hurried = codat.with_limits(timeout_seconds=2.0, read_retries=0)  # shares its connections
    webhook_id = verify(request.body, request.headers, secrets)       # or BadSignature
    event = read_event(request.body)                                  # or Garbled

Every call raises a CodatError (`errors` draws the tree) and writes one line to the logger `onboarding.codat`.
"""

from .account import AccessToken, Branding, Integration, Logo, Profile, SyncSetting, WebhookConsumer
from .answers import Company, CompanyInfo, Connection, ConnectionFault, DataStatus, Page, PullOperation
from .client import Codat
from .errors import BadSignature, Busy, CodatError, Garbled, Refused, Unreachable
from .events import DailyQuota, Event, ReadOutcome, read_event, redacted
from .glimpse import Glimpse, Sighting
from .limits import Gate, Quota
from .links import LinkUrl, check_link
from .signature import is_usable_secret, verify
from .transport import looks_encoded

__all__ = [
    "AccessToken",
    "BadSignature",
    "Branding",
    "Busy",
    "Codat",
    "CodatError",
    "Company",
    "CompanyInfo",
    "Connection",
    "ConnectionFault",
    "DailyQuota",
    "DataStatus",
    "Event",
    "Garbled",
    "Gate",
    "Glimpse",
    "Integration",
    "LinkUrl",
    "Logo",
    "Page",
    "Profile",
    "PullOperation",
    "Quota",
    "ReadOutcome",
    "Refused",
    "Sighting",
    "SyncSetting",
    "Unreachable",
    "WebhookConsumer",
    "check_link",
    "is_usable_secret",
    "looks_encoded",
    "read_event",
    "redacted",
    "verify",
]
