"""What `make run` adds to the environment: keys for this machine alone, and without CODAT_BASE_URL a demo."""

import base64
import os
import secrets
import socket
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from .environment import Environment, load, read_file

BASE_DIR = Path(__file__).resolve().parent.parent
ENV_FILE = "demo.env"  # in the var folder: what the processes of the demo were given
KEPT = ("CODAT_API_KEY", "CODAT_WEBHOOK_SECRET", "DEMO_STAFF_PASSWORD")
BESIDE = {
    "adopt_companies",
    "doctor",
    "export_companies",
    "invite_companies",
    "offboard_companies",
    "onboard_companies",
    "remind_companies",
    "replay_webhooks",
    "sync_connections",
    "unlink_companies",
}  # commands that may be tried beside a demo that runs


def prepare(words: list[str]) -> None:
    """Before the settings are read, for the commands that may begin with nothing.

    Raises ImproperlyConfigured with a sentence for a person.
    """
    if words == ["up"]:
        _prepare_up(load(BASE_DIR))
    elif words == ["demo"]:
        _join(load(BASE_DIR))
    elif BESIDE.intersection(words):
        _join_running(load(BASE_DIR))


def _prepare_up(var: Path) -> None:
    _make_writable(var)
    os.environ.setdefault("LOG_FORMAT", "console")
    os.environ.setdefault("LOG_LEVEL", "WARNING")  # a quiet terminal: the table, mails, and what goes wrong
    env = Environment()
    if not env.secret("SECRET_KEY"):
        _make_once(var / "secret_key", secrets.token_urlsafe(50))
    if not env.str("CODAT_BASE_URL", "").strip():
        os.environ.update(_demo_environment(env, var))


def _demo_environment(env: Environment, var: Path) -> dict[str, str]:
    """Everything that makes the processes a demo; the keys stay the same from start to start."""
    made = {
        "CODAT_API_KEY": f"demo-{secrets.token_urlsafe(24)}",
        "CODAT_WEBHOOK_SECRET": "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode(),
        "DEMO_STAFF_PASSWORD": "-".join(secrets.token_hex(2) for _ in range(4)),
    }
    path = var / ENV_FILE
    kept = _read(path) if path.is_file() else {}
    port = env.whole("PORT", 8000, least=1, most=65535)
    values = {name: kept.get(name) or made[name] for name in KEPT} | {
        "DEMO": "1",
        "PORT": str(port),
        "CODAT_BASE_URL": f"http://127.0.0.1:{_sandbox_port(env, port)}",
        "CODAT_PER_MINUTE": env.str("CODAT_PER_MINUTE", "0"),  # the sandbox has no limit, and need not be spared
    }
    _write(path, "".join(f"{name}={value}\n" for name, value in values.items()))
    return values


def _sandbox_port(env: Environment, port: int) -> int:
    """SANDBOX_PORT, else the one after the portal's, else any free one."""
    wanted = env.whole("SANDBOX_PORT", 0, most=65535)
    if wanted:
        return wanted
    following = port % 65535 + 1
    return following if is_free(following) else _any_free()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _join(var: Path) -> None:
    """Work beside a demo that runs, with its own settings."""
    if os.environ.get("CODAT_BASE_URL"):
        return
    if not (var / ENV_FILE).is_file():
        raise ImproperlyConfigured("There is no demo here yet. Start it first: make run.")
    read_file(var / ENV_FILE)


def _join_running(var: Path) -> None:
    """Only a demo whose sandbox answers, and only if nothing says that this installation is in earnest."""
    if os.environ.get("CODAT_BASE_URL") or os.environ.get("DATABASE_URL") or not (var / ENV_FILE).is_file():
        return
    port = _read(var / ENV_FILE).get("CODAT_BASE_URL", "").rpartition(":")[2]
    if port.isdecimal() and not is_free(int(port)):
        read_file(var / ENV_FILE)


def _make_writable(var: Path) -> None:
    try:
        var.mkdir(parents=True, exist_ok=True)
        probe = var / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ImproperlyConfigured(f"The folder {var} cannot be written to: {error.strerror}.") from error


def _make_once(path: Path, text: str) -> None:
    if not path.is_file() or not path.read_text().strip():
        _write(path, text + "\n")


def _write(path: Path, text: str) -> None:
    """For the owner's eyes only, and never half written."""
    draft = path.with_name(f".{path.name}.tmp")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    os.replace(draft, path)


def _read(path: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value for name, separator, value in pairs if separator}
