"""What every test of the sandbox uses: an API client, and an endpoint that receives webhooks."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
import requests

from tests.kit import Sandbox
from tests.leftout import left_out
from tests.sandbox.endpoint import Endpoint

collect_ignore = list(left_out())


class Api(requests.Session):
    """Codat's API with our key: `api.get("/companies")`."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__()
        self._url = url
        self.headers["Authorization"] = "Basic " + base64.b64encode(key.encode()).decode()

    def request(self, method, path, **options):
        return super().request(method, self._url + path, **{**options, "timeout": 20, "allow_redirects": False})

    def company(self, name: str = "Harbour Street Books", **tags: str) -> dict:
        answer = self.post("/companies", json={"name": name, "tags": tags})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def connection(self, company_id: str, key: str = "qhyg") -> dict:
        answer = self.post(f"/companies/{company_id}/connections", json={"platformKey": key})
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[Api]:
    with Api(sandbox.url, sandbox.api_key) as session:
        yield session


@pytest.fixture
def linked(sandbox: Sandbox, api: Api) -> dict:
    """A connection that is Linked, with its company's id."""
    company = api.company()
    connection = api.connection(company["id"])
    sandbox.authorise(connection["id"])
    return {**connection, "companyId": company["id"]}


@pytest.fixture
def endpoint(sandbox: Sandbox) -> Iterator[Endpoint]:
    """Receives the sandbox's events."""
    with Endpoint() as receiver:
        sandbox.webhooks(url=receiver.url)
        yield receiver
        sandbox.webhooks(url="", off=True)
