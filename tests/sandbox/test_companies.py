"""Companies: what create, replace, update and delete answer, and what they keep."""

import uuid

import pytest


def test_create_answers_200_with_the_company(api):
    answer = api.post("/companies", json={"name": "Toft Stores", "tags": {"uid": "a-1", "region": "uk"}})

    company = answer.json()
    assert answer.status_code == 200
    assert (company["name"], company["tags"]) == ("Toft Stores", {"uid": "a-1", "region": "uk"})
    assert company["dataConnections"] == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Example Company (Codat[1])", "Example Company Codat1"),
        ("Café Élan", "Caf lan"),
        ("Smith & Sons, Ltd. @Home!?", "Smith & Sons, Ltd. @Home!?"),
    ],
)
def test_name_loses_forbidden_characters_silently(api, sent, kept):
    assert api.company(sent)["name"] == kept


@pytest.mark.parametrize("name", ["", "   ", "日本", None, 7])
def test_name_empty_after_cleaning_is_refused(api, name):
    assert api.post("/companies", json={"name": name}).status_code == 400


@pytest.mark.parametrize(
    "tags",
    [
        {f"key{number}": "x" for number in range(11)},
        {"k" * 28: "x"},
        {"": "x"},
        {"k": "x" * 101},
        {"k": 7},
        ["k"],
    ],
)
def test_tags_over_the_limits_are_refused(api, tags):
    assert api.post("/companies", json={"name": "A", "tags": tags}).status_code == 400


def test_tags_at_the_limits_are_kept(api):
    tags = {f"k{number}".ljust(27, "k"): "x" * 100 for number in range(10)}

    assert api.company("A", **tags)["tags"] == tags


def test_put_erases_what_is_left_out(api):
    company = api.post("/companies", json={"name": "A", "description": "d", "tags": {"uid": "1"}}).json()

    replaced = api.put(f"/companies/{company['id']}", json={"name": "B"}).json()

    assert (replaced["name"], replaced["description"], replaced["tags"]) == ("B", "", {})


def test_patch_leaves_null_and_missing_unchanged(api):
    company = api.post("/companies", json={"name": "A", "description": "d", "tags": {"uid": "1"}}).json()

    updated = api.patch(f"/companies/{company['id']}", json={"description": None, "tags": None}).json()

    assert (updated["name"], updated["description"], updated["tags"]) == ("A", "d", {"uid": "1"})


def test_patch_takes_tags_as_the_new_set(api):
    company = api.company("A", uid="1", region="uk")

    updated = api.patch(f"/companies/{company['id']}", json={"tags": {"uid": "2"}}).json()

    assert updated["tags"] == {"uid": "2"}
    assert api.get("/companies?tags=uid%3D1").json()["totalResults"] == 0
    assert api.get("/companies?tags=uid%3D2").json()["totalResults"] == 1


def test_delete_answers_204_and_takes_the_connections_along(api, linked):
    path = f"/companies/{linked['companyId']}"

    answer = api.delete(path)

    assert (answer.status_code, answer.content) == (204, b"")
    assert api.get(path).status_code == 404
    assert api.get(f"{path}/connections/{linked['id']}").status_code == 404
    assert api.delete(path).status_code == 404


def test_unknown_company_is_named_in_the_error(api):
    company_id = str(uuid.uuid4())

    answer = api.get(f"/companies/{company_id}")

    assert answer.status_code == 404
    assert answer.json()["error"] == f"No company was found with ID {company_id}"
    assert answer.json()["correlationId"]


def test_company_limit_answers_402(api, sandbox):
    sandbox.settings(company_limit=1)
    api.company("First")

    answer = api.post("/companies", json={"name": "Second"})

    assert answer.status_code == 402
    assert answer.json()["validation"]["errors"][0]["validatorName"] == "CreateCompany"


def test_products_can_be_added_and_removed(api):
    company = api.company()
    path = f"/companies/{company['id']}/products"

    assert api.put(f"{path}/lending").status_code == 204
    assert "lending" in api.get(f"/companies/{company['id']}").json()["products"]
    assert api.delete(f"{path}/lending").status_code == 204
    assert api.delete(f"{path}/lending").status_code == 404


def test_access_token_lasts_a_day(api):
    token = api.get(f"/companies/{api.company()['id']}/accessToken").json()

    assert (token["expiresIn"], token["tokenType"]) == (86400, "Bearer")


def test_extra_fields_appear_when_ordered(api, sandbox):
    sandbox.extra_fields()

    assert "addedLater" in api.company()
