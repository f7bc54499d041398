"""Time limits that hold for a whole exchange.

A read timeout of requests starts anew with every piece that arrives, and name look-ups have none:
a peer that sends a byte a second, or a dead resolver, holds a web worker for minutes. Here every
wait of the socket gets only what is left of the deadline, from the name look-up to the last byte.
"""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family
from urllib3.util.ssl_ import create_urllib3_context

Address = tuple[Any, ...]

_until: ContextVar[float | None] = ContextVar("until", default=None)


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Whatever waits for a socket inside raises TimeoutError in `seconds` at the latest; of two, the tighter holds."""
    until = _until.get()
    if seconds is not None:
        until = monotonic() + seconds if until is None else min(until, monotonic() + seconds)
    token = _until.set(until)
    try:
        yield
    finally:
        _until.reset(token)


def seconds_left(limit: float | None = None) -> float | None:
    """The smaller of `limit` and the time left. Raises TimeoutError if there is none left."""
    until = _until.get()
    if until is None:
        return limit
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError("the time for this exchange is over")
    return left if limit is None else min(left, limit)


def has_time_for(seconds: float) -> bool:
    """Whether something that takes so long would end before the deadline."""
    until = _until.get()
    return until is None or monotonic() + seconds < until


class TimedSocket(socket.socket):
    def recv_into(self, *args: Any, **options: Any) -> int:
        self.settimeout(seconds_left(self.gettimeout()))
        return super().recv_into(*args, **options)


class TimedTLSSocket(ssl.SSLSocket):
    def recv_into(self, *args: Any, **options: Any) -> int:
        self.settimeout(seconds_left(self.gettimeout()))
        return super().recv_into(*args, **options)


class _TimedConnect:
    """Opens a connection's socket, name look-up and every address included, before the deadline."""

    def _new_conn(self) -> socket.socket:  # the place urllib3's own SOCKS connections change, too
        connection = cast(HTTPConnection, self)
        host, port = connection._dns_host, connection.port
        limit = connection.timeout if isinstance(connection.timeout, int | float) else None
        try:
            return _connect(resolve(host, port, limit), limit, connection.socket_options or ())
        except socket.gaierror as error:
            raise NameResolutionError(host, connection, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(connection, "connecting timed out") from error
        except OSError as error:
            raise NewConnectionError(connection, f"connecting failed: {type(error).__name__}") from error


def resolve(host: str, port: int, limit: float | None) -> list[Address]:
    """The addresses of a host. Raises TimeoutError when the deadline or `limit` (seconds) is over first.

    The system's look-up cannot be told to hurry: it gets a thread of its own, and is left behind.
    """
    answer: SimpleQueue[list[Address] | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            answer.put(list(socket.getaddrinfo(host.strip("[]"), port, allowed_gai_family(), socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:
            answer.put(error if isinstance(error, OSError) else socket.gaierror(str(error)))

    Thread(target=look_up, name="codat-name-look-up", daemon=True).start()
    try:
        found = answer.get(timeout=seconds_left(limit))
    except Empty:
        raise TimeoutError("the name look-up took too long") from None
    if isinstance(found, OSError):
        raise found
    return found


def _connect(addresses: list[Address], limit: float | None, options: Any) -> TimedSocket:
    failure = OSError("no address")
    for family, kind, protocol, _, address in addresses:
        sock = TimedSocket(family, kind, protocol)
        try:
            for option in options:
                sock.setsockopt(*option)
            sock.settimeout(seconds_left(limit))
            sock.connect(address)
            sock.settimeout(seconds_left(limit))  # for the TLS handshake, which has one limit as a whole
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


class TimedHTTPConnection(_TimedConnect, HTTPConnection):
    pass


class TimedHTTPSConnection(_TimedConnect, HTTPSConnection):
    pass


class TimedHTTPPool(HTTPConnectionPool):
    ConnectionCls = TimedHTTPConnection


class TimedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = TimedHTTPSConnection


class TimedAdapter(HTTPAdapter):
    """Connections of requests that keep to the `deadline`; certificates are checked as ever."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=_tls_context(), **options)
        _timed(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return _timed(super().proxy_manager_for(proxy, ssl_context=_tls_context(), **options))


def _timed(manager: PoolManager) -> PoolManager:
    manager.pool_classes_by_scheme = {"http": TimedHTTPPool, "https": TimedHTTPSPool}
    return manager


def _tls_context() -> ssl.SSLContext:
    context = create_urllib3_context()
    context.sslsocket_class = TimedTLSSocket
    return context
