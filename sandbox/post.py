"""One POST to an endpoint, over a connection that stays open between posts."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 15


class Poster:
    """Used by one thread. Never follows a redirect."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], http.client.HTTPConnection] = {}

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer; 0 when there was none within 15 seconds."""
        parts = urlsplit(url)
        target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        where = (parts.scheme, parts.netloc)
        reused = self._open.pop(where, None)
        if reused is not None:
            try:
                return self._exchange(where, reused, target, body, headers)
            except (ConnectionError, http.client.RemoteDisconnected, http.client.CannotSendRequest):
                reused.close()  # closed meanwhile by the other side: not an answer
            except (OSError, http.client.HTTPException):
                reused.close()
                return 0
        fresh = _connect(*where)
        try:
            return self._exchange(where, fresh, target, body, headers)
        except (OSError, http.client.HTTPException):
            fresh.close()
            return 0

    def _exchange(
        self,
        where: tuple[str, str],
        connection: http.client.HTTPConnection,
        target: str,
        body: bytes,
        headers: dict[str, str],
    ) -> int:
        connection.request("POST", target, body, headers)
        response = connection.getresponse()
        response.read()
        if response.will_close:
            connection.close()
        else:
            self._open[where] = connection
        return response.status


def _connect(scheme: str, host: str) -> http.client.HTTPConnection:
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    return kind(host, timeout=TIMEOUT_SECONDS)
