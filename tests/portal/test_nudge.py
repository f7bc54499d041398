"""A hint to the worker costs its request nothing, whatever the broker does."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from uuid import uuid4

from celery import Celery

from onboarding import tasks
from onboarding.nudge import Nudger
from portal import spool

ROOT = Path(__file__).resolve().parents[2]


def application(broker: str = "memory://") -> Celery:
    """One of its own, with a queue of its own."""
    app = Celery("nudged", set_as_current=False)
    app.conf.broker_write_url = broker  # CELERY_BROKER_URL in the environment would win over `broker`
    app.conf.task_default_queue = f"nudged-{uuid4().hex}"
    app.conf.broker_connection_timeout = 1
    return app


def make(app: Celery):
    @app.task(name="nudged.task", shared=False)
    def task():
        return None

    return task


def waiting(app: Celery) -> int:
    with app.connection_for_write() as connection:
        return connection.default_channel._size(app.conf.task_default_queue)


def test_many_marks_send_one_message():
    app, nudger = application(), Nudger()
    task = make(app)
    for _ in range(200):
        nudger.mark(task)
    assert nudger.wait_until_sent(5)
    assert 1 <= waiting(app) <= 2  # the first may have left before the others came


def test_mark_after_the_last_message_is_sent_too():
    app, nudger = application(), Nudger()
    task = make(app)
    for _ in range(2):
        nudger.mark(task)
        assert nudger.wait_until_sent(5)
    assert waiting(app) == 2


def test_frozen_broker_costs_a_mark_nothing_and_raises_nothing():
    with socket.create_server(("127.0.0.1", 0)) as frozen:  # accepts, and never answers
        task, nudger = make(application(f"amqp://127.0.0.1:{frozen.getsockname()[1]}//")), Nudger()
        for _ in range(100):
            nudger.mark(task)
        assert not nudger.wait_until_sent(0)  # the thread still tries, and we are here already
    assert nudger.wait_until_sent(20)  # it gives up by itself


def test_broker_that_is_down_is_told_of_once_and_forgotten(caplog):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    task, nudger = make(application(f"amqp://127.0.0.1:{port}//")), Nudger()
    for _ in range(3):
        nudger.mark(task)
        assert nudger.wait_until_sent(10)
    assert [record.message for record in caplog.records] == ["The broker did not take a hint"]


def test_every_thread_knows_our_application():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(tasks.drain_deliveries.app.main))
    thread.start()
    thread.join()
    assert seen == ["portal"]


FORKS = """
import os, sys
from pathlib import Path
from celery import Celery
from onboarding import nudge
from portal import spool

app = Celery("forked", broker=spool.ADDRESS)
app.conf.broker_transport_options = spool.options(Path(sys.argv[1]))

@app.task(name="forked.task")
def task():
    return None

nudge.nudge(task)
assert nudge.wait_until_sent(10)
if os.fork() == 0:
    nudge.nudge(task)
    os._exit(0 if nudge.wait_until_sent(10) else 1)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def test_forked_process_sends_for_itself(tmp_path):
    spool.create(tmp_path)
    env = {name: value for name, value in os.environ.items() if name != "CELERY_BROKER_URL"}
    told = subprocess.run([sys.executable, "-c", FORKS, str(tmp_path)], cwd=ROOT, env=env, timeout=60)
    assert told.returncode == 0
    assert len(list((tmp_path / "queue").glob("*.msg"))) == 2
