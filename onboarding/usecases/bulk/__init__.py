"""Work on many companies: stored as rows first, then done by the worker or by a command, within Codat's limits.

    batch = bulk.accept_file(stream, clean=clean_row, name="new.csv", options={"invite": True}, by=actor)
    batch = bulk.accept_companies(BatchKind.CHECK, queryset, by=actor)
    upload = bulk.keep(pieces, name="new.csv", by=actor) … bulk.report(upload) … batch = bulk.start(upload, by=actor)
    bulk.progress(batch) … bulk.stop(batch, by=actor) … bulk.resume(batch, by=actor) … bulk.result(batch)

Nothing here is done twice: rows are claimed, and a company at Codat is looked for before it is made again. So any
number of processes may work on one batch, and each of them may die.
"""

from .batches import (
    OPTIONS,
    Progress,
    accept_companies,
    accept_file,
    accept_list,
    accept_matches,
    check_list,
    progress,
    resume,
    state,
    stop,
    words_of,
)
from .checking import Finding, Report, check_file
from .engine import drain, work
from .files import DELIMITERS, FileRefused
from .kinds import actor_of
from .parts import find as find_upload
from .parts import keep
from .parts import old as old_uploads
from .results import result
from .uploads import open_ones as open_uploads
from .uploads import read_at_once, read_uploads, report, start

__all__ = [
    "DELIMITERS",
    "OPTIONS",
    "FileRefused",
    "Finding",
    "Progress",
    "Report",
    "accept_companies",
    "accept_file",
    "accept_list",
    "accept_matches",
    "actor_of",
    "check_file",
    "check_list",
    "drain",
    "find_upload",
    "keep",
    "old_uploads",
    "open_uploads",
    "progress",
    "read_at_once",
    "read_uploads",
    "report",
    "result",
    "resume",
    "start",
    "state",
    "stop",
    "words_of",
    "work",
]
