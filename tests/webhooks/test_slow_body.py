"""A sender that never finishes is cut off, and one that does is left alone."""

import socket
from threading import Thread

from onboarding.views.slow_body import Watch


def read(watch: Watch, size: int, sent: bytes, *, more: bytes = b"") -> bytes:
    """What is read of a body of that size, when this much of it comes, and `more` only after it was read."""
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as stream:
        theirs.sendall(sent)
        with watch.reading(ours):
            body = stream.read(size)
        if more:
            theirs.sendall(more)
        return body + stream.read(len(more))


def test_a_body_that_never_ends_is_cut_off():
    assert read(Watch(seconds=0.05, look_every=0.01), 100, b"ten bytes.") == b"ten bytes."


def test_a_body_that_came_is_left_alone_and_the_connection_can_be_used_on():
    watch = Watch(seconds=0.0, look_every=0.01)

    assert read(watch, 10, b"ten bytes.", more=b"next") == b"ten bytes.next"


def test_many_bodies_share_one_watch():
    watch, bodies = Watch(seconds=0.1, look_every=0.01), []
    threads = [Thread(target=lambda: bodies.append(read(watch, 100, b"x"))) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join(timeout=30) for thread in threads]

    assert bodies == [b"x"] * 8


def test_without_a_socket_there_is_nothing_to_watch():
    with Watch(seconds=1).reading(None):
        pass
