from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from portal.head import NoBodyForHead


def test_head_has_the_headers_of_get_and_no_body(rf: RequestFactory):
    answer = NoBodyForHead(lambda request: HttpResponse("twelve bytes"))(rf.head("/"))
    assert (answer.content, answer["Content-Length"]) == (b"", "12")


def test_get_keeps_its_body(rf: RequestFactory):
    assert NoBodyForHead(lambda request: HttpResponse("words"))(rf.get("/")).content == b"words"


def test_stream_is_left_to_the_server(rf: RequestFactory):
    answer = NoBodyForHead(lambda request: StreamingHttpResponse([b"words"]))(rf.head("/"))
    assert answer.getvalue() == b"words"
