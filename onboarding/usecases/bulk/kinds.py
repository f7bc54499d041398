"""What each kind of batch does, row by row."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ... import queries
from ...actors import Actor
from ...errors import AlreadyConnected, NotLinked, NotNow, explain
from ...lifecycle import Source
from ...models import Batch, BatchKind, BatchRow, Company
from ...wiring import Errand
from .. import adopting, connections, invitations, offboarding, reads
from . import waves
from .onboarding import Onboarding
from .outcomes import Outcome, done, failed, skipped
from .steps import Finished, Job, Outcomes, Step, outcome_of

Handler = Callable[[Company, BatchRow, Batch, Actor], Outcome]


def actor_of(batch: Batch) -> Actor:
    """On whose behalf the batch is worked on, and why."""
    return Actor(Source(batch.options.get("source", Source.COMMAND)), batch.by, batch.reason)


def job_of(batch: Batch) -> Job:
    if batch.kind == BatchKind.ONBOARD:
        return Onboarding(batch, actor_of(batch))
    return OneByOne(batch, HANDLERS[BatchKind(batch.kind)])


def wake(batch: Batch) -> None:
    """Before a batch is worked on: rows that waited for a person may be due."""
    if batch.kind == BatchKind.OFFBOARD:
        offboarding.wake(batch)


class OneByOne:
    """For kinds whose rows are one use case each."""

    def __init__(self, batch: Batch, handler: Handler) -> None:
        self._batch, self._handler, self._by = batch, handler, actor_of(batch)

    def begin(self, rows: list[BatchRow]) -> tuple[Outcomes, list[Step]]:
        companies = Company.objects.in_bulk([row.company_id for row in rows if row.company_id])
        gone = [(row, failed("There is no such company any more.")) for row in rows if row.company_id not in companies]
        steps = [
            Step([row], partial(self._handler, companies[row.company_id], row, self._batch, self._by))
            for row in rows
            if row.company_id in companies
        ]
        return gone, steps

    def end(self, finished: list[Finished]) -> tuple[Outcomes, list[Step]]:
        outcomes = []
        for step, told in finished:
            (row,) = step.rows
            outcomes.append((row, outcome_of(told, row) if isinstance(told, Exception) else told))
        return outcomes, []

    def renew(self) -> None:
        """Each use case holds its own company."""

    def release(self, steps: Sequence[Step]) -> None:
        """Nothing is held."""


def check(company: Company, row: BatchRow, batch: Batch, by: Actor) -> Outcome:
    """Ask Codat how the connection stands."""
    told = connections.check(company, by=by, errand=Errand.BACKGROUND)
    return done(f"Codat says: {told.status}." if told.status else "There is no connection.")


def read(company: Company, row: BatchRow, batch: Batch, by: Actor) -> Outcome:
    """Have the data read anew."""
    linked = queries.linked(company)
    if linked is None:
        return skipped("Not connected: there is nothing to read.")
    try:
        reads.read_now(linked, by=by, errand=Errand.BACKGROUND)
    except NotNow as error:
        return skipped(str(explain(error)))
    return done("The read was asked for.")


def unlink(company: Company, row: BatchRow, batch: Batch, by: Actor) -> Outcome:
    """Give up the access, as far as there is any."""
    linked = [connection for connection in queries.accounting_of(company) if connection.is_linked]
    if not linked:
        return skipped("Not connected: there is nothing to unlink.")
    for connection in linked:
        try:
            connections.unlink(connection, by=by, errand=Errand.BACKGROUND)
        except NotLinked:
            continue
    return done("Unlinked.")


def remind(company: Company, row: BatchRow, batch: Batch, by: Actor) -> Outcome:
    """The mail that fits where the company stands, as staff send it by hand."""
    try:
        addresses = invitations.send_link_again(company, by=by)
    except (NotNow, AlreadyConnected) as error:
        return skipped(str(explain(error)))
    return done(f"Sent to {', '.join(addresses)}." if addresses else "There is nobody to write to.")


def invite(company: Company, row: BatchRow, batch: Batch, by: Actor) -> Outcome:
    """Invite the customer's own address, once, in its wave."""
    return waves.invite(company, batch, by)


HANDLERS: Mapping[BatchKind, Handler] = {
    BatchKind.CHECK: check,
    BatchKind.READ: read,
    BatchKind.UNLINK: unlink,
    BatchKind.REMIND: remind,
    BatchKind.INVITE: invite,
    BatchKind.ADOPT: adopting.adopt,
    BatchKind.OFFBOARD: offboarding.offboard,
}
