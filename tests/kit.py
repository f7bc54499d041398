"""The test kit: Codat as a process of its own, and trouble on order.

`Sandbox` starts `python -m sandbox` on a free port and speaks to its control API. Needs no Django.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sandbox.signature import sign as _sign

ROOT = Path(__file__).resolve().parent.parent
READY = "Sandbox ready at "
CONTROL_TIMEOUT_SECONDS = 60
DEFAULT_API_KEY = "test-key"
DEFAULT_SECRET = "whsec_dGVzdHMtb25seS13ZWJob29rLXNlY3JldC0wMTIz"


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of the `webhook-signature` header of a true event."""
    return _sign(secret, message_id, timestamp, body)


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_WITHOUT_REDIRECTS = urllib.request.build_opener(_StayHere)


@dataclass(frozen=True)
class Request:
    """An API request that the sandbox received. `invalid`: a careful client would not have sent it."""

    method: str
    path: str
    query: str
    idempotency_key: str
    body: Any
    at: str
    status: int
    invalid: bool
    replayed: bool
    fate: str
    seconds: float


class Sandbox:
    """A local Codat that tests start, order about and stop. It keeps its port between starts."""

    def __init__(self, *arguments: str, api_key: str | None = None, webhook_secret: str | None = None) -> None:
        self.api_key = api_key or os.environ.get("CODAT_API_KEY", DEFAULT_API_KEY)
        self.webhook_secret = webhook_secret or os.environ.get("CODAT_WEBHOOK_SECRET", DEFAULT_SECRET)
        self._first_secret = self.webhook_secret
        self.url = ""
        self.redirect_url = "http://testserver/return/?" + "&".join(
            f"{name}={{{name}}}" for name in ("companyId", "connectionId", "statusCode", "errorMessage", "statusText")
        )
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Sandbox:
        """Returns once it listens. Raises RuntimeError when it cannot."""
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "sandbox", "--port", port, "--read-seconds", "0", "--until-stdin-closes"]
        command += ["--redirect-url", self.redirect_url, *self._arguments]
        secrets = {"SANDBOX_API_KEY": self.api_key, "SANDBOX_WEBHOOK_SECRET": self.webhook_secret}
        self._process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **secrets}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line.startswith(READY):
            self.kill()
            raise RuntimeError("The sandbox did not start.")
        self.url = line.removeprefix(READY)
        return self

    def stop(self) -> int:
        """Asks it to stop; returns its exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._ended()

    def kill(self) -> None:
        """Ends it without a word, as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._ended()

    def _ended(self) -> int:
        assert self._process is not None
        status = self._process.wait(timeout=15)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None
        return status

    def control(self, method: str, path: str, content: Any = None) -> Any:
        """One call of the control API; every other method is made of these."""
        request = urllib.request.Request(f"{self.url}/_sandbox{path}", method=method)
        if method == "POST":
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(content if content is not None else {}).encode()
        with urllib.request.urlopen(request, timeout=CONTROL_TIMEOUT_SECONDS) as response:
            text = response.read()
        return json.loads(text) if text else None

    def reset(self) -> None:
        """Everything as after the start."""
        self.control("POST", "/reset")
        self.webhook_secret = self._first_secret

    def next_answer(
        self,
        status: int,
        *,
        method: str | None = None,
        path: str | None = None,
        times: int | None = 1,
        every: int = 1,
        body: Any = None,
        after_effect: bool = False,
        **headers: Any,
    ) -> None:
        """The next requests get this answer; `after_effect`: the work is done all the same.

        `path` is a regular expression found anywhere in path?query. `Retry_After=7` sends that header.
        `times=None` holds until the next reset; `every=n` acts on every n-th such request.
        """
        told = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        order = {"kind": "answer", "status": status, "body": body, "after_effect": after_effect, "headers": told}
        self._rule(order, method, path, times, every)

    def lose_answer(
        self, method: str | None = None, path: str | None = None, times: int | None = 1, every: int = 1
    ) -> None:
        """The work is done, and then the line is cut."""
        self._rule({"kind": "lose"}, method, path, times, every)

    def slow(
        self,
        seconds: float,
        method: str | None = None,
        path: str | None = None,
        times: int | None = 1,
        every: int = 1,
        after_effect: bool = False,
    ) -> None:
        """Answers late, or as soon as `no_more_trouble` is said; meanwhile the same Idempotency-Key gets 409."""
        order = {"kind": "slow", "seconds": seconds, "after_effect": after_effect}
        self._rule(order, method, path, times, every)

    def garble(
        self,
        kind: str = "json",
        method: str | None = None,
        path: str | None = None,
        times: int | None = 1,
        every: int = 1,
    ) -> None:
        """The work is done, the answer arrives damaged: json (cut), html, half (line cut) or reset."""
        self._rule({"kind": kind}, method, path, times, every)

    def _rule(self, order: dict[str, Any], method: str | None, path: str | None, times: int | None, every: int) -> None:
        self.control("POST", "/rules", {**order, "method": method, "path": path, "times": times, "every": every})

    def no_more_trouble(self) -> None:
        """Forgets every order above; what is kept back by one is answered now."""
        self.control("DELETE", "/rules")

    def unknown_status(self, connection_id: str, text: str | None) -> None:
        """Shows a status that nobody knows, in answers and events; None shows the true one again."""
        self._act(connection_id, "show", status=text)

    def extra_fields(self, on: bool = True) -> None:
        self.settings(extra_fields=on)

    def settings(self, **changes: Any) -> None:
        """Any switch of `sandbox/settings.py` by its name, and `redirect_url`."""
        self.control("POST", "/settings", changes)

    def requests(self, path: str | None = None, method: str | None = None) -> list[Request]:
        """The API requests so far, oldest first. `path` is a regular expression found in path?query."""
        names = [field.name for field in fields(Request)]
        query = urlencode({"path": path or "", "method": method or ""})
        return [Request(**{name: entry[name] for name in names}) for entry in self.control("GET", f"/requests?{query}")]

    def forget_requests(self) -> None:
        self.control("DELETE", "/requests")

    def counts(self) -> dict[str, int]:
        return self.control("GET", "/counts")

    def companies(self) -> list[dict[str, Any]]:
        """Every company with its `connections`, as they truly are."""
        return self.control("GET", "/state")

    def connection(self, connection_id: str) -> dict[str, Any]:
        return self.control("GET", f"/connections/{connection_id}")

    def events(self) -> list[dict[str, str]]:
        """messageId and eventType of every event so far, delivered or not."""
        return self.control("GET", "/webhooks")["events"]

    def deliveries(self) -> list[dict[str, Any]]:
        """Every attempt to deliver an event: messageId, eventType, url, attempt, status (0: no answer)."""
        return self.control("GET", "/webhooks")["attempts"]

    def create_company(self, name: str, **tags: str) -> str:
        """A company made elsewhere, by its id."""
        return self.control("POST", "/companies", {"name": name, "tags": tags})["id"]

    def create_connection(self, company_id: str, platform_key: str) -> str:
        """A connection made elsewhere, by its id; no rule is asked."""
        return self.control("POST", f"/companies/{company_id}/connections", {"platformKey": platform_key})["id"]

    def authorise(self, connection_id: str, organisation: str | None = None, reads: bool = True) -> None:
        self._act(connection_id, "authorise", organisation=organisation, reads=reads)

    def cancel(self, connection_id: str) -> None:
        self._act(connection_id, "cancel")

    def fail(self, connection_id: str, message: str = "The software did not answer.") -> None:
        self._act(connection_id, "fail", message=message)

    def deauthorise(self, connection_id: str) -> None:
        self._act(connection_id, "deauthorise")

    def unlink(self, connection_id: str) -> None:
        self._act(connection_id, "unlink")

    def delete_connection(self, connection_id: str) -> None:
        self._act(connection_id, "delete")

    def drift(self, connection_id: str, status: str) -> None:
        """Another status, and nobody is told."""
        self._act(connection_id, "drift", status=status)

    def _act(self, connection_id: str, act: str, **told: Any) -> None:
        self.control("POST", f"/connections/{connection_id}/{act}", told)

    def delete_company(self, company_id: str) -> None:
        self.control("POST", f"/companies/{company_id}/delete")

    def enable(self, platform_key: str, on: bool) -> None:
        """Whether our client has this platform enabled at Codat."""
        self.control("POST", f"/platforms/{platform_key}", {"enabled": on})

    def reads(self, company_id: str, status: str = "Complete", **types: str) -> None:
        """Sets where the reads stand, `bills="FetchError"` for single types; when all have an end, they end now."""
        self.control("POST", f"/companies/{company_id}/reads", {"status": status, "types": types})

    def write(self, connection_id: str, data_type: str = "bills", successful: bool = True) -> None:
        """Something was written to the software, or could not be: `bills.write.successful` and the like."""
        self._act(connection_id, "write", data_type=data_type, is_successful=successful)

    def expense_sync(self, company_id: str, successful: bool = True) -> None:
        self.control("POST", f"/companies/{company_id}/expenseSync", {"is_successful": successful})

    def visit_link(self, link_url: str, answer: str = "authorise", organisation: str = "") -> str:
        """Opens a link address as a browser would, answers authorise, cancel, fail or unsupported.

        Returns the address that the browser is sent back to. Raises urllib.error.HTTPError for a dead link.
        """
        with urllib.request.urlopen(link_url, timeout=CONTROL_TIMEOUT_SECONDS) as page:
            form = urlencode({"answer": answer, "organisation": organisation}).encode()
            where = page.url
        try:
            with _WITHOUT_REDIRECTS.open(where, form, timeout=CONTROL_TIMEOUT_SECONDS):
                return ""  # the client has no redirect address
        except urllib.error.HTTPError as back:
            with back:
                if back.status != 303:
                    raise
                return back.headers["Location"]

    def read_speed(self, seconds: float) -> None:
        """How long reads take from now on; 0 ends them at once."""
        self.settings(read_seconds=seconds)

    def fill(
        self,
        n: int,
        connections_per_company: float = 1.2,
        uids: Iterable[object] | None = None,
        status: str | Sequence[str] = "Linked",
        platform: str | Sequence[str] = ("qhyg", "gbol", "akxx", "fbrh"),
    ) -> list[dict[str, Any]]:
        """Many companies, silently. Returns id, uid and connection ids of the first 5,000; `companies()` has all."""
        order = {
            "count": n,
            "connections_per_company": connections_per_company,
            "status": status if isinstance(status, str) else list(status),
            "platform": platform if isinstance(platform, str) else list(platform),
        }
        if uids is not None:
            order["uids"] = [str(uid) for uid in uids][:n]
        return self.control("POST", "/fill", order)["companies"]

    def quota(
        self,
        daily: int | None = None,
        per_minute: int | None = None,
        used: int | None = None,
        retry_after: int | None = None,
        concurrent: int | None = None,
        as_dates: bool = False,
    ) -> None:
        """Sets the limits; None is Codat's formula, no limit, or the true time. `used` only if given."""
        limits = {"daily": daily, "per_minute": per_minute, "retry_after": retry_after, "concurrent": concurrent}
        limits |= {"retry_after_as_date": as_dates, "reset_as_date": as_dates}
        self.control("POST", "/quota", limits if used is None else {**limits, "used": used})

    def clock(self, offset_seconds: float) -> None:
        """The sandbox's clock runs this much ahead of ours."""
        self.control("POST", "/clock", {"offset_seconds": offset_seconds})

    def webhooks(
        self,
        url: str | None = None,
        secret: str | None = None,
        off: bool = False,
        duplicates: int = 0,
        shuffle: bool = False,
        delay_seconds: float = 0,
        drop: bool = False,
        compress: float = 1,
        lanes: int = 4,
    ) -> None:
        """Where events go (unchanged if not given; "" nowhere) and how; a disabled endpoint is enabled again.

        off: missed, `replay()` brings them. drop: gone for good. shuffle: newest first. compress: divides the
        delays of the retry schedule. lanes: deliveries at once.
        """
        manner = {"off": off, "drop": drop, "duplicates": duplicates, "shuffle": shuffle, "lanes": lanes}
        manner |= {"delay_seconds": delay_seconds, "compress": compress}
        given = {name: value for name, value in (("url", url), ("secret", secret)) if value is not None}
        self.webhook_secret = secret or self.webhook_secret
        self.control("POST", "/webhooks", {**manner, **given})

    def emit(
        self,
        event_type: str,
        payload: dict[str, Any],
        *,
        message_id: str | None = None,
        generated_at: str | None = None,
    ) -> str:
        """Any event, of any type, signed and delivered like a true one; returns its message id."""
        order = {"event_type": event_type, "payload": payload, "message_id": message_id, "generated_at": generated_at}
        return self.control("POST", "/emit", order)["messageId"]

    def storm(self, n: int) -> None:
        """Many events at once, each telling the present status of some connection."""
        self.control("POST", "/storm", {"count": n})

    def replay(self, everything: bool = False) -> int:
        """Sends again what was missed, or everything, under the same message ids; returns how many."""
        return self.control("POST", "/replay", {"everything": everything})["sent"]

    def settle(self, timeout_seconds: float = 20) -> None:
        """Waits until no delivery is on its way or due. Raises TimeoutError."""
        if not self.control("POST", "/settle", {"timeout_seconds": timeout_seconds})["idle"]:
            raise TimeoutError("Deliveries are still on their way.")
