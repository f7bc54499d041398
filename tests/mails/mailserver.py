"""A mail server of forty lines on a free port: takes mail, or refuses it as ordered."""

from __future__ import annotations

import socketserver
import threading
from collections import deque


class MailServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.taken: list[str] = []
        self.refuses: dict[str, str] = {}  # address → answer, such as "550 no such user"
        self.next_answers: deque[str] = deque()  # to whole letters
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Talk(socketserver.StreamRequestHandler):
    server: MailServer

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())

    def handle(self) -> None:
        self.say("220 here")
        for line in self.rfile:
            word = line.decode().strip()
            if word.upper().startswith("RCPT"):
                address = word.partition("<")[2].partition(">")[0]
                self.say(self.server.refuses.get(address, "250 yes"))
            elif word.upper() == "DATA":
                self.say("354 go on")
                self.take()
            elif word.upper() == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 yes")

    def take(self) -> None:
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.decode())
        if self.server.next_answers:
            self.say(self.server.next_answers.popleft())
            return
        self.server.taken.append("".join(lines))
        self.say("250 taken")
