"""Lists: pages, links, filters, order, and rows that move."""

import pytest
import requests


def names(page: dict) -> list[str]:
    return [company["name"] for company in page["results"]]


def test_pages_have_relative_links(api, sandbox):
    sandbox.fill(5)

    page = api.get("/companies?page=2&pageSize=2").json()

    assert (page["pageNumber"], page["pageSize"], page["totalResults"], len(page["results"])) == (2, 2, 5, 2)
    assert {name: link["href"] for name, link in page["_links"].items()} == {
        "self": "/companies",
        "current": "/companies?page=2&pageSize=2",
        "next": "/companies?page=3&pageSize=2",
        "previous": "/companies?page=1&pageSize=2",
    }


def test_following_next_finds_every_company_once(api, sandbox):
    made = sandbox.fill(7)
    found, path = [], "/companies?page=1&pageSize=3"

    while path:
        page = api.get(path).json()
        found += [company["id"] for company in page["results"]]
        path = page["_links"].get("next", {}).get("href")

    assert found == [company["id"] for company in made]


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "pageSize=0", "pageSize=5001", "pageSize=1.5"])
def test_page_numbers_out_of_range_are_refused(api, query):
    assert api.get(f"/companies?{query}").status_code == 400


def test_companies_come_with_their_connections(api, sandbox):
    sandbox.fill(10, connections_per_company=1.2)

    page = api.get("/companies").json()

    assert sum(len(company["dataConnections"]) for company in page["results"]) == 12


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name=Alder", ["Alder"]),
        ("name!=Alder", ["Birch", "Cedar"]),
        ("name~e", ["Alder", "Cedar"]),
        ("name>Alder", ["Birch", "Cedar"]),
        ("name=Alder || name=Cedar", ["Alder", "Cedar"]),
        ("{name=Alder || name=Cedar} && name!=Cedar", ["Alder"]),
        ("dataConnections.status=PendingAuth", ["Birch"]),
        ("dataConnections.status!=PendingAuth && dataConnections.status!=Linked", ["Alder", "Cedar"]),
    ],
)
def test_query_keeps_what_matches(api, query, expected):
    for name in ("Alder", "Birch", "Cedar"):
        company = api.company(name)
        if name == "Birch":
            api.connection(company["id"])

    page = api.get("/companies", params={"query": query, "pageSize": 100}).json()

    assert (names(page), page["totalResults"]) == (expected, len(expected))


@pytest.mark.parametrize("query", ["name", "name=", "=x", "{name=a", "name=a &&", "unknown=x", "n" * 2100, "a=b}"])
def test_malformed_query_is_refused(api, query):
    answer = api.get("/companies", params={"query": query})

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("Error parsing query - ")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("uid=1", ["Alder"]),
        ("region=uk", ["Alder", "Birch"]),
        ("region=uk && team=x", ["Birch"]),
        ("region!=uk", ["Cedar"]),
        ("region~U", ["Alder", "Birch", "Cedar"]),
        ("Region=uk", []),
    ],
)
def test_tags_filter_keeps_what_matches(api, tags, expected):
    api.company("Alder", uid="1", region="uk")
    api.company("Birch", uid="2", region="uk", team="x")
    api.company("Cedar", uid="3", region="us")

    assert names(api.get("/companies", params={"tags": tags, "pageSize": 100}).json()) == expected


def test_tags_filter_knows_no_order_operators(api):
    assert api.get("/companies", params={"tags": "uid>1"}).status_code == 400


def test_order_by_sorts_both_ways(api):
    for name in ("Birch", "Alder", "Cedar"):
        api.company(name)

    assert names(api.get("/companies?orderBy=name").json()) == ["Alder", "Birch", "Cedar"]
    assert names(api.get("/companies?orderBy=-name").json()) == ["Cedar", "Birch", "Alder"]
    assert api.get("/companies?orderBy=nothing").status_code == 400


def test_deleted_row_moves_the_following_ones_up(api, sandbox):
    made = sandbox.fill(4)
    api.get("/companies?page=1&pageSize=2")
    sandbox.delete_company(made[0]["id"])

    second = api.get("/companies?page=2&pageSize=2").json()

    assert [company["id"] for company in second["results"]] == [made[3]["id"]]


def test_moving_rows_are_missed_between_pages(api, sandbox):
    made = sandbox.fill(6)
    sandbox.settings(moving_rows=1)

    pages = [api.get(f"/companies?page={number}&pageSize=2").json()["results"] for number in (1, 2, 3)]

    seen = {company["id"] for page in pages for company in page}
    assert seen < {company["id"] for company in made}


def test_endless_pages_repeat_the_first(api, sandbox):
    sandbox.fill(3)
    sandbox.settings(endless_pages=True)

    far = api.get("/companies?page=99&pageSize=2").json()

    assert names(far) == names(api.get("/companies?page=1&pageSize=2").json())
    assert "next" in far["_links"]


def test_integrations_are_filtered(api):
    page = api.get("/integrations", params={"query": "enabled=true && sourceType=Accounting", "pageSize": 100}).json()

    keys = {integration["key"] for integration in page["results"]}
    assert {"pdvj", "akxx", "qhyg", "pqsw", "knfz", "gbol", "fbrh", "trji", "rwuv"} <= keys
    assert keys.isdisjoint({"vxvy", "gvxb", "fztf"})


def test_disabled_integration_says_so(api, sandbox):
    sandbox.enable("gbol", on=False)

    assert api.get("/integrations/gbol").json()["enabled"] is False
    assert api.get("/integrations/zzzz").status_code == 404


@pytest.mark.parametrize("key", ["qhyg", "gbol"])
def test_logos_are_small_pictures_of_the_sandbox_itself(api, sandbox, key):
    branding = api.get(f"/integrations/{key}/branding").json()
    images = [part["image"]["src"] for group in (branding["logo"], branding["button"]) for part in group.values()]

    for src in [api.get(f"/integrations/{key}").json()["logoUrl"], *images]:
        picture = requests.get(src, timeout=10)
        assert src.startswith(sandbox.url)
        assert (picture.headers["Content-Type"], picture.content[:4]) == ("image/png", b"\x89PNG")
        assert len(picture.content) < 10_000
    assert bool(branding["button"]) == (key == "qhyg")
