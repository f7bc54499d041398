"""A peer that answers with the bytes it is told, as slowly and as badly as it is told.

For faults of the line that a proper HTTP server does not make. What Codat itself says and does is the sandbox's.
"""

import json
import select
import socket
import ssl
import struct
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

RESET = object()  # ends the connection with a reset
HANG = object()  # says nothing more, until the peer is closed


@dataclass
class Seen:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Peer:
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        self._script: deque[tuple[Any, ...]] = deque()
        self._over = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._port = self._server.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._port}"

    def answers(self, status: int = 200, told: Any = None, *, body: bytes | None = None, **headers: str) -> None:
        """Order a proper answer; header names are given with underscores."""
        content = json.dumps({} if told is None else told).encode() if body is None else body
        lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(content)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.sends("\r\n".join(lines).encode() + b"\r\n\r\n" + content)

    def sends(self, *pieces: Any) -> None:
        """Order an answer of bytes, pauses in seconds, RESET and HANG; a tuple of one piece is sent for ever."""
        self._script.append(pieces)

    def close(self) -> None:
        if self._over.is_set():
            return
        self._over.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._talk, args=(line,))
            self._threads.append(thread)
            thread.start()

    def _talk(self, line: socket.socket) -> None:
        line.settimeout(10)
        try:
            if self.tls:
                line = self.tls.wrap_socket(line, server_side=True)
        except OSError:
            line.close()
            return
        with line, line.makefile("rb") as reader:
            try:
                while self._is_asked(line) and (request := _request(reader)):
                    self.seen.append(request)
                    if not self._answer(line):
                        return
            except OSError:
                return

    def _is_asked(self, line: socket.socket) -> bool:
        """Wait for the next request, or for the end."""
        while not self._over.is_set():
            if select.select([line], [], [], 0.02)[0]:
                return True
        return False

    def _answer(self, line: socket.socket) -> bool:
        """Whether the connection lives on."""
        for piece in self._script.popleft() if self._script else (RESET,):
            if piece is RESET:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            if piece is HANG:
                self._over.wait()
            elif isinstance(piece, bytes):
                line.sendall(piece)
            elif isinstance(piece, tuple):
                while not self._over.wait(0.02):
                    line.sendall(piece[0])
            else:
                self._over.wait(piece)
        return True


def _request(reader: Any) -> Seen | None:
    start = reader.readline().decode("latin-1").split()
    if len(start) != 3:
        return None
    headers = {}
    while text := reader.readline().decode("latin-1").strip():
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    return Seen(start[0], start[1], headers, reader.read(int(headers.get("content-length", 0))))
