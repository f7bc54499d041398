from django.conf import settings
from kombu import Connection

from portal import spool
from portal.celery import app, clear_spool

QUEUES = {"live", "webhooks", "sweeps", "bulk"}


def test_every_scheduled_task_exists_and_its_message_grows_stale():
    app.loader.import_default_modules()
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        assert entry["task"] in app.tasks, name
        assert entry["options"]["expires"] <= entry["schedule"]


def test_every_route_leads_to_a_task_and_a_queue():
    app.loader.import_default_modules()
    for name, route in settings.CELERY_TASK_ROUTES.items():
        assert name in app.tasks
        assert route["queue"] in QUEUES


def test_message_goes_to_its_own_queue_alone(tmp_path):
    spool.create(tmp_path)
    options = spool.options(tmp_path)
    with Connection(spool.ADDRESS, transport_options=options) as connection:
        for queue in app.amqp.queues.values():
            queue(connection.default_channel).declare()
        app.send_task("onboarding.tasks.drain_deliveries", connection=connection)
        sizes = {name: connection.default_channel._size(name) for name in QUEUES}
    assert sizes == {"live": 0, "webhooks": 1, "sweeps": 0, "bulk": 0}


def test_worker_without_named_queues_takes_from_all():
    assert set(app.amqp.queues.consume_from) == QUEUES


def test_clear_spool_says_how_many_it_removed(settings, tmp_path):
    settings.SPOOL_DIR = tmp_path
    spool.create(tmp_path)
    assert clear_spool() == "removed 0"
