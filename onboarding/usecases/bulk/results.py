"""What became of each row, as a file: the input's own columns, and what we have to say. It can be loaded again."""

from collections.abc import Iterator

from ...models import Batch, BatchKind, BatchRow, Invitation, RowStatus
from .. import links
from . import headings
from .cells import escaped
from .checking import AT_A_TIME

WORDS = {
    RowStatus.DONE: "created",
    RowStatus.SKIPPED: "already there",
    RowStatus.FAILED: "needs you",
    RowStatus.WAITING: "waiting",
}
OF_COMPANIES = ("customer_id", "name", "email")  # the columns of a batch that was made without a file


def result(batch: Batch) -> Iterator[list[str]]:
    """The header, then every row in the order of the file, safe for spreadsheets. 500 rows at a time."""
    places = headings.for_result(batch.header)
    header = [batch.header[place] for place in places] if batch.header else list(OF_COMPANIES)
    yield [escaped(name) for name in [*header, *headings.RESULT]]
    last = -1
    while rows := list(batch.rows.select_related("company").filter(line__gt=last).order_by("line")[:AT_A_TIME]):
        urls = _invitation_urls(rows)
        for row in rows:
            cells = _cells(row, places) if batch.header else _of_company(row)
            yield [escaped(cell) for cell in [*cells, *_told(batch, row, urls)]]
        last = rows[-1].line


def _cells(row: BatchRow, places: list[int]) -> list[str]:
    cells = row.data.get("cells", [])
    return [cells[place] if place < len(cells) else "" for place in places]


def _of_company(row: BatchRow) -> list[str]:
    return [getattr(row.company, name) if row.company else "" for name in OF_COMPANIES]


def _told(batch: Batch, row: BatchRow, urls: dict[int, str]) -> list[str]:
    company = row.company
    return [
        _word(batch, row),
        row.reason,
        company.ref if company else "",
        str(company.codat_id or "") if company else "",
        urls.get(row.data.get("invitation", 0), ""),
    ]


def _word(batch: Batch, row: BatchRow) -> str:
    if row.status == RowStatus.DONE and batch.kind != BatchKind.ONBOARD:
        return "done"
    return WORDS[RowStatus(row.status)]


def _invitation_urls(rows: list[BatchRow]) -> dict[int, str]:
    """Our own page for each row's own address."""
    pks = [row.data["invitation"] for row in rows if row.data.get("invitation")]
    return {invitation.pk: links.invitation_url(invitation) for invitation in Invitation.objects.filter(pk__in=pks)}
