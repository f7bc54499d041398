"""One call to Codat: sent, counted, read within its limits, and turned into an answer or a CodatError."""

import base64
import binascii
import logging
import os
import re
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from threading import Lock
from time import monotonic, sleep
from typing import TypeVar
from urllib.parse import quote, urlsplit

import requests
from requests.auth import AuthBase
from requests.exceptions import ContentDecodingError
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from .call import MAX_ERROR_BYTES, Answer, Call, Limits
from .deadline import TimedAdapter, deadline, has_time_for
from .errors import Busy, CodatError, Garbled, Unreachable
from .failures import failure_of_answer, failure_of_exchange
from .fields import read_storable_json
from .limits import Gate, Quota, retry_after_seconds
from .links import is_loopback

T = TypeVar("T")

log = logging.getLogger("onboarding.codat")
# urllib3 warns of headers that it cannot read by quoting them, with the whole address: a Link URL among them.
logging.getLogger("urllib3").setLevel(logging.ERROR)

POOL_SIZE = 32  # connections kept alive; with more threads than this, some connect anew

# Steers the loop in `Transport.send` instead of urllib3's own, so that the gate hears of every try.
RETRY = Retry(
    total=2,
    connect=2,
    read=2,
    backoff_factor=0.3,
    backoff_jitter=0.3,
    status_forcelist=(502, 503, 504),
    respect_retry_after_header=False,
    raise_on_status=False,
    allowed_methods=frozenset({"GET"}),
)


