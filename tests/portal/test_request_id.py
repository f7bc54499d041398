import structlog
from celery import shared_task
from django.http import HttpResponse
from django.test import RequestFactory

from portal.celery import app
from portal.request_id import HEADER, RequestId


@shared_task(name="tests.carried")
def carried() -> str:
    return "done"


def test_answer_and_log_lines_carry_the_same_number(rf: RequestFactory):
    seen = []

    def view(request):
        seen.append(structlog.contextvars.get_contextvars()["request_id"])
        return HttpResponse()

    answer = RequestId(view)(rf.get("/"))
    assert seen == [answer[HEADER]]


def test_number_of_a_stranger_is_not_believed(rf: RequestFactory):
    answer = RequestId(lambda request: HttpResponse())(rf.get("/", headers={HEADER: "forged\nline"}))
    assert "forged" not in answer[HEADER]


def test_task_message_carries_the_number_of_its_request():
    with structlog.contextvars.bound_contextvars(request_id="abc123"), app.connection_for_write() as connection:
        queue = connection.SimpleQueue("tests-carried")
        carried.apply_async(connection=connection, queue="tests-carried")
        message = queue.get(timeout=5)
        message.ack()
        queue.close()
    assert message.headers["request_id"] == "abc123"
