"""The data types that Codat knows, and the states of a read."""

from __future__ import annotations

from typing import Any

DATA_TYPES = frozenset(
    (
        "accountTransactions",
        "balanceSheet",
        "bankAccounts",
        "bankTransactions",
        "billCreditNotes",
        "billPayments",
        "bills",
        "cashFlowStatement",
        "chartOfAccounts",
        "company",
        "creditNotes",
        "customers",
        "directCosts",
        "directIncomes",
        "invoices",
        "itemReceipts",
        "items",
        "journalEntries",
        "journals",
        "paymentMethods",
        "payments",
        "profitAndLoss",
        "purchaseOrders",
        "salesOrders",
        "suppliers",
        "taxRates",
        "trackingCategories",
        "transfers",
        "banking-accountBalances",
        "banking-accounts",
        "banking-transactionCategories",
        "banking-transactions",
        "commerce-companyInfo",
        "commerce-customers",
        "commerce-disputes",
        "commerce-locations",
        "commerce-orders",
        "commerce-paymentMethods",
        "commerce-payments",
        "commerce-productCategories",
        "commerce-products",
        "commerce-taxComponents",
        "commerce-transactions",
    )
)

PHASES = (
    "Queued",
    "Fetching",
    "MapQueued",
    "Mapping",
    "ProcessingQueued",
    "Processing",
    "ValidationQueued",
    "Validating",
)
TROUBLE = {
    "FetchError": "The source platform is unavailable.",
    "MapError": "The data could not be mapped.",
    "ProcessingError": "The data could not be processed.",
    "ValidationError": "The data could not be validated.",
    "InternalError": "An internal error occurred.",
    "AuthError": "The connection is no longer authorised. Reauthorise it and try again.",
    "PermissionsError": "The user who authorised the connection may not read this data type.",
    "RateLimitError": "The source platform has limited our requests.",
    "PrerequisiteNotMet": "A data type that this one depends on has not been read.",
}
ENDS = {"Complete", "NotSupported", "Cancelled", *TROUBLE}
STATUSES = {"Initial", *PHASES, *ENDS}

BILL_PAY_TYPES = ("bankAccounts", "bills", "billPayments", "chartOfAccounts", "company", "paymentMethods", "suppliers")
EXPENSES_TYPES = ("customers", "taxRates", "trackingCategories")


def default_sync_settings() -> list[dict[str, Any]]:
    """What Bill Pay and Expenses ask us to enable, fetched on first link and daily."""
    return [
        {"dataType": name, "fetchOnFirstLink": True, "syncSchedule": 24, "syncOrder": 0}
        for name in BILL_PAY_TYPES + EXPENSES_TYPES
    ]
