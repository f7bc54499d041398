"""Files that staff upload: kept in parts, looked through and stored by the worker, once, whatever happens meanwhile."""

import signal
import time
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from django.db import connections
from django.utils import timezone

from onboarding import tasks
from onboarding.actors import Actor
from onboarding.errors import NotNow, explain
from onboarding.forms import clean_row
from onboarding.models import Batch, BatchRow, Company, RowStatus, Upload, UploadPart
from onboarding.usecases import bulk, retention
from onboarding.usecases.bulk import uploads
from tests.bulk.files import accepted, checked, csv_of, good_rows
from tests.commands.running import killed_at_the_end, spawn
from tests.factories import sam
from tests.kit import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
BAD = [("cust-1", "Again Ltd", "again@customer.example", "expenses"), ("cust-x", "Harrow", "nonsense", "expenses")]


def kept(content: bytes, *, pieces_of: int = 64_000) -> Upload:
    pieces = (content[start : start + pieces_of] for start in range(0, len(content), pieces_of))
    return bulk.keep(pieces, name="new.csv", by=Actor.staff(sam()))


def looked_through(content: bytes) -> Upload:
    upload = kept(content)
    bulk.read_uploads(60, clean=clean_row)
    upload.refresh_from_db()
    return upload


def make_due() -> None:
    """A dead worker's lease runs out."""
    Upload.objects.update(not_before=timezone.now())


def lines_of(batch: Batch) -> list[int]:
    return list(batch.rows.order_by("line").values_list("line", flat=True))


def test_file_that_did_not_arrive_whole_is_never_due() -> None:
    def broken():
        yield csv_of(good_rows(3))
        raise OSError("the browser went away")

    with pytest.raises(OSError, match="went away"):
        bulk.keep(broken(), name="new.csv", by=Actor.staff(sam()))

    assert bulk.read_uploads(60, clean=clean_row) == 0
    assert Upload.objects.get().checked_at is None


def test_look_finds_what_a_look_at_the_file_itself_finds_and_stores_nothing() -> None:
    content = csv_of([*good_rows(1200), *BAD])

    upload = looked_through(content)

    assert bulk.report(upload) == checked(content)
    assert (upload.rows, upload.not_before) == (1202, None)
    assert not Batch.objects.exists() and not BatchRow.objects.exists()


def test_look_in_many_stretches_finds_the_same() -> None:
    """Duplicates of rows that an earlier stretch saw too."""
    content = csv_of([*good_rows(1600), *BAD])
    upload = kept(content)

    stretches = 0
    while bulk.read_uploads(0, clean=clean_row):
        stretches += 1

    upload.refresh_from_db()
    assert stretches >= 3
    assert bulk.report(upload) == checked(content)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a workbook", b"name,mail\nToft,x\n"])
def test_file_that_cannot_be_used_says_so_and_is_left_alone(content: bytes) -> None:
    upload = looked_through(content)

    assert upload.problems and upload.not_before is None
    assert bulk.read_uploads(60, clean=clean_row) == 0
    with pytest.raises(NotNow):
        bulk.start(upload, by=Actor.staff(upload.by))


def test_started_file_is_stored_as_the_command_stores_it_and_goes() -> None:
    content = csv_of([*good_rows(700), *BAD])
    upload = looked_through(content)

    batch = bulk.start(upload, by=Actor.staff(upload.by, "New client"), options={"invite": True})
    before = bulk.progress(batch)
    bulk.read_uploads(60, clean=clean_row)

    assert (before.state, before.total, before.expected) == ("storing", 0, 702)
    told = bulk.progress(batch)
    assert (told.state, told.total, told.waiting, told.failed, told.expected) == ("running", 702, 700, 2, 0)
    reasons = list(batch.rows.filter(status=RowStatus.FAILED).order_by("line").values_list("reason", flat=True))
    assert reasons == [
        "The customer ID cust-1 stands on line 2 already.",
        "“nonsense” is not an email address.",
    ]
    assert not Upload.objects.exists() and not UploadPart.objects.exists()
    same = accepted(content, invite=True)
    assert (same.pk, same.reason) == (batch.pk, "New client")


def test_nothing_is_sent_before_every_row_is_in(sandbox: Sandbox) -> None:
    upload = looked_through(csv_of(good_rows(1200)))
    bulk.start(upload, by=Actor.staff(upload.by))
    bulk.read_uploads(0, clean=clean_row)

    assert bulk.drain(1.0) == 0
    assert BatchRow.objects.count() == 500
    assert sandbox.requests() == []


def test_a_second_start_finds_the_first_ones_batch() -> None:
    upload = looked_through(csv_of(good_rows(3)))

    one, two = (bulk.start(upload, by=Actor.staff(upload.by)) for _ in range(2))
    bulk.read_uploads(60, clean=clean_row)

    assert one == two
    with pytest.raises(NotNow) as caught:
        bulk.start(upload, by=Actor.staff(upload.by))
    assert "no longer here" in str(explain(caught.value))
    assert lines_of(one) == [2, 3, 4]


