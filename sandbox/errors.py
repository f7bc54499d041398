"""Codat's error body, and the refusals of the sandbox."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

SENTENCES = {
    400: "Error processing request - not valid.",
    401: "Unauthorized",
    402: "Payment Required",
    403: "You are using an outdated API key or a key not associated with that resource.",
    404: "Not found.",
    405: "Method not allowed.",
    408: "Request timed out.",
    409: "The data set has not been requested.",
    415: "Unsupported media type.",
    422: "The Idempotency-Key was used before with another request.",
    429: "You have made too many requests in a given amount of time; please retry later.",
    451: "This platform is not available for compliance reasons.",
    500: "There is a problem with our server. Please try again later.",
    503: "The Codat API is temporarily offline for maintenance. Please try again later.",
}

# The answers that a careful client never provokes; a missing object (404) may be nobody's fault.
CLIENT_FAULTS = {400, 401, 405, 409, 411, 413, 415, 422}


class ApiError(Exception):
    """A refusal: its HTTP status and the sentence of its body."""

    def __init__(
        self,
        status: int,
        error: str = "",
        *,
        service: str = "PublicApi",
        validation: dict | None = None,
        headers: Mapping[str, str] | None = None,
        is_client_fault: bool | None = None,
    ) -> None:
        super().__init__(status, error)
        self.status = status
        self.error = error or SENTENCES.get(status, "Error")
        self.service = service
        self.validation = validation
        self.headers = dict(headers or {})
        self.is_client_fault = status in CLIENT_FAULTS if is_client_fault is None else is_client_fault

    def body(self) -> dict:
        return error_body(self.status, self.error, service=self.service, validation=self.validation)


def error_body(status: int, error: str = "", *, service: str = "PublicApi", validation: dict | None = None) -> dict:
    """The JSON body of an error; with a fresh correlation id each time."""
    body = {
        "statusCode": status,
        "service": service,
        "error": error or SENTENCES.get(status, "Error"),
        "correlationId": uuid.uuid4().hex,
        "canBeRetried": "Unknown",
        "detailedErrorCode": 0,
    }
    if validation is not None:
        body["validation"] = validation
    return body


def company_not_found(company_id: str) -> ApiError:
    return ApiError(404, f"No company was found with ID {company_id}", service="ClientsApi")


def connection_not_found(connection_id: str) -> ApiError:
    return ApiError(404, f"Data connection {connection_id} not found")


def company_limit() -> ApiError:
    message = "Company limit exceeded. Learn more at https://docs.codat.io/using-the-api/errors"
    item = {"itemId": "Company", "message": message, "validatorName": "CreateCompany"}
    return ApiError(
        402,
        "CompanyValidationException: Company limit exceeded",
        validation={"errors": [item], "warnings": []},
    )
