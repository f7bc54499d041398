"""What leaves this site: to Codat alone, by https that is verified, nowhere on a stranger's word."""

from __future__ import annotations

import ast
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from onboarding.codat import Codat, Garbled, Refused, Unreachable
from onboarding.models import PlatformState
from onboarding.usecases import platforms
from tests import factories
from tests.codat.peer import Peer
from tests.kit import Sandbox
from tests.security.walk import browser
from tests.security.world import World

ROOT = Path(__file__).resolve().parents[2]
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


@pytest.fixture
def elsewhere() -> Iterator[Peer]:
    """A server of somebody's own network: nothing may ever come to it."""
    made = Peer()
    made.answers(body=PNG, Content_Type="image/png")
    yield made
    made.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_never_followed(peer: Peer, elsewhere: Peer, status: int):
    peer.answers(status, Location=f"{elsewhere.url}/latest/meta-data/")

    with pytest.raises((Refused, Garbled, Unreachable)):
        Codat(base_url=peer.url, api_key="k").list_companies()

    assert elsewhere.seen == []


def test_use_case_does_not_follow_one_either(sandbox: Sandbox, elsewhere: Peer, db: None):
    """The customer's click, with a Codat that answers 302 to a loopback address."""
    ana = factories.ana()
    company = factories.company(ana)
    factories.enable_platforms()
    sandbox.next_answer(302, times=None, Location=f"{elsewhere.url}/internal")

    answer = browser(ana).post(f"/c/{company.ref}/connect/xero/go/")

    assert (answer.status_code, answer["Location"]) == (303, f"/c/{company.ref}/connect/xero/")
    assert elsewhere.seen == []


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost:{port}/logo.png",
        "https://static.codat.io@127.0.0.1:{port}/logo.png",
        "https://static.codat.io.evil.example/logo.png",
        "https://evilcodat.io/logo.png",
        "http://static.codat.io/logo.png",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "//127.0.0.1:{port}/logo.png",
        "https://[::ffff:127.0.0.1]:{port}/",
        "https://2130706433:{port}/",
        "https://0x7f.1:{port}/",
        "https://127.1:{port}/",
        "https://static.codat.io:{port}/logo.png",
        "https://static.codat.io\\@127.0.0.1/",
        "https://static.codat.io%2f@127.0.0.1/",
    ],
)
def test_logo_is_fetched_from_codat_alone(elsewhere: Peer, address: str):
    """With Codat's own address set, as in production: not even this machine is asked."""
    client = Codat(base_url="https://api.codat.io", api_key="k", timeout_seconds=0.5)

    with pytest.raises(Garbled):
        client.fetch_logo(address.format(port=elsewhere.url.rpartition(":")[2]))

    assert elsewhere.seen == []
    assert elsewhere.connections == 0


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("image/svg+xml", b"<svg onload='alert(1)'/>"),
        ("text/html", b"<script>alert(1)</script>"),
        ("image/png", b"<svg/>"),
        ("image/png", b"\x89PNG\r\n\x1a\n" + b"x" * 600_000),
        ("", PNG),
    ],
    ids=["svg", "html", "svg that says png", "too large", "no type"],
)
def test_logo_is_a_small_picture_without_scripts(peer: Peer, kind: str, content: bytes):
    peer.answers(body=content, Content_Type=kind)

    with pytest.raises(Garbled):
        Codat(base_url=peer.url, api_key="k").fetch_logo(f"{peer.url}/logo")


def test_key_goes_to_no_picture(peer: Peer):
    peer.answers(body=PNG, Content_Type="image/png")

    Codat(base_url=peer.url, api_key="k").fetch_logo(f"{peer.url}/logo.png")

    assert "authorization" not in peer.seen[0].headers


def test_bad_logo_leaves_the_letter_on_the_card(sandbox: Sandbox, elsewhere: Peer, db: None):
    factories.enable_platforms()
    sandbox.next_answer(302, path="logo|branding", times=None, Location=elsewhere.url)

    platforms.refresh_logos()

    assert not PlatformState.objects.exclude(logo_digest="").exists()
    assert elsewhere.seen == []


def test_answer_without_end_is_given_up(peer: Peer):
    """Size and time are limited, however slowly it comes."""
    peer.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", (b"x",))
    began = time.monotonic()

    with pytest.raises((Unreachable, Garbled)):
        Codat(base_url=peer.url, api_key="k", timeout_seconds=0.5).list_companies()

    assert time.monotonic() - began < 10


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[Peer]:
    """A server on this machine with https, whose certificate nobody we trust has signed."""
    made = Peer(tls=_context(tmp_path))
    yield made
    made.close()


def _context(folder: Path) -> ssl.SSLContext:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    certificate = built.sign(key, hashes.SHA256())
    file = folder / "own.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest.mark.parametrize("variable", ["", "PYTHONHTTPSVERIFY", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_NO_VERIFY"])
def test_wrong_certificate_is_an_error_and_nothing_is_told(impostor: Peer, monkeypatch, variable: str):
    """Nothing switches the check off: no variable, and no setting of ours."""
    if variable:
        monkeypatch.setenv(variable, "0" if variable.startswith(("PYTHON", "SSL")) else "")

    with pytest.raises(Unreachable) as caught:
        Codat(base_url=impostor.url, api_key="the-key", read_retries=0).list_companies()

    assert impostor.seen == []
    assert "the-key" not in f"{caught.value!r}"


def test_code_never_switches_verification_off_nor_fetches_by_another_way():
    """`requests` lives in the client alone; `verify=False` and its like stand nowhere."""
    found = []
    for folder in ("onboarding", "portal"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            text = file.read_text()
            found += [(file.name, word) for word in ("verify=False", "CERT_NONE", "_create_unverified") if word in text]
            names = {
                alias.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for alias in node.names
            }
            if names & {"requests", "urllib.request", "http.client"} and file.parent.name != "codat":
                found.append((file.name, "asks by itself"))

    # Of `make run` alone: the demo orders its own sandbox about, the supervisor asks whether its own pages answer.
    assert found == [("demo.py", "asks by itself"), ("supervisor.py", "asks by itself")]


def test_nothing_leaves_while_pages_are_looked_at(the_world: World, elsewhere: Peer, settings):
    """Pages come from the database: with a Codat that never answers they are as quick as ever."""
    settings.CODAT_BASE_URL = elsewhere.url
    ref = the_world.values["ref"]
    for page in ("", "connection/", "connect/", "activity/", "share/"):
        the_world.browser("owner").get(f"/c/{ref}/{page}")

    assert elsewhere.connections == 0
