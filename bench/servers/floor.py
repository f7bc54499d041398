"""The floor of webhook intake: WSGI, HMAC and one INSERT, without a framework."""

import base64
import hashlib
import hmac
import json
import os
import threading
import time

import psycopg

SECRET = base64.b64decode(os.environ["CODAT_WEBHOOK_SECRET"].removeprefix("whsec_"))
INSERT = """
INSERT INTO bench_floor (webhook_id, event_type, event_id, generated_at, received_at, company_codat_id,
    connection_codat_id, payload, not_before, attempts, outcome, error)
VALUES (%s, %s, %s, %s, now(), %s, %s, %s, now(), 0, '', '') ON CONFLICT DO NOTHING
"""
_local = threading.local()


def application(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    status = _status(environ, body) if body else "200 OK"
    start_response(status, [("Content-Length", "0")])
    return [b""]


def _status(environ, body: bytes) -> str:
    message_id, stamp = environ["HTTP_WEBHOOK_ID"], environ["HTTP_WEBHOOK_TIMESTAMP"]
    mine = hmac.new(SECRET, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    given = base64.b64decode(environ["HTTP_WEBHOOK_SIGNATURE"].removeprefix("v1,"))
    if not hmac.compare_digest(mine, given) or abs(time.time() - int(stamp)) > 300:
        return "400 Bad Request"
    told = json.loads(body)
    payload = told["payload"]
    ids = payload["referenceCompany"]["id"], payload["connection"]["id"]
    _database().execute(
        INSERT, (message_id, told["eventType"], told["id"], told["generatedDate"], *ids, json.dumps(payload))
    )
    return "200 OK"


def _database() -> psycopg.Connection:
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    return _local.connection
