"""The people and companies of the demo: invented, one for each thing that can be seen. Pure data."""

from dataclasses import dataclass
from enum import StrEnum

STAFF_EMAIL = "sam@alderway.example"
STAFF_NAME = "Sam Reyes"


class Stage(StrEnum):
    """How far a company has come, in the order in which it gets there."""

    INVITED = "invited"
    NEW = "new"  # accepted, nothing chosen yet
    PENDING = "pending"  # left for Link, and not back
    CANCELLED = "cancelled"
    FAILED = "failed"
    READING = "reading"
    LINKED = "linked"
    UNLINKED = "unlinked"
    DEAUTHORIZED = "deauthorized"


TO_ORDER = (Stage.NEW, Stage.PENDING, Stage.LINKED, Stage.DEAUTHORIZED)  # what `manage.py demo --stage` offers


@dataclass(frozen=True, slots=True)
class Scene:
    """A company, its contact, and what has happened to it.

    days      how long ago all of it happened
    organisation  the name of the connected accounting file, where it is another than the company's
    reads     (data type, how its read stands), where it is not complete; * is all of them
    """

    name: str
    contact: str
    email: str
    product: str
    stage: Stage
    platform: str = "gbol"
    language: str = "en"
    country: str = "GB"
    days: float = 0
    organisation: str = ""
    reads: tuple[tuple[str, str], ...] = ()
    asks_for: str = ""  # software that we do not list

    @property
    def customer_id(self) -> str:
        return f"demo-{self.email.partition('@')[2].removesuffix('.example')}"


ASYNC, SYNC, EXPENSES = "bill_pay_async", "bill_pay_sync", "expenses"

# One customer for each product and stage that can be ordered; the new ones are the ways in that `make run` prints.
ORDERED = {
    Stage.NEW: (
        Scene("Marlow Street Bakery Ltd", "Priya Shah", "priya@marlow-bakery.example", ASYNC, Stage.NEW),
        Scene("Toft Stores Ltd", "Jo Toft", "jo@toft-stores.example", SYNC, Stage.NEW),
        Scene("Atelier Lune", "Camille Roux", "camille@atelier-lune.example", EXPENSES, Stage.NEW, "", "fr", "FR"),
    ),
    Stage.PENDING: (
        Scene("Harbour Cycles Ltd", "Ines Okafor", "ines@harbour-cycles.example", ASYNC, Stage.PENDING, "qhyg"),
        Scene("Bramble & Rye", "Tom Ashe", "tom@bramble-rye.example", SYNC, Stage.PENDING, "fbrh"),
        Scene("Papeterie Vauban", "Luc Morel", "luc@vauban.example", EXPENSES, Stage.PENDING, "gbol", "fr", "FR"),
    ),
    Stage.LINKED: (
        Scene("Northgate Dental", "Maya Lind", "maya@northgate-dental.example", ASYNC, Stage.LINKED, "gbol"),
        Scene("Fenwick Print Works", "Ade Cole", "ade@fenwick-print.example", SYNC, Stage.LINKED, "qhyg"),
        Scene("Café Beaurivage", "Anne Petit", "anne@beaurivage.example", EXPENSES, Stage.LINKED, "trji", "fr", "FR"),
    ),
    Stage.DEAUTHORIZED: (
        Scene("Copper Kettle Ltd", "Ola Berg", "ola@copper-kettle.example", ASYNC, Stage.DEAUTHORIZED, "gbol"),
        Scene("Sable Interiors", "Kit Wren", "kit@sable-interiors.example", SYNC, Stage.DEAUTHORIZED, "qhyg"),
        Scene("Maison Perrin", "Zoé Perrin", "zoe@perrin.example", EXPENSES, Stage.DEAUTHORIZED, "gbol", "fr", "FR"),
    ),
}

# What lists, dashboard and the morning's work look like on an ordinary day.
EXTRAS = (
    Scene("Oakfield Vets LLP", "Sara Dunn", "sara@oakfield-vets.example", ASYNC, Stage.LINKED, "akxx", days=41),
    Scene("Pier 9 Coffee", "Leo Marsh", "leo@pier9.example", SYNC, Stage.LINKED, "gbol", days=12),
    Scene("Studio Garance", "Inès Garance", "ines@garance.example", EXPENSES, Stage.LINKED, "gbol", "fr", "FR", 26),
    Scene(
        "Hollow Lane Farm",
        "Bea Hollow",
        "bea@hollow-lane.example",
        EXPENSES,
        Stage.LINKED,
        "qhyg",
        days=9,
        organisation="Hollow Lane Holiday Lets",
    ),
    Scene(
        "Kestrel Roofing Ltd",
        "Mo Kestrel",
        "mo@kestrel-roofing.example",
        ASYNC,
        Stage.LINKED,
        "qhyg",
        days=3,
        reads=(("bills", "PermissionsError"),),
    ),
    Scene("Tidewater Boats", "Finn Hale", "finn@tidewater.example", ASYNC, Stage.READING, "gbol"),
    Scene(
        "Greyfriars Motors",
        "Una Grey",
        "una@greyfriars.example",
        ASYNC,
        Stage.READING,
        "pqsw",
        days=2,
        reads=(("*", "Queued"),),
    ),
    Scene("Lantern Books", "Wil Lantern", "wil@lantern-books.example", ASYNC, Stage.DEAUTHORIZED, "gbol", days=4),
    Scene("Quayside Yoga", "Nia Quay", "nia@quayside-yoga.example", SYNC, Stage.UNLINKED, "fbrh", days=18),
    Scene("Foundry Gin Co", "Rae Foundry", "rae@foundry-gin.example", EXPENSES, Stage.PENDING, "akxx", days=6),
    Scene("Willow Day Nursery", "Cat Willow", "cat@willow-nursery.example", ASYNC, Stage.CANCELLED, "pdvj", days=1),
    Scene("Beacon Joinery", "Raj Beacon", "raj@beacon-joinery.example", SYNC, Stage.FAILED, "akxx", days=1),
    Scene(
        "Ropewalk Theatre",
        "Liv Rope",
        "liv@ropewalk.example",
        EXPENSES,
        Stage.NEW,
        days=2,
        asks_for="Sage 50",
    ),
    Scene("Orchard Plumbing", "Ned Orchard", "ned@orchard-plumbing.example", ASYNC, Stage.INVITED, days=5),
    Scene("Sundial Travel", "Eve Dial", "eve@sundial-travel.example", EXPENSES, Stage.INVITED, days=1),
)
