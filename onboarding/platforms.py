"""The accounting platforms that each product supports: pure data, from Codat's set-up pages.

A platform is offered only if it is in its product's table here and enabled at Codat
(`usecases.platforms`). Codat's later additions stand in `LATER`: known, and not offered.
"""

from dataclasses import dataclass
from datetime import date

QUICKBOOKS_DESKTOP = "pqsw"
QUICKBOOKS_ONLINE = "qhyg"


@dataclass(frozen=True, slots=True)
class Platform:
    """minutes: how long connecting takes; device: any, computer or windows; monogram: the tile without a logo."""

    key: str
    slug: str
    name: str
    monogram: str
    minutes: int
    device: str
    closed_in: frozenset[str] = frozenset()  # countries, two letters
    idle_days: int | None = None  # access lapses after so many days without a read, where that is known
    is_on_premise: bool = False  # runs on the customer's computer, which may be off


@dataclass(frozen=True, slots=True)
class Table:
    """What one product reads, from which platforms, and until when."""

    platforms: tuple[str, ...]
    data_types: tuple[str, ...]
    reads_are_stored: bool = True  # Codat keeps the data, and tells of it by dataStatus
    needs_partner: bool = False  # a partner expense connection beside the accounting one
    ends_on: date | None = None
    codat_products: frozenset[str] = frozenset()

    def has_ended(self, today: date) -> bool:
        """Whether Codat has switched the product off; its last day is the one before `ends_on`."""
        return self.ends_on is not None and today >= self.ends_on


PLATFORMS = {
    platform.key: platform
    for platform in (
        Platform("trji", "business-central", "Dynamics 365 Business Central", "D", 30, "computer"),
        Platform("fbrh", "freeagent", "FreeAgent", "F", 2, "any"),
        Platform("pdvj", "myob", "MYOB Business", "M", 5, "any"),
        Platform("akxx", "netsuite", "Oracle NetSuite", "N", 20, "computer"),
        Platform(
            QUICKBOOKS_DESKTOP, "quickbooks-desktop", "QuickBooks Desktop", "Q", 20, "windows", is_on_premise=True
        ),
        # Intuit closed it in France at the end of 2023.
        Platform(QUICKBOOKS_ONLINE, "quickbooks-online", "QuickBooks Online", "Q", 3, "any", frozenset({"FR"})),
        Platform("knfz", "sage-intacct", "Sage Intacct", "S", 30, "computer"),
        Platform("gbol", "xero", "Xero", "X", 3, "any"),
    )
}

BILL_PAY_TYPES = ("company", "suppliers", "bills", "billPayments", "bankAccounts", "chartOfAccounts", "paymentMethods")
EXPENSES_TYPES = (
    "company",
    "suppliers",
    "bankAccounts",
    "chartOfAccounts",
    "customers",
    "taxRates",
    "trackingCategories",
)

TABLES = {
    "bill_pay_async": Table(
        platforms=("pdvj", "akxx", "qhyg", "pqsw", "knfz", "gbol"),
        data_types=BILL_PAY_TYPES,
        ends_on=date(2027, 5, 1),  # Codat disables the API of asynchronous Bill Pay
        codat_products=frozenset({"payables"}),
    ),
    "bill_pay_sync": Table(
        platforms=("fbrh", "akxx", "qhyg", "gbol"),
        data_types=BILL_PAY_TYPES,
        reads_are_stored=False,
        codat_products=frozenset({"payables-v2"}),
    ),
    "expenses": Table(
        platforms=("trji", "fbrh", "akxx", "pqsw", "qhyg", "gbol"),
        data_types=EXPENSES_TYPES,
        needs_partner=True,
        codat_products=frozenset({"expenses", "expenses-v1"}),
    ),
}

LATER = {"bill_pay_sync": ("knfz", "rwuv"), "expenses": ("knfz", "rwuv")}

# Where a product that ends has a successor, the platforms that it goes on with; the others have none yet.
SUCCESSORS = {"bill_pay_async": "bill_pay_sync"}


def name_of(key: str, told: str = "") -> str:
    """The platform's full name; Codat's own word, or the key, for one outside our tables."""
    return PLATFORMS[key].name if key in PLATFORMS else told or key


def table_of(product: str, country: str = "") -> tuple[Platform, ...]:
    """A product's platforms, A to Z, without those closed in the customer's country."""
    offered = (PLATFORMS[key] for key in TABLES[product].platforms)
    return tuple(sorted((p for p in offered if country.upper() not in p.closed_in), key=lambda p: p.name.casefold()))


def by_slug(product: str, slug: str, country: str = "") -> Platform | None:
    return next((platform for platform in table_of(product, country) if platform.slug == slug), None)


def parse(text: str) -> Platform | None:
    """A platform by key or slug, as people write them in files."""
    wanted = text.strip().lower()
    return PLATFORMS.get(wanted) or next((p for p in PLATFORMS.values() if p.slug == wanted), None)


def has_successor(product: str, key: str) -> bool:
    """Whether a platform goes on working for the product's successor when the product ends."""
    return product in SUCCESSORS and key in TABLES[SUCCESSORS[product]].platforms
