"""The broker of one machine, with several processes at once."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from kombu import Connection

from portal import spool

WRITERS, EACH = 2, 300
WRITER = """
import sys
from kombu import Connection
from portal import spool
from pathlib import Path
folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with Connection(spool.ADDRESS, transport_options=spool.options(folder)) as connection:
    queue = connection.SimpleQueue("live")
    for number in range(count):
        queue.put(f"{name}-{number}")
"""
READER = """
import sys
from queue import Empty
from kombu import Connection
from portal import spool
from pathlib import Path
with Connection(spool.ADDRESS, transport_options=spool.options(Path(sys.argv[1]))) as connection:
    queue = connection.SimpleQueue("live")
    try:
        while True:
            message = queue.get(timeout=5)
            message.ack()
            print(message.payload, flush=True)
            if message.payload == "end":
                break
    except Empty:
        pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    spool.create(tmp_path / "spool")
    return tmp_path / "spool"


def start(code: str, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *map(str, words)], stdout=subprocess.PIPE, text=True)


def connect(folder: Path) -> Connection:
    return Connection(spool.ADDRESS, transport_options=spool.options(folder))


def test_no_message_is_lost_between_processes(folder):
    with connect(folder) as connection:
        connection.SimpleQueue("live").close()  # declared before several do it at once
    readers = [start(READER, folder) for _ in range(2)]
    writers = [start(WRITER, folder, name, EACH) for name in range(WRITERS)]
    for writer in writers:
        writer.communicate(timeout=60)
    with connect(folder) as connection:
        for _ in readers:
            connection.SimpleQueue("live").put("end")
    taken = [line for reader in readers for line in reader.communicate(timeout=60)[0].split()]
    assert [process.returncode for process in readers + writers] == [0] * 4
    assert sorted(line for line in taken if line != "end") == sorted(
        f"{name}-{number}" for name in range(WRITERS) for number in range(EACH)
    )


def test_draft_of_a_dead_writer_is_never_read(folder):
    (folder / "queue" / ".00_dead.drafted.msg.tmp").write_text("half a mess")
    with connect(folder) as connection:
        assert connection.SimpleQueue("drafted").qsize() == 0


def test_clear_removes_what_was_taken_a_while_ago(folder):
    with connect(folder) as connection:
        queue = connection.SimpleQueue("cleared")  # kombu remembers for all folders which queue it has bound
        queue.put("x")
        queue.get(timeout=5).ack()
    assert spool.clear(folder, time.time()) == 0
    assert spool.clear(folder, time.time() + spool.KEPT_SECONDS + 1) == 1


def test_empty_forgets_messages_and_can_be_used_at_once(folder):
    with connect(folder) as connection:
        connection.SimpleQueue("emptied").put("old")
    spool.empty(folder)
    with connect(folder) as connection:
        assert connection.SimpleQueue("emptied").qsize() == 0
