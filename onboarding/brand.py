"""The operator in words: brand, products and how to reach a person. All from settings."""

from django.conf import settings
from django.utils.translation import gettext as _

PRODUCT_WORDS = {"bill_pay_async": "Bills", "bill_pay_sync": "Bills", "expenses": "Expenses"}


def product_name(product: str) -> str:
    """What customers call the product: PRODUCT_NAMES, else the brand and a plain word."""
    return settings.PRODUCT_NAMES.get(product) or f"{settings.BRAND_NAME} {PRODUCT_WORDS[product]}"


def product_url(product: str) -> str:
    """Where the product itself is opened; "" if PRODUCT_URLS does not say."""
    return settings.PRODUCT_URLS.get(product, "")


def support_hours() -> str:
    return settings.SUPPORT_HOURS or _("Monday to Friday, 8am to 6pm")
