"""How a run stands, read from its journal."""

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
"""Refused, rejected and unknown items that --json lists, each."""

_NOT_TAKEN = tuple(state for state in State if state is not State.ACCEPTED)


@frozen(kw_only=True)
class RunStatus:
    """How a run, or a whole journal, stands.

    Attributes:
        name: What names it to people.
        path: Where the journal lies.
        of_run: Whether it is that of one run.
        run: The run, or the latest one of the journal; None where there is none.
        target: Where the invoices go.
        doubt: Why the journal may not know all that was sent; None where it does.
        counts: How many invoices are in each state, by its name, and how many were ``refused``.
        amounts: What those of a run ask for together, by state and currency, where that is known.
        refused, rejected, unknown: The first ``LISTED`` of each.
        writes: How many writes that are no invoices are in each state.
        open_writes: The first ``LISTED`` of those that were not taken, or may not have been.
        numbers: The whole numbers that were given to documents whose own is none.
        progress: How far the run is.
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
    """Read how a run, or a whole journal, stands."""
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
    """Return how far the run is; of a whole journal that workers send, how far they are with all of it."""
    if chosen.run is None and workers:
        return progress_of_workers(chosen.journal, time.time())
    return progress_of(chosen.journal, chosen.latest, time.time()) if chosen.latest else None


def _amounts(chosen: Chosen) -> Mapping[State, Mapping[str, Decimal]]:
    """Return what the invoices of a run ask for together in each state, where all that are counted so say it.

    Of a whole journal, which grows for years, nothing is added up.
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
    """Return the workers of a journal, where it is in a database."""
    if not isinstance(chosen.path, PostgresPlace):
        return ()
    from confirma_async.bulk.postgres.reader import workers_of

    return workers_of(chosen.journal)


def mappings_of(run: Run | None) -> Mapping[str, ColumnMapping]:
    """Return how the tables of a run were read, by their paths."""
    return {} if run is None else from_text(run.reading).mappings
