"""Reads the progress of a job from its journal: how fast it is, and how long it will take."""

from __future__ import annotations

from attrs import frozen

from confirma_async.bulk.journal import JournalReader
from confirma_async.bulk.journal.records import Run
from confirma_async.bulk.models import FINAL, State

RECENT = 60.0
"""Seconds before now whose decisions give the present rate."""


@frozen(kw_only=True)
class Progress:
    """The progress of a job.

    Attributes:
        per_second: Invoices decided per second in the last minute.
        decided: Records decided so far, refused ones included.
        expected: Records in the whole input; None where they were not counted.
        oldest_unknown_seconds: Seconds since the oldest unknown invoice was sent; None where none is unknown.
    """

    per_second: float
    decided: int
    expected: int | None
    oldest_unknown_seconds: float | None

    @property
    def left(self) -> int | None:
        """Records still to decide; None where it is not known how many there are."""
        return None if self.expected is None else max(0, self.expected - self.decided)

    @property
    def seconds_left(self) -> float | None:
        """Seconds that the rest takes at the present rate; None where that is not known."""
        return self.left / self.per_second if self.left is not None and self.per_second else None


def progress_of(journal: JournalReader, run: Run, now: float) -> Progress:
    """Read the progress of a run.

    Args:
        journal: The journal of the run, open for reading.
        run: The run, which may still go on.
        now: The current time; seconds since 1970.
    """
    since = max(now - RECENT, run.began_at)
    counts = journal.figures.counts(run.number)
    met = run.known + sum(1 for _ in journal.runs.known(run.number))
    return Progress(
        per_second=journal.figures.decided_since(run.number, since) / max(now - since, 1.0),
        decided=sum(counts[state] for state in FINAL) + journal.figures.refused(run.number) + met,
        expected=run.expected,
        oldest_unknown_seconds=_oldest_unknown(journal, now, run.number),
    )


def progress_of_workers(journal: JournalReader, now: float) -> Progress:
    """Read the progress of workers: of all planned invoices of a journal, whichever run planned them.

    Args:
        journal: The journal, open for reading.
        now: The current time; seconds since 1970.
    """
    counts = journal.figures.counts()
    return Progress(
        per_second=journal.figures.decided_since(None, now - RECENT) / RECENT,
        decided=sum(counts[state] for state in FINAL),
        expected=sum(counts.values()),
        oldest_unknown_seconds=_oldest_unknown(journal, now),
    )


def _oldest_unknown(journal: JournalReader, now: float, run: int | None = None) -> float | None:
    unknown = journal.rows(State.UNKNOWN, State.SENDING, run=run)
    sent = [row.attempted_at for row in unknown if row.attempted_at]
    return max(0.0, now - min(sent)) if sent else None