class Transport:
    """Keeps connections to one base address alive; safe to share between threads, and after a fork."""

    def __init__(self, base_url: str, api_key: str) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError("the base URL of Codat is not a plain http or https address")
        self.base_url = base_url.rstrip("/")
        self._key = ApiKey(api_key)
        # A proxy of the environment is for the way out, and would send the local Codat's calls there too.
        self._uses_proxies = not is_loopback(parts.hostname)
        self._lock = Lock()
        self._session: requests.Session | None = None
        self._session_pid = 0

    def ask(self, call: Call, limits: Limits, gate: Gate | None, reader: Callable[[object], T]) -> T:
        """Send a call and read its answer's JSON (None if empty). Raises a CodatError."""
        answer = self.send(call, limits, gate)
        try:
            return reader(read_storable_json(answer.body) if answer.body.strip() else None)
        except Garbled as error:
            reason = error.reason
        raise Garbled(
            call.operation,
            reason=reason,
            status_code=answer.status_code,
            correlation_id=answer.correlation_id,
        )

    def send(self, call: Call, limits: Limits, gate: Gate | None) -> Answer:
        """Send a call, a read again if that is worth it. Writes one log line. Raises a CodatError."""
        started, tries = monotonic(), 1
        retries = RETRY.new(total=limits.read_retries)
        with deadline(limits.total_seconds):
            outcome = self._try(call, limits, gate)
            while _is_worth_repeating(call, outcome, retries):
                retries = retries.increment(call.method)
                pause = retries.get_backoff_time()
                if not has_time_for(pause):
                    break
                sleep(pause)
                outcome, tries = self._try(call, limits, gate), tries + 1
        _write_log(call, outcome, tries, (monotonic() - started) * 1000)
        if isinstance(outcome, CodatError):
            raise outcome  # here, and not where it was made: no exception with an address hangs on it
        return outcome

    def _try(self, call: Call, limits: Limits, gate: Gate | None) -> Answer | CodatError:
        try:
            if gate:
                gate.before(call.operation)
        except Busy as error:
            error.operation = error.operation or call.operation
            return error
        outcome: Answer | CodatError | None = None
        try:
            outcome = self._exchange_or_failure(call, limits)
        finally:  # the gate may count the calls under way: each that left must be seen to end
            if gate:
                _tell(gate, call, outcome)
        if isinstance(outcome, CodatError) or outcome.is_success:
            return outcome
        return failure_of_answer(call.operation, outcome)

    def _exchange_or_failure(self, call: Call, limits: Limits) -> Answer | CodatError:
        try:
            return self._exchange(call, limits)
        except Garbled as error:
            return error
        except (requests.RequestException, HTTPError, OSError) as error:
            return failure_of_exchange(call.operation, error)

    def _exchange(self, call: Call, limits: Limits) -> Answer:
        headers = {"Idempotency-Key": str(call.key)} if call.key else {}
        with (
            deadline(limits.connect_seconds + limits.read_seconds),
            self._open_session().request(
                call.method,
                call.picture_url or self._address(call),
                params={name: value for name, value in call.query.items() if value is not None},
                json=call.body,
                headers=headers,
                auth=_no_key if call.picture_url else self._key,
                timeout=(limits.connect_seconds, limits.read_seconds),
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            return _read(call, response)

    def _address(self, call: Call) -> str:
        names = [quote(str(part), safe="") for part in call.path]
        if {"", ".", ".."}.intersection(names):  # the one thing that quoting does not keep in its place
            raise ValueError("an empty or dotted name in the path")
        return "/".join([self.base_url, *names])

    def _open_session(self) -> requests.Session:
        # A worker that forked holds its parent's sockets: two processes on one connection mix their answers.
        with self._lock:
            if self._session is None or self._session_pid != os.getpid():
                self._session, self._session_pid = self._new_session(), os.getpid()
            return self._session

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = self._uses_proxies
        session.headers.update({"Accept": "application/json", "User-Agent": "codat-onboarding-portal"})
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # nothing is carried between threads
        adapter = TimedAdapter(pool_connections=4, pool_maxsize=POOL_SIZE, max_retries=0)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session


class ApiKey(AuthBase):
    """Puts the key on a request. Codat wants base64 of the key alone; its Portal also shows the finished header."""

    def __init__(self, api_key: str) -> None:
        api_key = api_key.strip()
        if api_key.startswith("Basic "):
            self._header = f"Basic {api_key.removeprefix('Basic ').strip()}"
        else:
            self._header = f"Basic {base64.b64encode(api_key.encode()).decode()}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request

    def __repr__(self) -> str:
        return "<api key>"


def looks_encoded(api_key: str) -> bool:
    """Whether a key looks like the finished header, or the Base64 of a key."""
    if api_key.lower().startswith("basic "):
        return True
    if len(api_key) < 16 or len(api_key) % 4 or not api_key.endswith("="):
        return False
    try:
        return re.fullmatch(rb"[A-Za-z0-9_-]{8,}", base64.b64decode(api_key, validate=True)) is not None
    except binascii.Error:
        return False


def _tell(gate: Gate, call: Call, outcome: Answer | CodatError | None) -> None:
    headers: Mapping[str, str] = outcome.headers if isinstance(outcome, Answer) else {}
    status_code = outcome.status_code if outcome else None
    gate.after(call.operation, status_code, Quota.from_headers(headers), retry_after_seconds(headers))


def _no_key(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request  # given as `auth`, or requests would look for a password in ~/.netrc


def _read(call: Call, response: requests.Response) -> Answer:
    """The whole answer. Raises Garbled for a success that is too long or badly packed."""
    is_success = 200 <= response.status_code < 300
    limit, body = call.max_bytes if is_success else MAX_ERROR_BYTES, bytearray()
    reason = ""
    try:
        for piece in response.iter_content(65536):
            body += piece
            if len(body) > limit:
                reason = "too long"
                break
    except ContentDecodingError:
        reason = "badly packed"
    except requests.RequestException:
        if is_success:
            raise
        # The status says enough; what is left of the body would only have explained it.
    if reason and is_success:
        raise Garbled(call.operation, reason=reason, status_code=response.status_code)
    return Answer(response.status_code, response.headers, bytes(body))


def _is_worth_repeating(call: Call, outcome: Answer | CodatError, retries: Retry) -> bool:
    if not isinstance(outcome, Unreachable) or not retries.total or call.method not in (retries.allowed_methods or ()):
        return False
    if outcome.retry_after is not None:  # Codat said when; that is longer than we would sit and wait
        return False
    return outcome.status_code is None or outcome.status_code in retries.status_forcelist


def _write_log(call: Call, outcome: Answer | CodatError, tries: int, milliseconds: float) -> None:
    failed = isinstance(outcome, CodatError)
    log.log(
        logging.WARNING if failed else logging.INFO,
        "codat %s",
        call.operation,
        extra={
            "codat_ids": call.ids,
            "status_code": outcome.status_code,
            "failure": f"{outcome.kind} {outcome.reason}".strip() if isinstance(outcome, CodatError) else "",
            "milliseconds": round(milliseconds),
            "tries": tries,
            "correlation_id": outcome.correlation_id,
        },
    )
