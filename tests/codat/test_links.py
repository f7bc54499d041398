import copy
import json
import logging
import pickle

import pytest

from onboarding.codat import Garbled, LinkUrl, check_link
from onboarding.codat.links import is_loopback

CODAT = "https://api.codat.io"
OWN = "https://codat.example.test:8443"
LOCAL = "http://127.0.0.1:8100"

ALLOWED = [
    ("https://link.codat.io/company/77921ff9?link.otp=318805", CODAT),
    ("https://link-api.codat.io/companies/7/connections/8/start?otp=742271", CODAT),
    ("https://link-api.codat.io/companies/{companyId}/connections/8/start", CODAT),
    ("https://codat.io/", CODAT),
    ("HTTPS://LINK.CODAT.IO/x", CODAT),
    ("https://link.codat.io:443/x", CODAT),
    ("https://link.codat.io", CODAT),
    ("https://a.b.codat.io/x#part", CODAT),
    ("https://link.codat.io/x", OWN),
    ("https://link.codat.io/x", LOCAL),
    ("https://codat.example.test/x", OWN),
    ("https://codat.example.test:9000/x", OWN),
    ("http://127.0.0.1:8100/link/start/7/8?otp=1", LOCAL),
    ("http://127.0.0.1:9999/x", LOCAL),
    ("http://localhost:8100/x", LOCAL),
    ("http://link.localhost/x", LOCAL),
    ("http://[::1]:8100/x", LOCAL),
    ("https://127.8.9.10/x", LOCAL),
    ("http://127.0.0.1/x", "http://localhost:8100"),
    ("http://127.0.0.1/x", "http://[::1]:8100"),
]

REFUSED = [
    # not an address, or not a plain one
    ("", CODAT),
    ("javascript:alert(1)", CODAT),
    ("data:text/html,x", CODAT),
    ("//link.codat.io/x", CODAT),
    ("/company/7", CODAT),
    ("https:link.codat.io/x", CODAT),
    ("https:///link.codat.io/x", CODAT),
    ("https:/link.codat.io/x", CODAT),
    ("ftp://link.codat.io/x", CODAT),
    ("https://", CODAT),
    ("https://?link.codat.io", CODAT),
    (" https://link.codat.io/x", CODAT),
    ("https://link.codat.io/x ", CODAT),
    ("https://link.codat.io/x\n", CODAT),
    ("https://link.codat.io/x\r\nSet-Cookie: a=b", CODAT),
    ("https://link.codat.io/\tx", CODAT),
    ("https://link.co\tdat.io/x", CODAT),
    ("https://link.codat.io\x00.evil.test/x", CODAT),
    ("https://link.codat.io/" + "a" * 5000, CODAT),
    # somebody else's host
    ("https://evil.test/x", CODAT),
    ("https://evilcodat.io/x", CODAT),
    ("https://codat.io.evil.test/x", CODAT),
    ("https://evil.test/codat.io", CODAT),
    ("https://evil.test?x=.codat.io", CODAT),
    ("https://evil.test#.codat.io", CODAT),
    ("https://evil.test\\.codat.io/x", CODAT),
    ("https://evil.test/\\.codat.io", CODAT),
    ("https://link.codat.io\\@evil.test/x", CODAT),
    ("https://link.codat.io@evil.test/x", CODAT),
    ("https://link.codat.io:pass@evil.test/x", CODAT),
    ("https://evil.test%2f.codat.io/x", CODAT),
    ("https://evil.test%00.codat.io/x", CODAT),
    ("https://evil.test;.codat.io/x", CODAT),
    ("https://evil_test.codat.io/x", CODAT),
    # Codat's host in disguise
    ("https://user@link.codat.io/x", CODAT),
    ("https://@link.codat.io/x", CODAT),
    ("https://link.codat.io./x", CODAT),
    ("https://link..codat.io/x", CODAT),
    ("https://.codat.io/x", CODAT),
    ("https://-link.codat.io/x", CODAT),
    ("https://link。codat。io/x", CODAT),
    ("https://link.codat．io/x", CODAT),
    ("https://link.codat.іo/x", CODAT),  # a Cyrillic letter
    ("https://lin\u212a.codat.io/x", CODAT),  # the Kelvin sign, which lower-cases to k
    ("https://xn--link-8va.codat.io/x", CODAT),
    ("https://link.codat.io/\u202ex", CODAT),
    ("https://[link.codat.io]/x", CODAT),
    ('https://link.codat.io/"onclick="x', CODAT),
    ("https://link.codat.io/<script>", CODAT),
    # ports
    ("https://link.codat.io:8443/x", CODAT),
    ("https://link.codat.io:/x", CODAT),
    ("https://link.codat.io:0443/x", CODAT),
    ("https://link.codat.io:99999/x", OWN),
    ("https://codat.example.test:99999/x", OWN),
    ("http://127.0.0.1:99999/x", LOCAL),
    # plain http, and loopback addresses from outside
    ("http://link.codat.io/x", CODAT),
    ("http://link.codat.io/x", LOCAL),
    ("http://codat.example.test:8443/x", OWN),
    ("http://codat.example.test/x", "http://codat.example.test"),
    ("http://127.0.0.1:8100/x", CODAT),
    ("https://localhost/x", OWN),
    ("http://0.0.0.0:8100/x", LOCAL),
    ("http://2130706433/x", LOCAL),
    ("http://0x7f.1/x", LOCAL),
    ("http://127.1/x", LOCAL),
    ("http://127.0.0.1.evil.test/x", LOCAL),
    ("http://10.0.0.1/x", LOCAL),
    ("http://169.254.169.254/latest/meta-data/", LOCAL),
    ("http://[::ffff:127.0.0.1]/x", LOCAL),
    ("http://localhost.evil.test/x", LOCAL),
    # a base address that is none allows no further host
    ("https://evil.test/x", ""),
    ("https://evil.test/x", "https://user@evil.test"),
]


