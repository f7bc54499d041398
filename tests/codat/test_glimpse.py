"""A glimpse of a company says what the whole of it says, whatever Codat wrote."""

from typing import Any

import pytest

from onboarding.codat import Codat, Company, Garbled, Glimpse

from .conftest import told
from .peer import Peer

ODD = [
    {},
    {"id": "77921FF9-2491-4DFE-B23B-FF28F3E31E4F"},
    {"id": "77921ff924914dfeb23bff28f3e31e4f"},
    {"name": 7},
    {"name": ""},
    {"id": None},
    {"id": "no id"},
    {"products": None},
    {"products": ["payables", None, {"a": 1}]},
    {"tags": None},
    {"tags": {"uid": 7}},
    {"tags": {}},
    {"dataConnections": None},
    {"dataConnections": []},
    {"dataConnections": {}},
    {"dataConnections": ["no object"]},
]
ODD_CONNECTIONS: list[dict[str, Any]] = [
    {},
    {"status": "AWordOfTomorrow"},
    {"status": None},
    {"status": 1},
    {"id": None},
    {"id": "7BABA7CC-4AE0-48FD-A617-98D55A6FC008"},
    {"sourceType": None},
    {"sourceType": 7},
    {"sourceType": "Commerce"},
]


def entry(company: dict[str, Any], connection: dict[str, Any]) -> dict[str, Any]:
    usual = told("get-company.200")
    first, *_ = usual["dataConnections"]
    second = first | {"id": "0f8cd6d8-9b0a-4a92-9a5b-7f0f3f5b8a11"} | connection
    return usual | {"dataConnections": [first, second]} | company


@pytest.mark.parametrize("company", ODD)
@pytest.mark.parametrize("connection", ODD_CONNECTIONS)
def test_glimpse_says_what_the_company_says(company, connection):
    written = entry(company, connection)
    try:
        whole = Company.from_json(written)
    except Garbled as error:
        with pytest.raises(Garbled, match=error.reason):
            Glimpse.from_json(written)
        return

    glimpse = Glimpse.from_json(written)

    assert glimpse.whole() == whole
    assert glimpse[:4] == (whole.id.hex, whole.name, whole.products, "uid" in whole.tags)
    assert glimpse.connections == tuple((each.id.hex, each.status, each.source_type) for each in whole.connections)
    assert glimpse.has_every_connection == whole.has_every_connection


@pytest.mark.parametrize("written", [None, [], "company"])
def test_what_is_no_object_is_garbled(written):
    with pytest.raises(Garbled):
        Glimpse.from_json(written)


def test_list_is_glimpsed_as_it_is_read(peer: Peer, codat: Codat):
    peer.answers(200, told("list-companies.200"))
    page = codat.list_companies(page=1)
    peer.answers(200, told("list-companies.200"))
    glimpsed = codat.glimpse_companies(page=1)

    assert (glimpsed.total_results, glimpsed.has_next) == (page.total_results, page.has_next)
    assert tuple(each.whole() for each in glimpsed.results) == page.results
