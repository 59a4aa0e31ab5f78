"""Makes the ``Lookups`` of a run, and says which of its items are looked up before they are sent."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.evidence.lookups import Lookups
from confirma_async.bulk.evidence.observations import Observations
from confirma_async.bulk.evidence.tasks import Task
from confirma_async.bulk.journal.records import Admission, Admitted
from confirma_async.bulk.models import Entry, JobOptions
from confirma_async.contract import DISTRIBUTIONS
from confirma_async.resources.invoices import Invoices
from confirma_async.schemas import DistributionQuery
from confirma_async.session.retry import http_date


def lookups_of(
    run: AccountRun, options: JobOptions, may_send: Callable[[], bool], clock: Callable[[], float]
) -> Lookups:
    """Make the ``Lookups`` of a run.

    Args:
        run: The run.
        options: How the job runs.
        may_send: Says whether the run may still send invoices, which can then become witnesses.
        clock: Returns the time in seconds since 1970.
    """
    pipeline = run.pipeline

    async def service_time() -> float | None:
        """Ask the service for its time; return seconds since 1970, or None where the answer names no time."""
        today = datetime.datetime.fromtimestamp(clock(), datetime.UTC).date()  # only the headers count
        query = DistributionQuery(from_inv_date=today, to_inv_date=today)
        return http_date((await pipeline.reply(DISTRIBUTIONS, query=query)).date)

    return Lookups(
        observations=Observations(Invoices(pipeline), run.writer, options.settle_seconds, service_time),
        writer=run.writer,
        options=options,
        more=may_send,
        backoff=pipeline.policy.backoff,
        clock=clock,
    )


def task_of(entry: Entry, admitted: Admitted, lookups: Lookups) -> Task:
    """Return the task of an admitted entry; begin the lookup of one that must be looked up first."""
    task, row = Task(entry, admitted.position), admitted.row
    if row is not None and is_looked_up(admitted):
        lookups.resume(task, row, admitted.sent)
    return task


def is_looked_up(admitted: Admitted) -> bool:
    """Say whether an entry that was admitted is looked up before it is sent."""
    row, admission = admitted.row, admitted.admission
    if row is None or admission is Admission.UNKNOWN:
        return row is not None
    # It was sent before, and only a gateway or a list said that it did not arrive.
    return row.attempts > 0 and (
        admission is Admission.CLAIMED or (admission is Admission.RETRIED and row.says_no)
    )