@pytest.mark.parametrize(("url", "base_url"), ALLOWED)
def test_link_is_allowed(url, base_url):
    assert check_link(LinkUrl(url), base_url) == url


@pytest.mark.parametrize(("url", "base_url"), REFUSED)
def test_link_is_refused(url, base_url):
    with pytest.raises(Garbled) as caught:
        check_link(LinkUrl(url), base_url)

    assert caught.value.reason in {"link not readable", "link to elsewhere"}


def test_refusal_does_not_name_the_link():
    with pytest.raises(Garbled) as caught:
        check_link("https://evil.test/x?otp=742271", CODAT)

    assert str(caught.value) == "codat garbled (link to elsewhere)"


def test_link_url_hides_its_text(caplog):
    link = LinkUrl("https://link.codat.io/x?otp=742271")

    logging.getLogger("onboarding.codat").warning("%s %r", link, [link])

    texts = [str(link), repr(link), f"{link}", f"{link:>40}", f"{link!r}", str([link]), repr({"a": link}), caplog.text]
    assert [text for text in texts if "742271" in text or "codat.io" in text] == []
    assert link.reveal() == "https://link.codat.io/x?otp=742271"


def test_link_url_refuses_to_be_stored():
    link = LinkUrl("https://link.codat.io/x?otp=742271")

    with pytest.raises(TypeError):
        pickle.dumps(link)
    with pytest.raises(TypeError):
        json.dumps(link)


def test_link_urls_compare_by_their_text():
    link = LinkUrl("https://link.codat.io/x")

    assert link == copy.deepcopy(link) == copy.copy(link) == LinkUrl("https://link.codat.io/x")
    assert link != LinkUrl("https://link.codat.io/y")
    assert link != "https://link.codat.io/x"
    assert len({link, LinkUrl("https://link.codat.io/x")}) == 1
    assert (bool(link), bool(LinkUrl(""))) == (True, False)


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.255.255.254", "[::1]"])
def test_loopback_is_known_by_any_name(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "codat.io", "0.0.0.0", "128.0.0.1", "localhost.test", "127.0.0.01"])
def test_loopback_is_nothing_else(host):
    assert not is_loopback(host)
