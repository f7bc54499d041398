"""Bodies and files: limited before they are read, kept for their own person, never served."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from onboarding.admin.batch import LARGEST_FILE
from onboarding.models import Batch, Upload
from tests.security.walk import browser, writes
from tests.security.world import World

IMPORT = "/admin/onboarding/batch/import/"
ROWS = b"customer_id,name,email,product\nc1,One Ltd,one@customer.example,bill_pay_async\n"
LIMIT = 2_621_440


class Unread(io.RawIOBase):
    """A body that must not be read: who reads it fails."""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read")


def announce(client: Client, path: str, size: int, kind: str = "multipart/form-data; boundary=x") -> int:
    told = {"CONTENT_LENGTH": str(size), "CONTENT_TYPE": kind, "wsgi.input": Unread()}
    return client.generic("POST", path, **told).status_code


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)


def test_larger_body_is_refused_unread_by_every_form(the_world: World):
    paths = [
        "/sign-in/",
        "/language/",
        "/admin/login/",
        "/webhooks/codat/",
        f"/c/{the_world.values['ref']}/share/",
        "/",
    ]
    paths += ["/admin/onboarding/company/add/", f"/invite/{the_world.values['invitation']}/"]
    kinds = ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain")
    who = ("anonymous", "owner", "superuser")

    the_world.sign_in_all()
    with writes() as written:
        codes = {announce(the_world.browser(w), path, LIMIT + 1, kind) for path in paths for kind in kinds for w in who}

    assert codes == {413}
    assert written == []


def test_file_of_companies_may_be_larger_for_staff_alone(the_world: World):
    """What is not staff's stays small at that address too."""
    codes = {who: announce(the_world.browser(who), IMPORT, 3_000_000) for who in ("anonymous", "owner")}

    assert codes == {"anonymous": 413, "owner": 413}
    assert announce(the_world.browser("Operations"), IMPORT, LARGEST_FILE + 100_000) == 413


@pytest.mark.parametrize("size", ["-1", "x", "²", "1e9", "", "99999999999999999999"])
def test_odd_length_is_no_way_around(db: None, size: str):
    body = io.BytesIO(b"")
    told = {"CONTENT_LENGTH": size, "CONTENT_TYPE": "application/x-www-form-urlencoded", "wsgi.input": body}

    assert browser(None).generic("POST", "/sign-in/", **told).status_code in (400, 413, 422)


def test_more_fields_or_files_than_any_form_has_are_refused(db: None):
    client = browser(None)

    assert client.post("/sign-in/", {f"f{number}": "x" for number in range(1_001)}).status_code == 400
    assert client.post("/sign-in/", {f"f{number}": io.BytesIO(b"x") for number in range(6)}).status_code == 400


def upload(client: Client, name: str = "new.csv", content: bytes = ROWS):
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, content, "text/csv")})


def test_upload_is_kept_for_its_own_person_in_the_database_alone(the_world: World, tmp_path: Path):
    answer = upload(the_world.browser("Operations"), "../../evil.csv")

    assert Upload.objects.get().by == the_world.person("Operations")
    assert the_world.browser("Operations").get(answer["Location"]).status_code == 200
    assert the_world.browser("superuser").get(answer["Location"]).status_code == 403
    assert the_world.browser("Support").get(answer["Location"]).status_code == 403
    assert list(tmp_path.iterdir()) == [] and not (tmp_path.parent / "evil.csv").exists()


@pytest.mark.parametrize("token", ["x", "..%2f..%2fetc%2fpasswd", "eyJhbGciOiJub25lIn0:1:x", "W10:1:AAAA"])
def test_forged_name_of_an_upload_opens_nothing(the_world: World, token: str):
    assert the_world.browser("Operations").get(f"{IMPORT}{token}/", follow=True).status_code in (404, 403)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 100,
        b"PK\x03\x04" + b"x" * 100,
        b"\xff\xfe\xff",
        b"<script>alert(1)</script>",
        b"a,b\n" + b"x" * 50_000,
    ],
    ids=["empty", "zeros", "archive", "no text", "script", "long cell"],
)
def test_file_that_is_none_is_a_sentence_and_no_error(the_world: World, content: bytes):
    operations = the_world.browser("Operations")
    answer = upload(operations, content=content)

    code = operations.get(answer["Location"]).status_code if answer.status_code == 303 else answer.status_code

    assert code == 422
    assert not Batch.objects.exists()


def test_import_begins_after_a_second_look_alone(the_world: World):
    """Uploading starts nothing: a page says first what would happen."""
    operations = the_world.browser("Operations")
    address = upload(operations)["Location"]
    operations.get(address)
    assert not Batch.objects.exists()

    assert operations.post(address, {"reason": "new customers"}).status_code == 303
    assert Batch.objects.get().by == the_world.person("Operations")
