"""What a person does at the doors, in a few words each."""

from __future__ import annotations

import re

from django.core import mail as outgoing
from django.test import Client

from onboarding.usecases import mails

CODE = re.compile(r"^(\d{6})$", re.MULTILINE)
ADDRESS = re.compile(r"^http://testserver(/\S+)$", re.MULTILINE)


def ask(client: Client, email: str, next_path: str = ""):
    data = {"email": email} | ({"next": next_path} if next_path else {})
    return client.post("/sign-in/", data)


def letters() -> list:
    """Whatever has been sent so far, after the worker's turn."""
    mails.send_due()
    return outgoing.outbox


def mailed_code() -> str:
    return CODE.search(letters()[-1].body).group(1)


def mailed_path(letter=None) -> str:
    """The button's address in a letter, the newest unless told."""
    return ADDRESS.search((letter or letters()[-1]).body).group(1)


def enter(client: Client, code: str, next_path: str = ""):
    data = {"code": code} | ({"next": next_path} if next_path else {})
    return client.post("/sign-in/code/", data)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session
