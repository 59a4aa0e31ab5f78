"""Reads the status of a run from its journal."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from attrs import frozen

from confirma_async.bulk import State
from confirma_async.bulk.journal.records import Doubt, Run, StoredProblem
from confirma_async.bulk.journal.writes import WriteRow
from confirma_async.bulk.journal_places import JournalPlace, PostgresPlace
from confirma_async.bulk.models import Row
from confirma_async.bulk.reporting.progress import Progress, progress_of, progress_of_workers
from confirma_async.cli.journals import Chosen
from confirma_async.cli.remembered import from_text
from confirma_async.formats import ColumnMapping, Identity

if TYPE_CHECKING:
    from confirma_async.bulk.postgres.runs import WorkerRow

LISTED = 1000
"""The greatest number of items that --json lists of each kind: refused, rejected, unknown."""

_NOT_TAKEN = tuple(state for state in State if state is not State.ACCEPTED)


@frozen(kw_only=True)
class RunStatus:
    """The status of a run or a whole journal.

    Attributes:
        name: The name of the run or journal for people.
        path: The place of the journal.
        of_run: Whether it is the status of one run.
        run: The run, or the latest one of the journal; None if it has no run.
        target: The service that the invoices are sent to.
        doubt: Why the journal may not know all that was sent; None if it does.
        counts: The number of invoices in each state, by its name, and of those that were ``refused``.
        amounts: The sum of a run's invoices by state and currency, if it is known.
        refused, rejected, unknown: The first ``LISTED`` items of each kind.
        writes: The number of writes that are no invoices, by state.
        open_writes: The first ``LISTED`` writes that were not accepted, or may not have been.
        numbers: The whole numbers that were assigned to documents without one of their own.
        progress: The progress of the run.
        workers: The workers of a journal in a database.
    """

    name: str
    path: JournalPlace
    of_run: bool
    run: Run | None
    target: str | None
    doubt: Doubt | None
    counts: dict[str, int]
    amounts: Mapping[State, Mapping[str, Decimal]]
    refused: list[StoredProblem]
    rejected: list[Row]
    unknown: list[Row]
    writes: Mapping[State, int]
    open_writes: list[WriteRow]
    numbers: Mapping[Identity, int]
    progress: Progress | None
    workers: Sequence[WorkerRow]


def read_status(chosen: Chosen) -> RunStatus:
    """Read the status of a run or a whole journal."""
    journal, latest = chosen.journal, chosen.latest
    workers = _workers(chosen)
    run, last = chosen.run.number if chosen.run else None, latest.number if latest else 0
    counts = {state.name.lower(): count for state, count in journal.figures.counts(run).items()}
    counts["pending"] -= journal.figures.withheld(last)  # counted as refused
    counts["refused"] = journal.figures.refused(last)
    rejected = list(islice(journal.rows(State.REJECTED, run=run), LISTED))
    if chosen.run is not None:
        met = list(journal.runs.known(chosen.run.number))
        counts["accepted"] += chosen.run.known
        counts["rejected"] += len(met)
        rejected = (rejected + met)[:LISTED]
    return RunStatus(
        name=chosen.name,
        path=chosen.path,
        of_run=chosen.run is not None,
        run=latest,
        target=journal.ownership.target(),
        doubt=journal.trust.doubt(),
        counts=counts,
        amounts=_amounts(chosen),
        refused=list(islice(journal.runs.problems(last), LISTED)),
        rejected=rejected,
        unknown=list(islice(journal.rows(State.UNKNOWN, State.SENDING, run=run), LISTED)),
        writes=journal.writes.counts(run),
        open_writes=list(islice(journal.writes.rows(*_NOT_TAKEN, run=run), LISTED)),
        numbers=journal.numbers.given_by(last),
        progress=_progress(chosen, workers),
        workers=workers,
    )


def _progress(chosen: Chosen, workers: Sequence[WorkerRow]) -> Progress | None:
    """Return the progress of the run, or that of all workers if they send the whole journal."""
    if chosen.run is None and workers:
        return progress_of_workers(chosen.journal, time.time())
    return progress_of(chosen.journal, chosen.latest, time.time()) if chosen.latest else None


def _amounts(chosen: Chosen) -> Mapping[State, Mapping[str, Decimal]]:
    """Return the sum of a run's invoices in each state, without states in which some have no amount.

    It returns nothing for a whole journal, which grows for years.
    """
    run = chosen.run
    if run is None:
        return {}
    found = dict(chosen.journal.figures.amounts(run.number))
    if run.known:  # earlier runs brought these about, and are not told apart
        found.pop(State.ACCEPTED, None)
    if any(True for _row in chosen.journal.runs.known(run.number)):
        found.pop(State.REJECTED, None)
    return found


def _workers(chosen: Chosen) -> Sequence[WorkerRow]:
    """Return the workers of a journal in a database; none for a file."""
    if not isinstance(chosen.path, PostgresPlace):
        return ()
    from confirma_async.bulk.postgres.reader import workers_of

    return workers_of(chosen.journal)


def mappings_of(run: Run | None) -> Mapping[str, ColumnMapping]:
    """Return the mappings with which a run has read tables, by the paths of the tables."""
    return {} if run is None else from_text(run.reading).mappings
