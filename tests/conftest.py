"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import translation
from pytest_django import Settings

from tests.kit import Sandbox
from tests.leftout import left_out


@pytest.fixture(autouse=True)
def own_language() -> None:
    """A request leaves its reader's language active in this thread: no test begins with that of another."""
    translation.deactivate()


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    """One local Codat for the whole run."""
    process = Sandbox().start()
    yield process
    process.stop()


@pytest.fixture
def sandbox(sandbox_process: Sandbox, settings: Settings) -> Iterator[Sandbox]:
    """A local Codat with nothing in it, over real HTTP; the portal's settings point there."""
    settings.CODAT_BASE_URL = sandbox_process.url
    settings.CODAT_API_KEY = sandbox_process.api_key
    settings.CODAT_WEBHOOK_SECRETS = [sandbox_process.webhook_secret]
    yield sandbox_process
    sandbox_process.reset()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what this run left out, and why."""
    for file, why in left_out().items():
        terminalreporter.write_line(f"Left out: tests/sandbox/{file}: {why}.", yellow=True)
