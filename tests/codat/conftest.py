import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onboarding.codat import Codat

from .peer import Peer

PAYLOADS = Path(__file__).parent.parent / "payloads"
API_KEY = "sk-a-key-of-the-tests"


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.close()


@pytest.fixture
def codat(peer: Peer) -> Codat:
    """A client of the peer that repeats nothing by itself."""
    return Codat(base_url=peer.url, api_key=API_KEY, read_retries=0)


def told(name: str) -> Any:
    """A body as Codat documents it."""
    return json.loads(PAYLOADS.joinpath(f"{name}.json").read_text())
