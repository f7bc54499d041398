"""The client's own settings."""

import pytest


def test_profile_is_replaced_as_a_whole(api):
    body = {"name": "Alderway", "redirectUrl": "https://portal.example.com/", "whiteListUrls": ["https://a.example"]}

    replaced = api.put("/profile", json=body).json()

    assert replaced == api.get("/profile").json()
    assert (replaced["name"], replaced["logoUrl"], replaced["whiteListUrls"]) == ("Alderway", "", ["https://a.example"])


@pytest.mark.parametrize("body", [{"name": "A"}, {"redirectUrl": "x"}, {"name": "A", "redirectUrl": 7}])
def test_profile_needs_name_and_redirect_address(api, body):
    assert api.put("/profile", json=body).status_code == 400


def test_profile_sync_settings_are_kept(api):
    settings = api.get("/profile/syncSettings").json()
    settings["settings"] = settings["settings"][:1]

    assert api.post("/profile/syncSettings", json=settings).status_code == 204
    assert api.get("/profile/syncSettings").json() == settings


def test_sync_settings_need_every_field(api):
    company = api.company()
    path = f"/companies/{company['id']}/syncSettings"

    assert api.get(path).json()["overridesDefaults"] is False
    assert api.post(path, json={"companyId": company["id"], "settings": []}).status_code == 400
    assert api.post(path, json={"companyId": "x", "settings": [], "overridesDefaults": True}).status_code == 400


def test_allowed_origins_are_kept(api):
    assert api.get("/corsSettings").json() == {"allowedOrigins": []}
    assert api.post("/corsSettings", json={"allowedOrigins": ["https://a.example"]}).status_code == 200
    assert api.get("/corsSettings").json() == {"allowedOrigins": ["https://a.example"]}


def test_retired_addresses_are_gone(api):
    company = api.company()

    assert api.get(f"/companies/{company['id']}/connectionManagement/accessToken").status_code == 404
