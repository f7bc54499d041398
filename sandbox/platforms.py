"""The integrations of the sandbox: those of our three products, and some others to filter out."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

_NAMESPACE = uuid.UUID("5c0f9e0a-33c1-4c0b-9d1a-0c9f4f0b7a11")


@dataclass(frozen=True, slots=True)
class Platform:
    """One integration. Ids that Codat documents are given; all others are derived from the key."""

    key: str
    name: str
    initials: str
    colour: str
    source_type: str = "Accounting"
    enabled: bool = True
    is_offline: bool = False
    is_beta: bool = False
    has_button: bool = False
    integration_id: str = ""
    source_id: str = ""

    def ids(self) -> tuple[str, str]:
        """(integration id, source id)"""
        integration = self.integration_id or str(uuid.uuid5(_NAMESPACE, f"integration {self.key}"))
        return integration, self.source_id or str(uuid.uuid5(_NAMESPACE, f"source {self.key}"))


PLATFORMS = {
    platform.key: platform
    for platform in (
        Platform("pdvj", "MYOB Business", "MB", "#6100a5"),
        Platform(
            "akxx",
            "Oracle NetSuite",
            "NS",
            "#36677d",
            integration_id="cc750323-5a47-4f28-8d8e-30fbbf2ce137",
            source_id="9815b998-024d-4415-a40b-89903b2cad6f",
        ),
        Platform(
            "qhyg",
            "QuickBooks Online",
            "QB",
            "#2ca01c",
            has_button=True,
            integration_id="6b113e06-e818-45d7-977b-8e6bb3d01269",
            source_id="56e6575a-3f1f-4918-b009-f7535555f0d6",
        ),
        Platform("pqsw", "QuickBooks Desktop", "QD", "#108000", is_offline=True, has_button=True),
        Platform("knfz", "Sage Intacct", "SI", "#00a65c"),
        Platform(
            "gbol",
            "Xero",
            "X",
            "#0b7ea3",
            integration_id="0f20c943-12d0-4800-9f6c-d218f62d494c",
            source_id="8a156a5a-39cb-4f9d-856e-76ef9b9a9607",
        ),
        Platform("fbrh", "FreeAgent", "FA", "#1a6fb5"),
        Platform("trji", "Dynamics 365 Business Central", "BC", "#00686b"),
        Platform("rwuv", "Zoho Books", "ZB", "#c8322b"),
        Platform("mqjo", "Sandbox", "SB", "#5a5a66"),
        Platform("ndsk", "QuickBooks Online Sandbox", "QS", "#4c7a44", has_button=True),
        Platform("vxvy", "FreshBooks", "FB", "#0b6bd3", enabled=False),
        Platform("tgff", "Sage Accounting", "SA", "#007f64", enabled=False),
        Platform("pbtz", "Wave", "W", "#1c4fd6", enabled=False, is_beta=True),
        Platform("fztf", "Shopify", "SH", "#5e8e3e", source_type="Commerce"),
        Platform("gvxb", "Plaid", "P", "#2b2b33", source_type="Banking"),
    )
}

PARTNER_NAME = "Partner Expense"
PARTNER_IDS = ("3b1f8b44-2f0d-4a51-8d0e-5a8f2f6f9a77", "b0a5d0a2-7c63-4a0e-9a3f-0d2d6c1f7e55")


def by_source(source_id: str) -> Platform | None:
    """The platform whose data source has this id; logo files are named after it."""
    return next((platform for platform in PLATFORMS.values() if platform.ids()[1] == source_id.lower()), None)
