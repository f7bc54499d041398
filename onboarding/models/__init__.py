"""What the product remembers."""

from . import among  # noqa: F401  a lookup
from .batch import Batch, BatchKind, BatchRow, RowStatus
from .company import Company, Language, Membership, Product, Role
from .connection import Connection, Kind, Origin
from .delivery import Claim, Delivery
from .event import Event
from .invitation import Consent, Invitation, SignInLink, SoftwareRequest
from .machinery import Alarm, Heartbeat, Lease, Quota, Sweep, Tally
from .mail import Mail, MailRefusal
from .platform import PlatformPause, PlatformState
from .support import DeletionRequest, Note
from .upload import Upload, UploadPart
from .user import User

__all__ = [
    "Alarm",
    "Batch",
    "BatchKind",
    "BatchRow",
    "Claim",
    "Company",
    "Connection",
    "Consent",
    "DeletionRequest",
    "Delivery",
    "Event",
    "Heartbeat",
    "Invitation",
    "Kind",
    "Language",
    "Lease",
    "Mail",
    "MailRefusal",
    "Membership",
    "Note",
    "Origin",
    "PlatformPause",
    "PlatformState",
    "Product",
    "Quota",
    "Role",
    "RowStatus",
    "SignInLink",
    "SoftwareRequest",
    "Sweep",
    "Tally",
    "Upload",
    "UploadPart",
    "User",
]
