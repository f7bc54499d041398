"""The parts of an uploaded file: whole, of one size, and gone in time."""

import os
import zlib
from datetime import timedelta

import pytest
from django.utils import timezone

from onboarding.actors import Actor
from onboarding.models import Upload
from onboarding.usecases import retention
from onboarding.usecases.bulk import parts
from tests.factories import sam

pytestmark = pytest.mark.django_db


def kept(content: bytes, *, pieces_of: int = 64_000) -> Upload:
    """As a browser sends it: in pieces of another size than ours."""
    pieces = (content[start : start + pieces_of] for start in range(0, len(content), pieces_of))
    return parts.keep(pieces, name="new.csv", by=Actor.staff(sam()))


@pytest.mark.parametrize("size", [0, 5, parts.PIECE, 2 * parts.PIECE + 5])
def test_file_is_kept_whole_in_parts_of_one_size(size: int) -> None:
    content = os.urandom(size)

    upload = kept(content)

    sizes = [len(zlib.decompress(part.content)) for part in upload.parts.order_by("number")]
    assert sizes == [parts.PIECE] * (size // parts.PIECE) + [size % parts.PIECE] * bool(size % parts.PIECE)
    assert (parts.opened(upload).read(), upload.size, upload.lines) == (content, size, content.count(b"\n"))


def test_rows_of_text_are_kept_in_less_room() -> None:
    content = b"".join(b"cust-%d,Company %d Ltd,owner%d@customer.example,expenses\n" % (n, n, n) for n in range(10_000))

    upload = kept(content)

    assert sum(len(part.content) for part in upload.parts.all()) < len(content) / 4


def test_upload_older_than_a_day_is_not_shown_even_before_it_is_removed() -> None:
    upload = kept(b"x")
    assert parts.find(upload.uid) == upload

    Upload.objects.update(created_at=timezone.now() - timedelta(hours=25))

    assert parts.find(upload.uid) is None
    assert retention.prune()["uploads"] == 1
    assert not Upload.objects.exists()
