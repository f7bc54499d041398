"""Words that go with a key: how to prepare for each software, and what is shared for each product. Pure data.

The French stands in locale/fr. `data_types` of `platforms.TABLES` and the rows here must agree: a test compares them.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Preparation:
    """Who can connect the software, what to have ready, in order, and a tip."""

    who: Words
    ready: tuple[Words, ...]
    tip: Words


@dataclass(frozen=True, slots=True)
class Item:
    """A kind of data: its name, and why we read it."""

    name: Words
    why: Words


PREPARATIONS = {
    "trji": Preparation(
        _("A Business Central user. Your Microsoft administrator may have to approve."),
        (
            _("Business Central Essentials or above, version 22 or later (after April 2023)."),
            _(
                "10 to 20 minutes while the extension App Link, published by Codat, installs. The page refreshes by "
                "itself: leave it open."
            ),
            _("Pick your Production environment and your own company. CRONUS is Microsoft’s sample."),
        ),
        _("If Microsoft says approval is required, ask your administrator, then come back: your place is kept."),
    ),
    "fbrh": Preparation(
        _("Someone with full access to your company’s FreeAgent account."),
        (_("Your FreeAgent sign-in."), _("Press Approve when FreeAgent asks.")),
        _("Accountants: open the client’s own FreeAgent account, not your practice dashboard."),
    ),
    "pdvj": Preparation(
        _("An administrator of the MYOB company file."),
        (
            _("Works with MYOB Business, AccountRight and the current Essentials."),
            _("The company file must be online, not on one computer."),
            _("AccountRight only: the user name and password of the company file. They are not your MYOB sign-in."),
        ),
        _("Older Essentials accounts cannot be connected until MYOB has moved them."),
    ),
    "akxx": Preparation(
        _("A NetSuite Administrator, or a user allowed to install bundles."),
        (
            _("Install the bundle AppLink (391485) when the next page asks."),
            _(
                "Under Setup > Company > Enable Features > SuiteCloud, turn on Client SuiteScript, Server "
                "SuiteScript, REST Web Services and Token-based Authentication."
            ),
            _("Pick your Production account, then the subsidiary. One subsidiary for each company."),
        ),
        _("With more than a million records, the first read can take two to three days."),
    ),
    "pqsw": Preparation(
        _("A QuickBooks Desktop user with Windows administrator rights."),
        (
            _("Be at the Windows 10 or 11 computer where QuickBooks Desktop runs. A Mac will not work."),
            _(
                "Open QuickBooks Desktop (US or Canada, one of the last three versions) in the company file to "
                "connect. Open only that one."
            ),
            _("When QuickBooks asks, choose “Yes, always; allow access even if QuickBooks is not running”."),
            _("Keep the connection page open: it shows a password to paste into the Web Connector."),
        ),
        _(
            "Rightworks or QuickBooks Enterprise Cloud? Say so on the next page: there is nothing to install. "
            "Afterwards, leave the computer on; QuickBooks cannot be used while we read."
        ),
    ),
    "qhyg": Preparation(
        _("The Primary admin or a Company admin in QuickBooks Online."),
        (
            _("Your Intuit sign-in, and the phone that gives your sign-in code."),
            _("The name of the company to pick, if your sign-in opens several."),
        ),
        _("QuickBooks Self-Employed cannot be connected."),
    ),
    "knfz": Preparation(
        _("A Sage Intacct user with full administrator rights."),
        (
            _("Your Sage Intacct company ID."),
            _("Web Services in your subscription, and entity-level access turned on."),
            _(
                "Time to create a Web Services user: the next page shows each step. You enter that user’s details "
                "on Codat’s page."
            ),
            _("The entity to connect, if you have several."),
        ),
        _("A trial company cannot be connected."),
    ),
    "gbol": Preparation(
        _("A Standard or Adviser user in Xero."),
        (
            _("Your Xero sign-in, and the phone that gives your sign-in code."),
            _("The name of the organisation to connect. One organisation for each company."),
        ),
        _("More than one company in Xero? Use a different Xero user for each, or one may be cut off later."),
    ),
}

DEVICES = {"any": _("Phone or computer"), "computer": _("Computer only"), "windows": _("Windows computer")}
DEVICE_ICONS = {"any": "phone", "computer": "computer", "windows": "computer"}

ITEMS = {
    "company": Item(_("Company details"), _("to check it is the right company")),
    "suppliers": Item(_("Suppliers"), _("to show who you can pay")),
    "bills": Item(_("Bills"), _("to show what is due, and when")),
    "billPayments": Item(_("Bill payments"), _("so that nothing is paid twice")),
    "bankAccounts": Item(_("Bank accounts in your books"), _("to choose the one that pays; never your bank sign-in")),
    "chartOfAccounts": Item(_("List of accounts"), _("to file each item in the right place")),
    "paymentMethods": Item(_("Payment methods"), _("to note payments the way you do")),
    "customers": Item(_("Customers"), _("to note refunds and cashback")),
    "taxRates": Item(_("Tax rates"), _("to get the tax right")),
    "trackingCategories": Item(_("Projects and departments"), _("to file by project or department")),
}

WE_ADD_BILLS = _("The payments you make in %(product)s, and the bills or suppliers you create there.")
WE_ADD_EXPENSES = _("Your card expenses, refunds and transfers, under one supplier.")


def is_expenses(product: str) -> bool:
    return product == "expenses"


def anchor_of(product: str) -> str:
    """Where on the page of shared data the product's list stands."""
    return "expenses" if is_expenses(product) else "bill-pay"


def we_add(product: str, product_name: str) -> str:
    """What we write into the customer's books."""
    return str(WE_ADD_EXPENSES) if is_expenses(product) else str(WE_ADD_BILLS) % {"product": product_name}


def item_name(data_type: str) -> str:
    """A data type in plain words; Codat's own word for one that we do not know."""
    item = ITEMS.get(data_type)
    return str(item.name) if item else data_type
