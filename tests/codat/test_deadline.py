"""Deadlines and connections, below the client: name look-ups, addresses, TLS, proxies, forks."""

import datetime
import ipaddress
import os
import socket
import ssl
import threading
from uuid import UUID

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from onboarding.codat import Codat, Unreachable
from onboarding.codat.deadline import TimedAdapter, deadline, has_time_for, resolve, seconds_left

from .conftest import API_KEY, told
from .peer import HANG

COMPANY_ID = UUID("77921ff9-2491-4dfe-b23b-ff28f3e31e4f")
COMPANY = told("get-company.200")


def test_tighter_of_two_deadlines_holds():
    with deadline(60), deadline(3600):
        assert seconds_left() <= 60
    with deadline(3600), deadline(60):
        assert seconds_left() <= 60
    with deadline(60), deadline(None):
        assert seconds_left() <= 60


def test_limit_holds_when_it_is_tighter_than_the_deadline():
    assert seconds_left(5.0) == 5.0
    assert seconds_left() is None
    with deadline(60):
        assert seconds_left(5.0) == 5.0


def test_deadline_that_is_over_leaves_no_time():
    with deadline(0), pytest.raises(TimeoutError):
        seconds_left()
    with deadline(0):
        assert not has_time_for(0)
    assert has_time_for(1e9)


@pytest.fixture
def dead_resolver(monkeypatch):
    """The system's name look-up, while the resolver answers nothing."""
    over = threading.Event()

    def look_up(*args, **options):
        over.wait()
        raise socket.gaierror("nobody")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield
    over.set()


def test_name_look_up_is_given_up_at_the_deadline(dead_resolver):
    with deadline(0.05), pytest.raises(TimeoutError):
        resolve("codat.invalid", 443, None)


def test_name_look_up_without_an_answer_is_a_timeout(dead_resolver):
    codat = Codat(base_url="http://codat.invalid", api_key=API_KEY, timeout_seconds=0.05)

    with pytest.raises(Unreachable) as caught:
        codat.get_company(COMPANY_ID)

    assert caught.value.reason == "timeout"


@pytest.mark.parametrize("host", ["x" * 70 + ".invalid", "a..b", "\udcff.invalid"])
def test_name_that_is_none_is_not_found(host):
    with pytest.raises(OSError):
        resolve(host, 80, 5.0)


def test_every_address_of_a_name_is_tried(peer, monkeypatch):
    peer.answers(told=COMPANY)
    port = int(peer.url.rpartition(":")[2])
    nobody, somebody = ("127.0.0.2", port), ("127.0.0.1", port)
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (nobody, somebody)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)

    assert Codat(base_url=f"http://codat.localhost:{port}", api_key=API_KEY).get_company(COMPANY_ID).id == COMPANY_ID


def test_proxy_of_the_environment_is_used(peer, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", peer.url)
    monkeypatch.setenv("http_proxy", peer.url)
    peer.answers(told=COMPANY)

    Codat(base_url="http://codat.invalid", api_key=API_KEY).get_company(COMPANY_ID)

    assert peer.seen[0].target == f"http://codat.invalid/companies/{COMPANY_ID}"


def test_proxy_of_the_environment_is_no_way_to_this_machine(peer, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    peer.answers(told=COMPANY)

    assert Codat(base_url=peer.url, api_key=API_KEY).get_company(COMPANY_ID).id == COMPANY_ID


def test_password_file_of_the_user_is_not_sent(peer, monkeypatch, tmp_path):
    tmp_path.joinpath("netrc").write_text("machine codat.invalid login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", peer.url)
    peer.answers(told=COMPANY)

    Codat(base_url="http://codat.invalid", api_key="k").get_company(COMPANY_ID)

    assert peer.seen[0].headers["authorization"] == "Basic aw=="


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_worker_opens_its_own_connection(peer):
    codat = Codat(base_url=peer.url, api_key=API_KEY)
    peer.answers(told=COMPANY)
    peer.answers(told=COMPANY)
    codat.get_company(COMPANY_ID)

    child = os.fork()
    if child == 0:
        os._exit(0 if codat.get_company(COMPANY_ID).id == COMPANY_ID else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert peer.connections == 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that nobody has signed, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a peer of the tests")])
    today = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    path = tmp_path_factory.mktemp("tls") / "peer.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def tls_peer(peer, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    peer.tls = context
    return peer


@pytest.fixture
def session():
    with requests.Session() as session:
        session.mount("https://", TimedAdapter())
        yield session


def test_certificate_nobody_signed_is_unreachable(tls_peer):
    codat = Codat(base_url=tls_peer.url, api_key=API_KEY, read_retries=0)

    with pytest.raises(Unreachable) as caught:
        codat.get_company(COMPANY_ID)

    assert caught.value.reason == "tls"
    assert tls_peer.seen == []


def test_answer_comes_over_tls(tls_peer, session, certificate):
    tls_peer.answers(told={"hello": 1})

    with deadline(30):
        assert session.get(tls_peer.url, verify=str(certificate)).json() == {"hello": 1}


@pytest.mark.parametrize(
    "pieces", [(HANG,), ((b"H",),), (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", (b" ",))]
)
def test_answer_that_never_ends_over_tls_is_given_up(tls_peer, session, certificate, pieces):
    tls_peer.sends(*pieces)

    with deadline(0.3), pytest.raises(requests.RequestException):
        session.get(tls_peer.url, verify=str(certificate), timeout=30)


def test_handshake_that_never_ends_is_given_up(session):
    with socket.create_server(("127.0.0.1", 0)) as silent, deadline(0.2), pytest.raises(requests.RequestException):
        session.get(f"https://127.0.0.1:{silent.getsockname()[1]}", timeout=30)