def test_the_same_file_again_goes_on_with_its_batch_and_needs_no_second_storing() -> None:
    content = csv_of(good_rows(3))
    batch = accepted(content)
    batch.rows.update(status=RowStatus.FAILED, done_at=timezone.now(), reason="Codat was away.")

    again = bulk.start(looked_through(content), by=Actor.staff(None))

    assert again == batch
    assert bulk.progress(batch).waiting == 3
    assert not Upload.objects.exists()


def test_stopped_while_it_is_stored_goes_on_where_it_was() -> None:
    upload = looked_through(csv_of(good_rows(1200)))
    by = Actor.staff(upload.by)
    batch = bulk.start(upload, by=by)
    bulk.read_uploads(0, clean=clean_row)

    bulk.stop(batch, by=by)
    make_due()
    assert bulk.read_uploads(60, clean=clean_row) == 0
    assert bulk.progress(batch).state == "stopped"

    bulk.resume(batch, by=by)
    bulk.read_uploads(60, clean=clean_row)
    assert lines_of(batch) == list(range(2, 1202))


def test_killed_half_way_is_stored_to_its_end_and_no_row_twice(sandbox: Sandbox, tmp_path: Path) -> None:
    count = 12_000
    upload = looked_through(csv_of(good_rows(count)))
    batch = bulk.start(upload, by=Actor.staff(upload.by))

    work = "from onboarding import tasks; tasks.read_uploads()"
    with killed_at_the_end(spawn(sandbox, "shell", "-c", work, cwd=tmp_path)) as process:
        until = time.monotonic() + 60
        while batch.rows.count() < 2000:
            assert time.monotonic() < until and process.poll() is None, "the worker does not get on"
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    left = batch.rows.count()
    assert 2000 <= left < count
    assert Upload.objects.get().not_before > timezone.now()  # its lease

    make_due()
    tasks.read_uploads()

    batch.refresh_from_db()
    assert lines_of(batch) == list(range(2, count + 2))
    assert batch.stored_at and bulk.progress(batch).state == "running"
    assert not Upload.objects.exists() and not UploadPart.objects.exists()


def test_two_workers_on_one_file_store_each_row_once() -> None:
    """As when a frozen worker wakes up after its lease has run out."""
    upload = looked_through(csv_of(good_rows(3000)))
    batch = bulk.start(upload, by=Actor.staff(upload.by))
    claimed = [uploads._claim(upload)]
    make_due()
    claimed.append(uploads._claim(upload))

    def work() -> None:
        try:
            uploads._stretch(claimed.pop(), clean_row, 60)
        finally:
            connections.close_all()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert lines_of(batch) == list(range(2, 3002))
    assert bulk.state(batch) == "running"


def test_file_on_which_every_worker_dies_is_given_up_with_a_word() -> None:
    upload = kept(csv_of(good_rows(3)))
    Upload.objects.update(attempts=uploads.TRIES)

    bulk.read_uploads(60, clean=clean_row)

    upload.refresh_from_db()
    assert (upload.problems, upload.not_before) == ([uploads.GIVEN_UP], None)


def test_storing_that_is_given_up_stops_its_batch_and_can_be_continued() -> None:
    upload = looked_through(csv_of(good_rows(3)))
    batch = bulk.start(upload, by=Actor.staff(upload.by))
    Upload.objects.update(attempts=uploads.TRIES)
    bulk.read_uploads(60, clean=clean_row)
    told = bulk.progress(batch)
    assert (told.state, told.error) == ("stopped", uploads.GIVEN_UP)

    bulk.resume(batch, by=Actor.staff(upload.by))
    bulk.read_uploads(60, clean=clean_row)

    told = bulk.progress(batch)
    assert (told.state, told.error, told.total) == ("running", "", 3)


def test_upload_that_nobody_starts_goes_after_a_day_and_a_stopped_one_after_a_week() -> None:
    one = looked_through(csv_of(good_rows(1)))
    two = looked_through_by(one, csv_of(good_rows(2)))
    batch = bulk.start(two, by=Actor.staff(two.by))
    bulk.stop(batch, by=Actor.staff(two.by))

    for hours, left in ((23, {one.uid, two.uid}), (25, {two.uid}), (167, {two.uid}), (169, set())):
        retention.prune(now=timezone.now() + timedelta(hours=hours))
        assert set(Upload.objects.values_list("uid", flat=True)) == left, hours
    assert not UploadPart.objects.exists()
    with pytest.raises(NotNow) as caught:
        bulk.resume(batch, by=Actor.staff(two.by))
    assert "give the same file again" in str(explain(caught.value))


def looked_through_by(other: Upload, content: bytes) -> Upload:
    """Another file of the same person."""
    upload = bulk.keep([content], name="other.csv", by=Actor.staff(other.by))
    bulk.read_uploads(60, clean=clean_row)
    upload.refresh_from_db()
    return upload


def test_started_import_becomes_companies(sandbox: Sandbox) -> None:
    upload = looked_through(csv_of(good_rows(3)))
    batch = bulk.start(upload, by=Actor.staff(upload.by))

    tasks.read_uploads()
    tasks.drain_batches()

    assert bulk.progress(batch).done == 3
    assert Company.objects.count() == len(sandbox.companies()) == 3
