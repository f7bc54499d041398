"""Garbage collection in processes that live long."""

import gc


def settle() -> None:
    """What is loaded by now stays for good, so collections pass it by. For when a process is ready, not before.

    A round over all of it takes a tenth of a second, in the midst of somebody's request, and a tenth of the work of a
    worker that handles events.
    """
    gc.collect()
    gc.freeze()
