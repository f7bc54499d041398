"""Onboarding many companies: each made here, then once at Codat, then linked and invited if the batch asks for it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

from ... import codat
from ...actors import Actor
from ...models import Batch, BatchRow, Company, RowStatus
from . import linking, making, outcomes, waves
from .outcomes import Outcome
from .steps import Finished, Outcomes, Step, outcome_of

CREATE, FIND, MORE = "create", "find", "more"


class Onboarding:
    """The job of an onboarding batch. It holds a company from the intent to create it until Codat's answer."""

    def __init__(self, batch: Batch, by: Actor) -> None:
        self._batch, self._by, self._me = batch, by, uuid4()
        self._wants_more = bool(batch.options.get("link") or batch.options.get("invite"))
        self._companies: dict[int, Company] = {}  # by row
        self._made: set[int] = set()  # rows whose company Codat has made just now

    def begin(self, rows: list[BatchRow]) -> tuple[Outcomes, list[Step]]:
        known, new = making.find_or_make([row.data["fields"] for row in rows], self._me, by=self._by)
        by_id = {company.customer_id: company for company in [*known, *new]}
        self._companies |= {row.pk: by_id[row.data["fields"]["customer_id"]] for row in rows}
        is_new = {company.pk for company in new}
        steps = [self._create(row) for row in rows if self._companies[row.pk].pk in is_new]
        ended, more = self._begin_known([row for row in rows if self._companies[row.pk].pk not in is_new])
        return self._forget(ended), [*steps, *more]

    def _begin_known(self, rows: list[BatchRow]) -> tuple[Outcomes, list[Step]]:
        """Companies that were here before: lost by Codat, at Codat already, or still to be made there."""
        ended: Outcomes = []
        at_codat: list[BatchRow] = []
        missing: list[BatchRow] = []
        for row in rows:
            company = self._companies[row.pk]
            if company.erased_at or company.gone_at:
                ended.append((row, _gone(company)))
            else:
                (at_codat if company.codat_id else missing).append(row)
        busy, steps = self._begin_missing(missing) if missing else ([], [])
        done, more = self._go_on(at_codat)
        return [*ended, *busy, *done], [*steps, *more]

    def _begin_missing(self, rows: list[BatchRow]) -> tuple[Outcomes, list[Step]]:
        """What was asked for before is looked for first. Who else holds a company is left to it."""
        held = making.hold([self._companies[row.pk].pk for row in rows], self._me)
        busy: Outcomes = []
        asked: list[BatchRow] = []
        fresh: list[BatchRow] = []
        for row in rows:
            company = held.get(self._companies[row.pk].pk)
            if company is None or company.codat_id:  # or somebody has made it a moment ago
                busy.append((row, outcomes.again(1.0, is_counted=False)))
                continue
            self._companies[row.pk] = company
            (asked if company.create_asked_at else fresh).append(row)
        finds = [
            Step(chunk, partial(making.find, [self._companies[row.pk] for row in chunk]), FIND)
            for at in range(0, len(asked), making.UIDS_IN_A_QUERY)
            if (chunk := asked[at : at + making.UIDS_IN_A_QUERY])
        ]
        return busy, [*finds, *self._intend(fresh)]

    def _intend(self, rows: list[BatchRow]) -> list[Step]:
        if rows:
            making.intend([self._companies[row.pk] for row in rows])
        return [self._create(row) for row in rows]

    def _create(self, row: BatchRow) -> Step:
        return Step([row], partial(making.create, self._companies[row.pk]), CREATE)

    def end(self, finished: list[Finished]) -> tuple[Outcomes, list[Step]]:
        ended: Outcomes = []
        created: list[tuple[BatchRow, codat.Company]] = []
        not_found: list[BatchRow] = []
        for step, told in finished:
            if isinstance(told, Exception):
                ended += self._failed(step, told)
            elif step.kind == MORE:
                ended.append((step.rows[0], told))
            elif step.kind == CREATE:
                created.append((step.rows[0], told))
            else:
                by_uid = {row.pk: told.get(self._companies[row.pk].uid) for row in step.rows}
                created += [(row, found) for row in step.rows if (found := by_uid[row.pk])]
                not_found += [row for row in step.rows if by_uid[row.pk] is None]
        more_ended, more = self._keep(created)
        return self._forget([*ended, *more_ended]), [*self._intend(not_found), *more]

    def _keep(self, created: list[tuple[BatchRow, codat.Company]]) -> tuple[Outcomes, list[Step]]:
        if created:
            making.keep([(self._companies[row.pk], told) for row, told in created], by=self._by)
        self._made |= {row.pk for row, _ in created}
        return self._go_on([row for row, _ in created])

    def _go_on(self, rows: list[BatchRow]) -> tuple[Outcomes, list[Step]]:
        """What comes after the company: connection and invitation, or the end."""
        if not self._wants_more:
            return [(row, self._ended(row)) for row in rows], []
        return [], [Step([row], partial(self._more, row), MORE) for row in rows]

    def _more(self, row: BatchRow) -> Outcome:
        """Runs in a thread. A part that was done before is not done again."""
        company, platform_key = self._companies[row.pk], row.data["fields"].get("platform")
        said: list[str] = []
        facts: dict[str, Any] = {}
        if self._batch.options.get("link") and platform_key:
            said.append(linking.link(company, platform_key, by=self._by))
        if self._batch.options.get("invite"):
            invited = waves.invite(company, self._batch, self._by)
            said.append(invited.reason)
            facts |= invited.facts
            if invited.status == RowStatus.FAILED:
                return outcomes.failed(" ".join(said), facts=facts)
        ended = self._ended(row)
        return replace(ended, reason=" ".join([ended.reason, *said]), facts=facts)

    def _ended(self, row: BatchRow) -> Outcome:
        company = self._companies[row.pk]
        if row.pk not in self._made and company.created_at < self._batch.created_at:
            return outcomes.skipped(f"Onboarded already, as {company.ref}.")
        kept = f" Codat keeps “{company.codat_name}” of the name." if company.codat_name != company.name else ""
        return outcomes.done(f"Created.{kept}")

    def _failed(self, step: Step, error: Exception) -> Outcomes:
        if step.kind == CREATE:
            making.note_failed(self._companies[step.rows[0].pk], error)
        outcomes = [(row, outcome_of(error, row)) for row in step.rows]
        if step.kind == MORE:
            return [(row, replace(told, reason=f"At Codat, but not finished: {told.reason}")) for row, told in outcomes]
        return outcomes

    def _forget(self, ended: Outcomes) -> Outcomes:
        """Let go of the companies whose rows have ended, for good or for now."""
        gone = [self._companies.pop(row.pk) for row, _ in ended]
        for (row, _), company in zip(ended, gone, strict=True):
            row.company_id = company.pk
            self._made.discard(row.pk)
        held = [company.pk for company in gone if company.held_by == self._me]
        if held:
            making.let_go(held, self._me)
        return ended

    def renew(self) -> None:
        making.renew([company.pk for company in self._companies.values()], self._me)

    def release(self, steps: Sequence[Step]) -> None:
        """Not begun: so Codat was not asked, but for what was being looked for."""
        rows = [row for step in steps for row in step.rows]
        never = [self._companies[row.pk] for step in steps if step.kind == CREATE for row in step.rows]
        making.never_asked(never)
        self._forget([(row, outcomes.RELEASED) for row in rows])


def _gone(company: Company) -> Outcome:
    if company.erased_at:
        return outcomes.failed(f"{company.ref} was erased: it needs a new customer ID.")
    return outcomes.failed(f"{company.ref} was deleted at Codat: use “Start afresh” on its page.")
