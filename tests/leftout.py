"""What a run of the tests has to leave out, and says so, because something is not installed here.

With CI or REQUIRE_OAS in the environment nothing is left out: the tests fail instead.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def specifications() -> Path:
    """The folder of Codat's published specifications; it lives outside this repository."""
    return Path(os.environ.get("CODAT_OAS") or ROOT.parent / "shared" / "codat" / "oas")


def left_out() -> dict[str, str]:
    """Test file of tests/sandbox -> why it is left out."""
    if os.environ.get("CI", "").lower() in {"1", "true"} or os.environ.get("REQUIRE_OAS") == "1":
        return {}
    missing = {}
    if not specifications().is_dir():
        missing["test_contract.py"] = f"Codat's specifications are not at {specifications()} (CODAT_OAS)"
    if importlib.util.find_spec("codat_platform") is None:
        missing["test_official_sdk.py"] = "the codat-platform package is not installed (requirements/contract.txt)"
    return missing
