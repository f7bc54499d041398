"""What can go wrong between Codat and us, told apart by what to do about it.

CodatError
├── Unreachable   no answer, or a 5xx: it may have happened, so look before repeating
├── Busy          429, or our own gate holds the call back: wait, then repeat it as it was
├── Refused       any other 4xx: repeating it unchanged is pointless, but for 408 and 409
├── Garbled       an answer we cannot read, or one we do not follow (a redirect)
└── BadSignature  a webhook that is not Codat's, or not of now
"""

from typing import Literal

SignatureFault = Literal["missing", "old", "future", "mismatch", "malformed", "no secret"]


class CodatError(Exception):
    """Codat did not do what we asked. For our logs; never shown raw to a customer.

    operation       our name of the call ("" outside of a call)
    reason          one or two words of ours, for logs and counters
    status_code     the HTTP status, or None if no answer came
    transient       asking again later may work
    retry_after     seconds to wait, as Codat or our gate said, or None
    answered        the answer is final for its idempotency key: a repeat needs a look and a new key
    correlation_id  Codat's name for the exchange, to quote to its support ("" if none)

    Its text names these and nothing else: no address, no body, no key.
    """

    kind = "error"
    transient = False

    def __init__(
        self,
        operation: str = "",
        *,
        reason: str = "",
        status_code: int | None = None,
        retry_after: float | None = None,
        correlation_id: str = "",
    ) -> None:
        super().__init__()  # no arguments, so that any of the leaves can be pickled by a worker
        self.operation = operation
        self.reason = reason
        self.status_code = status_code
        self.retry_after = retry_after
        self.correlation_id = correlation_id

    @property
    def answered(self) -> bool:
        # Codat keeps every answer under its key for 90 minutes, a 5xx too; only 429 is
        # not kept, and 409 says that the first request with the key is still running.
        return self.status_code is not None and self.status_code not in (409, 429)

    def __str__(self) -> str:
        words = [self.operation or "codat", self.kind]
        if self.status_code is not None:
            words.append(str(self.status_code))
        if self.reason:
            words.append(f"({self.reason})")
        if self.retry_after is not None:
            words.append(f"retry after {self.retry_after:.0f} s")
        if self.correlation_id:
            words.append(f"correlation {self.correlation_id}")
        return " ".join(words)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"


class Unreachable(CodatError):
    """No answer, a broken one, or a 5xx. What we asked for may have happened all the same.

    `reason` is "dns", "connect", "tls", "timeout", "broken" or "server".
    """

    kind = "unreachable"
    transient = True


class Busy(CodatError):
    """Too many requests, as Codat says (429) or as our own gate knows (then nothing was sent)."""

    kind = "busy"
    transient = True


class Refused(CodatError):
    """Codat understood and said no.

    message  Codat's own words, cleaned of addresses and cut short. They can name a
             company, so they are for staff and no part of str().
    """

    kind = "refused"

    def __init__(
        self,
        operation: str = "",
        *,
        status_code: int = 400,
        message: str = "",
        retry_after: float | None = None,
        correlation_id: str = "",
    ) -> None:
        super().__init__(operation, status_code=status_code, retry_after=retry_after, correlation_id=correlation_id)
        self.code = status_code
        self.message = message
        self.transient = status_code in (408, 409)

    @property
    def is_gone(self) -> bool:
        return self.code == 404

    @property
    def is_unauthorised(self) -> bool:
        return self.code in (401, 403)

    @property
    def is_limit(self) -> bool:
        return self.code == 402


class Garbled(CodatError):
    """An answer, an event or an address that is not what Codat documents."""

    kind = "garbled"


class BadSignature(CodatError):
    """A webhook that must not be believed. `reason` says why, for the counters.

    "old" and "future" are said only of messages whose signature is right: then it is
    a replay, or one of the two clocks is wrong.
    """

    kind = "bad signature"

    def __init__(self, reason: SignatureFault = "mismatch") -> None:
        super().__init__("webhook", reason=reason)
