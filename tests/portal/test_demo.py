"""What `make run` adds to the environment."""

import os
import socket
import stat

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import demo


@pytest.fixture
def var(tmp_path):
    """A machine that has nothing yet; whatever a test adds to the environment goes again."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update({"ENV_FILE": os.devnull, "VAR_DIR": str(tmp_path / "var")})
    yield tmp_path / "var"
    os.environ.clear()
    os.environ.update(before)


def test_bare_up_becomes_a_demo_with_keys_of_its_own(var):
    demo.prepare(["up"])
    assert os.environ["DEMO"] == "1"
    assert os.environ["CODAT_BASE_URL"].startswith("http://127.0.0.1:")
    assert os.environ["CODAT_WEBHOOK_SECRET"].startswith("whsec_")


def test_keys_stay_the_same_from_start_to_start(var):
    demo.prepare(["up"])
    first = {name: os.environ.pop(name) for name in (*demo.KEPT, "CODAT_BASE_URL")}
    secret_key = (var / "secret_key").read_text()
    demo.prepare(["up"])
    assert {name: os.environ[name] for name in demo.KEPT} == {name: first[name] for name in demo.KEPT}
    assert (var / "secret_key").read_text() == secret_key


@pytest.mark.parametrize("name", ["secret_key", "demo.env"])
def test_what_is_secret_is_for_the_owner_alone(var, name):
    demo.prepare(["up"])
    assert stat.S_IMODE((var / name).stat().st_mode) == 0o600


def test_real_codat_is_no_demo(var):
    os.environ["CODAT_BASE_URL"] = "https://api.codat.io"
    demo.prepare(["up"])
    assert "DEMO" not in os.environ
    assert (var / "secret_key").is_file()


def test_sandbox_has_the_port_that_was_asked_for(var):
    os.environ["SANDBOX_PORT"] = "8765"
    demo.prepare(["up"])
    assert os.environ["CODAT_BASE_URL"] == "http://127.0.0.1:8765"


def test_demo_command_joins_the_demo_that_runs(var):
    demo.prepare(["up"])
    address = os.environ.pop("CODAT_BASE_URL")
    demo.prepare(["demo"])
    assert os.environ["CODAT_BASE_URL"] == address


def test_demo_command_without_a_demo_says_how_to_start_one(var):
    with pytest.raises(ImproperlyConfigured, match="make run"):
        demo.prepare(["demo"])


def test_our_commands_join_a_demo_only_while_it_runs(var):
    with socket.socket() as sandbox:
        sandbox.bind(("127.0.0.1", 0))
        sandbox.listen()
        os.environ["SANDBOX_PORT"] = str(sandbox.getsockname()[1])
        demo.prepare(["up"])
        address = os.environ.pop("CODAT_BASE_URL")
        demo.prepare(["onboard_companies"])
        assert os.environ.pop("CODAT_BASE_URL") == address
    demo.prepare(["onboard_companies"])
    assert "CODAT_BASE_URL" not in os.environ


def test_our_commands_join_no_demo_with_a_database_in_earnest(var):
    with socket.socket() as sandbox:
        sandbox.bind(("127.0.0.1", 0))
        sandbox.listen()
        os.environ["SANDBOX_PORT"] = str(sandbox.getsockname()[1])
        demo.prepare(["up"])
        del os.environ["CODAT_BASE_URL"]
        os.environ["DATABASE_URL"] = "postgres://portal@db.internal/portal"
        demo.prepare(["onboard_companies"])
    assert "CODAT_BASE_URL" not in os.environ


def test_other_commands_get_nothing(var):
    demo.prepare(["migrate"])
    assert "CODAT_BASE_URL" not in os.environ
    assert not var.exists()


def test_folder_that_cannot_be_written_is_one_sentence(var):
    var.write_text("a file where a folder should be")
    with pytest.raises(ImproperlyConfigured, match="cannot be written to"):
        demo.prepare(["up"])
