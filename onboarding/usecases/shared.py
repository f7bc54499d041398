"""What a customer agrees to share, in the reader's language: each data type's name, and what we add."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from .. import brand


def names(data_types: Iterable[str]) -> list[str]:
    """The plain names of Codat's data types; Codat's own word for one that we do not know."""
    words = {
        "company": _("Company details"),
        "suppliers": _("Suppliers"),
        "bills": _("Bills"),
        "billPayments": _("Bill payments"),
        "bankAccounts": _("Bank accounts in your books"),
        "chartOfAccounts": _("List of accounts"),
        "paymentMethods": _("Payment methods"),
        "customers": _("Customers"),
        "taxRates": _("Tax rates"),
        "trackingCategories": _("Projects and departments"),
    }
    return [words.get(name, name) for name in data_types]


def added(product: str) -> str:
    """What we write into the customer's books."""
    if product == "expenses":
        return _("Your card expenses, refunds and transfers, under one supplier.")
    facts = {"product": brand.product_name(product)}
    return _("The payments you make in %(product)s, and the bills or suppliers you create there.") % facts
