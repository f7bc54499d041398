"""The little bookkeeping that every linked company of the sandbox has."""

from __future__ import annotations

from typing import Any

from sandbox.store import Company

CURRENCY = "GBP"
_CUSTOMERS = ("Cobble Lane Cafe", "Harbour Street Books", "Northwind Garden Centre")
_SUPPLIERS = ("Bright Paper Supplies", "Quayside Couriers", "Tall Oak Furniture", "Unassigned spend")


def company_info(company: Company) -> dict[str, Any]:
    """The company as its accounting file names itself."""
    names = [connection.organisation for connection in company.connections if connection.organisation]
    name = names[0] if names else company.name
    return {
        "companyName": name,
        "accountingPlatformRef": f"FILE-{company.id[:8].upper()}",
        "companyLegalName": name,
        "addresses": [
            {
                "type": "Billing",
                "line1": "1 Market Square",
                "line2": "",
                "city": "Bristol",
                "region": "England",
                "country": "United Kingdom",
                "postalCode": "BS1 4XX",
            }
        ],
        "phoneNumbers": [{"number": "0117 496 0000", "type": "Landline"}],
        "webLinks": [],
        "registrationNumber": "00000000",
        "taxNumber": "GB000000000",
        "financialYearStartDate": "2026-04-01T00:00:00",
        "baseCurrency": CURRENCY,
        "sourceUrls": {},
        "createdDate": company.created,
    }


def customers(company: Company) -> list[dict[str, Any]]:
    return [
        {"id": str(140 + number), "customerName": name, **_contact(company, name)}
        for number, name in enumerate(_CUSTOMERS)
    ]


def suppliers(company: Company) -> list[dict[str, Any]]:
    return [
        {"id": str(124 + number), "supplierName": name, **_contact(company, name)}
        for number, name in enumerate(_SUPPLIERS)
    ]


def _contact(company: Company, name: str) -> dict[str, Any]:
    return {
        "contactName": name,
        "emailAddress": None,
        "phone": None,
        "addresses": [],
        "registrationNumber": None,
        "taxNumber": None,
        "status": "Active",
        "defaultCurrency": CURRENCY,
        "modifiedDate": company.created,
        "sourceModifiedDate": company.created,
        "metadata": {"isDeleted": False},
    }


def bill_mapping() -> dict[str, Any]:
    return {
        "accounts": [
            {
                "id": "1b6266d1-1e44-46c5-8eb5-a8f98e03124e",
                "nominalCode": "610",
                "name": "Accounts Payable",
                "type": "Liability",
                "currency": CURRENCY,
                "status": "Active",
                "sourceModifiedDate": "2026-01-05T00:00:00Z",
            }
        ],
        "taxRates": [
            {
                "id": "d2939064-dd3a-4c0f-9865-a238c2193515",
                "name": "20% (VAT on Expenses)",
                "code": "INPUT2",
                "effectiveTaxRate": 20,
                "totalTaxRate": 20,
                "status": "Active",
            }
        ],
        "pagination": {},
    }


def payment_mapping() -> dict[str, Any]:
    return {
        "bankAccounts": [
            {
                "id": "3d5a8e00-d108-4045-8823-7f342676cffa",
                "name": "Business current account",
                "accountNumber": "80088008",
                "nominalCode": "090",
                "sortCode": "20-00-00",
                "currency": CURRENCY,
                "status": "Active",
                "accountType": "Debit",
            }
        ],
        "pagination": {},
    }


def expense_mapping() -> dict[str, Any]:
    """Accounts, tracking categories and tax rates an expense can be booked to."""
    spend = ["Payment", "Refund", "Reward", "Chargeback"]
    purchases = {
        "id": "127f3b99-8dc2-4b7e-854c-91ef9bd2757b",
        "nominalCode": "300",
        "name": "Purchases",
        "currency": CURRENCY,
        "accountType": "Expense",
        "fullyQualifiedCategory": "Expense.DirectCosts",
        "isBankAccount": False,
        "validTransactionTypes": spend,
    }
    bank: dict[str, Any] = {
        "id": "89",
        "nominalCode": None,
        "name": "Business current account",
        "currency": CURRENCY,
        "accountType": "Asset",
        "fullyQualifiedCategory": "Asset.Current",
        "isBankAccount": True,
        "validTransactionTypes": [],
    }
    return {
        "accounts": [purchases, bank],
        "trackingCategories": [
            {"id": "DEPARTMENTS", "name": "Departments", "hasChildren": True},
            {"id": "DEPARTMENT_1", "name": "Bristol", "hasChildren": False, "parentId": "DEPARTMENTS"},
        ],
        "taxRates": [
            {
                "id": "20_Bills",
                "name": "20% on purchases",
                "code": "20% Bills",
                "effectiveTaxRate": 20,
                "totalTaxRate": 20,
                "validTransactionTypes": ["Payment", "Reward"],
            }
        ],
    }
