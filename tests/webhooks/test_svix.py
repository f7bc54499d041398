"""Codat signs with Svix: its official library and our endpoint believe and refuse the same messages.

100 random messages in `make test`; FULL=1 makes it 10,000.
"""

import base64
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.test import Client
from svix.webhooks import Webhook

from onboarding.models import Delivery
from tests.kit import DEFAULT_SECRET
from tests.stacks import count
from tests.webhooks.letters import ADDRESS

MESSAGES = count(100, 10_000)
OTHER_SECRET = "whsec_" + base64.b64encode(b"the secret of another endpoint").decode()
TEXTS = ("", "Toft Stores", "Café Élan & Söhne", "株式会社", "\u0000", "\ud83d\ude00", "a" * 5_000, '{"id": 1}', "\r\n")
TYPES = ("connection.connected", "read.completed", "bills.write.successful", "no.such.type")

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(count(300, 4 * 3600))]


@dataclass
class Message:
    body: bytes
    id: str
    sent_at: int
    secret: str = DEFAULT_SECRET
    headers: dict[str, str] = field(default_factory=dict)

    def sign(self) -> None:
        signature = Webhook(self.secret).sign(self.id, datetime.fromtimestamp(self.sent_at, UTC), self.body.decode())
        self.headers = {
            "webhook-id": self.id,
            "webhook-timestamp": str(self.sent_at),
            "webhook-signature": signature,
        }


def new_message(chance: random.Random) -> Message:
    payload = {"text": chance.choice(TEXTS), "number": chance.random(), "list": [None, True, {"a": []}]}
    told = {"id": str(uuid4()), "eventType": chance.choice(TYPES), "generatedDate": "2026-11-20T12:00:00Z"}
    body = json.dumps(told | {"payload": payload}, ensure_ascii=chance.random() < 0.5).encode(errors="replace")
    message = Message(body, f"msg_{uuid4().hex}", int(time.time()) + chance.randint(-280, 280))
    message.sign()
    return message


def flip_a_byte(message: Message, chance: random.Random) -> None:
    place = chance.randrange(len(message.body))
    message.body = (
        message.body[:place] + bytes([message.body[place] ^ 1 << chance.randrange(8)]) + message.body[place + 1 :]
    )


def cut_the_body(message: Message, chance: random.Random) -> None:
    message.body = message.body[: chance.randrange(len(message.body))]


def add_a_blank(message: Message, chance: random.Random) -> None:
    message.body = chance.choice([b" " + message.body, message.body + b"\n"])


def sign_with_another_secret(message: Message, chance: random.Random) -> None:
    message.secret = OTHER_SECRET
    _sign_again(message)


def send_at_another_time(message: Message, chance: random.Random) -> None:
    """Signed anew for it; not so near to the five minutes that a slow run decides."""
    message.sent_at = int(time.time()) + chance.choice([-1, 1]) * chance.choice([0, 100, 250, 330, 900, 10**6])
    _sign_again(message)


def change_the_time_alone(message: Message, chance: random.Random) -> None:
    message.headers["webhook-timestamp"] = chance.choice([str(message.sent_at + 1), "", "soon", "-1", "1e400", "nan"])


def change_the_id(message: Message, chance: random.Random) -> None:
    message.headers["webhook-id"] = chance.choice([f"{message.id}x", "", message.id.upper()])


def leave_a_header_out(message: Message, chance: random.Random) -> None:
    message.headers.pop(chance.choice(sorted(message.headers)), None)


def change_the_signature(message: Message, chance: random.Random) -> None:
    signature = message.headers.get("webhook-signature", "v1,")
    changed = (
        signature.swapcase(),
        signature.replace("v1,", "v2,"),
        signature.replace("v1,", "v1a,"),
        signature.partition(",")[2],
        signature.rstrip("="),
        signature[:-3],
        "v1,bm90IGl0",
        "",
        "v1",
    )
    message.headers["webhook-signature"] = chance.choice(changed)


def add_signatures(message: Message, chance: random.Random) -> None:
    """As during a rotation: one that fits is enough."""
    others = ["v1,bm90IGl0", "v2,bm90IGl0", "v1a,bm90IGl0", message.headers.get("webhook-signature", "v1,bm90IGl0")]
    chance.shuffle(others)
    message.headers["webhook-signature"] = " ".join(others)


def use_svix_names(message: Message, chance: random.Random) -> None:
    message.headers = {name.replace("webhook-", "svix-"): value for name, value in message.headers.items()}


def use_both_names(message: Message, chance: random.Random) -> None:
    if "webhook-id" in message.headers:
        message.headers["svix-id"] = message.headers.pop("webhook-id")


def _sign_again(message: Message) -> None:
    try:
        message.sign()
    except UnicodeDecodeError:  # a body that was damaged before: nobody could have signed it
        message.headers["webhook-signature"] = "v1,bm90IGl0"


DAMAGES: tuple[Callable[[Message, random.Random], None], ...] = (
    flip_a_byte,
    cut_the_body,
    add_a_blank,
    sign_with_another_secret,
    send_at_another_time,
    change_the_time_alone,
    change_the_id,
    leave_a_header_out,
    change_the_signature,
    add_signatures,
    use_svix_names,
    use_both_names,
)


def svix_believes(message: Message) -> bool:
    """Its library raises whatever it likes for what it does not believe."""
    try:
        Webhook(DEFAULT_SECRET).verify(message.body, message.headers)
    except Exception:
        return False
    return True


def is_event(body: bytes) -> bool:
    """What is signed and no JSON object is refused by us alone."""
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


def test_the_endpoint_agrees_with_the_official_library(settings):
    chance, client, seen = random.Random(20_261_120), Client(), Counter()
    for number in range(MESSAGES):
        message = new_message(chance)
        damages = chance.sample(DAMAGES, chance.choice([0, 1, 1, 1, 2]))
        for damage in damages:
            damage(message, chance)
        expected = svix_believes(message) and is_event(message.body)
        answer = client.post(ADDRESS, message.body, content_type="application/json", headers=message.headers)

        named = [damage.__name__ for damage in damages]
        assert answer.status_code == (200 if expected else 400), (number, named, message)
        seen[expected] += 1

    assert min(seen[True], seen[False]) > MESSAGES / 5  # both kinds were among them
    assert Delivery.objects.count() == seen[True]
