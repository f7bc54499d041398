"""Garbage collection in processes that live long."""

import gc


def settle() -> None:
    """What is loaded by now stays for good: collections pass it by, where each would walk through all of it.

    A tenth of the work of a worker that handles events. For the moment when a process is ready, not before.
    """
    gc.collect()
    gc.freeze()
