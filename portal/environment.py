"""The environment, read strictly: a wrong value is named in one sentence, never guessed at."""

import os
import re
import warnings
from collections.abc import Callable
from io import StringIO
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured

YES = {"1", "true", "yes", "on"}
NO = {"0", "false", "no", "off"}
BROKERS = ("spool", "amqp", "amqps", "redis", "rediss", "memory")
KINDS = {int: "a whole number", float: "a number", dict: "a list such as a=b,c=d"}

_LINE = re.compile(r"(?:export )?[A-Za-z_][A-Za-z_0-9]*=(?P<value>.*)")


class Environment(environ.Env):
    """django-environ, with its gaps closed: an empty variable is one that is not set."""

    escape_proxy = True

    def get_value(self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False):
        """Raises ImproperlyConfigured for a value that does not fit; the value itself is not shown."""
        if self.ENVIRON.get(var) == "" and default is not self.NOTSET:
            return default
        try:
            return super().get_value(var, cast=cast, default=default, parse_default=parse_default)
        except (ValueError, KeyError, AttributeError) as error:
            raise ImproperlyConfigured(f"{var} is not {KINDS.get(cast, 'a value we can read')}.") from error

    def flag(self, var: str, default: bool) -> bool:
        word = self.str(var, "").strip().lower()
        if word and word not in YES | NO:
            raise ImproperlyConfigured(f"{var} is neither on nor off: write 1 or 0.")
        return word in YES if word else default

    def whole(self, var: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
        value = int(self.int(var, default))
        if not least <= value <= most:
            raise ImproperlyConfigured(f"{var} is not between {least} and {most}.")
        return value

    def one_of(self, var: str, *words: str) -> str:
        """One of the words; the first unless set."""
        value = str(self.str(var, words[0])).strip()
        if value not in words:
            raise ImproperlyConfigured(f"{var} is none of {', '.join(words)}.")
        return value

    def words(self, var: str) -> list[str]:
        """A list with commas; spaces around its parts do not count."""
        return [word.strip() for word in self.str(var, "").split(",") if word.strip()]

    def secret(self, var: str) -> str:
        """As it stands (a leading $ has no meaning), or from the file that `<var>_FILE` names."""
        path = os.environ.get(f"{var}_FILE", "")
        if not path:
            return os.environ.get(var, "").strip()
        try:
            return Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{var}_FILE names a file that cannot be read.") from error

    def site(self, var: str, default: str) -> SplitResult:
        """The address of a site: scheme and host, no path."""
        address = urlsplit(self.str(var, default).rstrip("/"))
        if address.scheme not in ("http", "https") or not address.hostname or address.path or address.query:
            raise ImproperlyConfigured(f"{var} is not an address such as https://connect.example.com.")
        return address

    def database(self, var: str, default: str) -> dict[str, Any]:
        found = self._service(self.db_url, "ENGINE", var, default)
        if not found["ENGINE"].endswith(("sqlite3", "postgresql")):
            raise ImproperlyConfigured(f"{var} names neither postgres:// nor sqlite:///.")
        return found

    def cache(self, var: str, default: str) -> dict[str, Any]:
        return self._service(self.cache_url, "BACKEND", var, default)

    def mail(self, var: str, default: str) -> dict[str, Any]:
        """For a folder of mails, filemail:///a/b is taken as /a/b, whatever folder the process was started in."""
        found = self._service(self.email_url, "EMAIL_BACKEND", var, default)
        if found["EMAIL_BACKEND"].endswith(".filebased.EmailBackend"):
            found["EMAIL_FILE_PATH"] = f"/{found['EMAIL_FILE_PATH'].lstrip('/')}"
        return found

    def broker(self, var: str, default: str) -> str:
        address = str(self.str(var, default)).strip()
        if address.partition("://")[0] not in BROKERS:
            raise ImproperlyConfigured(f"{var} begins with none of {', '.join(BROKERS)}.")
        return address

    @staticmethod
    def _service(read: Callable[..., dict[str, Any]], needed: str, var: str, default: str) -> dict[str, Any]:
        """What django-environ makes of an address; it warns of some that it cannot read, and raises for others."""
        try:
            with warnings.catch_warnings(action="error"):
                found = read(var, default)
        except (ValueError, UserWarning, ImproperlyConfigured) as error:
            raise ImproperlyConfigured(f"{var} is not an address that we can use.") from error
        if not found.get(needed):
            raise ImproperlyConfigured(f"{var} is not an address that we can use.")
        return found

    def networks(self, var: str, *, or_socket: bool = True) -> list[str]:
        """Addresses and networks; `unix` stands for a socket file, where one makes sense."""
        words = self.words(var)
        for word in words:
            try:
                (or_socket and word == "unix") or ip_network(word)
            except ValueError as error:
                also = " and not unix" if or_socket else ""
                raise ImproperlyConfigured(f"{var} holds what is no address, no network{also}.") from error
        return words

    def time_zone(self, var: str, default: str) -> str:
        name = str(self.str(var, default))
        if name not in available_timezones():
            raise ImproperlyConfigured(f"{var} is not a time zone such as Europe/London.")
        return name


def read_file(path: Path) -> None:
    """Take what the file sets and the environment does not.

    Raises ImproperlyConfigured that names the line which is not NAME=value; what stands there is not shown.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"The settings file {path} cannot be read.") from error
    for number, line in enumerate(lines, start=1):
        if line and not line.startswith("#") and not _is_assignment(line):
            raise ImproperlyConfigured(f"The settings file {path}, line {number}: this is not NAME=value.")
    environ.Env.read_env(StringIO("\n".join(lines)))


def _is_assignment(line: str) -> bool:
    match = _LINE.fullmatch(line)
    if match is None:
        return False
    value = match["value"]
    quote = value[:1] if value[:1] in ("'", '"') else ""
    return not quote or (len(value) > 1 and value.endswith(quote))


def load(base: Path) -> Path:
    """Read the settings file, if there is one, and say where this installation keeps its files."""
    named = os.environ.get("ENV_FILE")
    path = base / (named or ".env")
    if named or path.exists():
        read_file(path)
    return base / (os.environ.get("VAR_DIR") or "var")
