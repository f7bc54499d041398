"""Files that commands read."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from onboarding.usecases import bulk

from .batches import refuse


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """The file, or standard input for -; whatever is wrong with it as a whole is said at once. Raises CommandError."""
    try:
        if name == "-":
            yield sys.stdin.buffer
        else:
            with open(name, "rb") as stream:
                yield stream
    except OSError as error:
        refuse(f"{name} cannot be read: {error.strerror}.")
    except bulk.FileRefused as error:
        refuse(*error.problems)
