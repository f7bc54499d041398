"""A load of prepared HTTP requests from one thread, so light that the servers have the processors to themselves."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter

PATIENCE_SECONDS = 60.0


@dataclass
class Told:
    """How a load went. `latencies` in seconds, in the order of the answers."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


class _Line:
    """One connection with at most one request under way; opened again when the server closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.socket = self._open()
        self.sent_at = 0.0
        self._answer = b""

    def _open(self) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE_SECONDS)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line

    def send(self, request: bytes) -> None:
        self.sent_at, self._answer = perf_counter(), b""
        self.socket.sendall(request)

    def reopen(self) -> None:
        self.socket.close()
        self.socket = self._open()

    def receive(self) -> tuple[str, bool] | None:
        """The status, and whether the line stays open, once the answer is whole."""
        part = self.socket.recv(262_144)
        if not part and not self._answer:
            raise ConnectionError("The server closed a line without an answer.")
        self._answer += part
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found:
            return None
        lower = head.lower()
        _, named, rest = lower.partition(b"\r\ncontent-length:")
        if named and len(body) < int(rest.split(b"\r\n")[0]):
            return None
        if not named and part and b"transfer-encoding: chunked" in lower and not body.endswith(b"0\r\n\r\n"):
            return None
        return head[9:12].decode(), b"connection: close" not in lower


def send_all(port: int, requests: Sequence[bytes], lines: int) -> Told:
    """Every request once, over so many connections at a time."""
    told, waiting = Told(), iter(requests)
    selector = selectors.DefaultSelector()
    started = perf_counter()
    open_lines = [_Line(port) for _ in range(min(lines, len(requests)))]
    for line in open_lines:
        selector.register(line.socket, selectors.EVENT_READ, line)
        line.send(next(waiting))
    left = len(open_lines)
    while left:
        ready = selector.select(PATIENCE_SECONDS)
        assert ready, "the server does not answer"
        for key, _ in ready:
            left -= _take(selector, key.data, told, waiting)
    told.seconds = perf_counter() - started
    for line in open_lines:
        line.socket.close()
    return told


def _take(selector: selectors.BaseSelector, line: _Line, told: Told, waiting: Iterator[bytes]) -> int:
    """Take in what came and send the line's next request; 1 if it was the line's last."""
    found = line.receive()
    if found is None:
        return 0
    status, stays = found
    told.latencies.append(perf_counter() - line.sent_at)
    told.statuses[status] = told.statuses.get(status, 0) + 1
    request = next(waiting, None)
    if request is None:
        selector.unregister(line.socket)
        return 1
    if not stays:
        selector.unregister(line.socket)
        line.reopen()
        selector.register(line.socket, selectors.EVENT_READ, line)
    line.send(request)
    return 0


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def get(path: str, **headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"
