"""The HTTP/1.1 server: a thread for each connection, connections stay open."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sandbox.app import App
from sandbox.errors import ApiError
from sandbox.exchange import Answer, Request, error_answer
from sandbox.settings import Options

MOST_BODY_BYTES = 50_000_000  # orders of the control API fill whole worlds
IDLE_SECONDS = 300
RESET_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST
NO_BODY = {204, 304}


class SandboxServer(ThreadingHTTPServer):
    """Listens at once; `url` says where."""

    daemon_threads = True
    block_on_close = False  # open connections must not hold up the end
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, options: Options) -> None:
        super().__init__((options.host, options.port), Handler)
        host = "127.0.0.1" if options.host in {"", "0.0.0.0"} else options.host  # noqa: S104  as asked for
        self.url = options.public_url or f"http://{host}:{self.server_address[1]}"
        self.app = App(options, self.url)

    def server_bind(self) -> None:
        """Without the reverse name look-up of the standard server, which may take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news; everything else is printed by the standard server."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    """Reads requests and writes answers."""

    server: SandboxServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    rbufsize = 65_536

    def _serve(self) -> None:
        try:
            request = Request(self.command, self.path, self.headers, self._body(), str(self.client_address[0]))
            answer = self.server.app.handle(request)
        except ApiError as error:  # a body that cannot be read
            answer = error_answer(error)
            self.close_connection = True
        self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding"):
            raise ApiError(411)
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit():
            raise ApiError(400)
        if int(length) > MOST_BODY_BYTES:
            raise ApiError(413)
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # the client died in the middle: nothing was asked
            raise ApiError(400)
        return body

    def _send(self, answer: Answer) -> None:
        if answer.fate == "reset":
            self._reset()
            return
        if answer.fate == "lose":
            self._hang_up()
            return
        body = b"" if self.command == "HEAD" or answer.status in NO_BODY else answer.body
        head = self._head(answer, len(answer.body) if answer.status not in NO_BODY else 0)
        if answer.fate == "half":
            self.wfile.write(head + body[: len(body) // 2])
            self._hang_up()
            return
        self.wfile.write(head + body)

    def _head(self, answer: Answer, length: int) -> bytes:
        """Status line and headers; sent together with the body in one write."""
        try:
            phrase = HTTPStatus(answer.status).phrase
        except ValueError:
            phrase = ""
        lines = [f"HTTP/1.1 {answer.status} {phrase}", f"Date: {self.date_time_string()}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        if answer.status not in NO_BODY:
            lines.append(f"Content-Length: {length}")
        if self.close_connection:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _reset(self) -> None:
        """The socket is closed below the file objects that still hold it, so that the kernel sends RST, not FIN."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
        os.close(self.connection.detach())

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the request log is asked for by the control API."""
