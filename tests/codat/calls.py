"""Calls that many of these tests make."""

from uuid import UUID

from onboarding.codat import Codat

from .conftest import API_KEY, told

COMPANY_ID = UUID("77921ff9-2491-4dfe-b23b-ff28f3e31e4f")
KEY = UUID("0f9c1d7e-6f0b-4c39-9d0a-6a4d8f3b2c11")
COMPANY = told("get-company.200")


def patient(peer, **options):
    """A client that repeats its reads."""
    return Codat(base_url=peer.url, api_key=API_KEY, **options)


def create(codat):
    return codat.create_company(name="Sawayn", tags={"uid": "7"}, key=KEY)
