"""The port to the runs of a journal: how they begin and end, and what each has met and refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from confirma_async.accounts.owner import Owner
from confirma_async.bulk.journal.records import JobName, Refused, Run
from confirma_async.bulk.models import Refusal, Row


class RunsReader(Protocol):
    """The runs that there were."""

    def all(self) -> Iterator[Run]:
        """Return the runs, the latest first."""
        ...

    def latest(self) -> Run | None:
        """Return the latest run; None before the first."""
        ...

    def find(self, number: int) -> Run | None:
        """Return a run; None where there is none of that number."""
        ...

    def known(self, run: int) -> Iterator[Row]:
        """Return the items that a run met as rejected by an earlier run, and that still are."""
        ...

    def refusals(self, run: int) -> Iterator[Refused]:
        """Return the problems of the records that a run refused.

        Kept for the last ``RUNS_WITH_REFUSALS`` runs.
        """
        ...


class Runs(RunsReader, Protocol):
    """``RunsReader`` with the methods that write."""

    def begin(
        self, job: JobName, *, now: float, owner: Owner | None = None, expected: int | None = None
    ) -> int:
        """Begin a run, if the journal is of its target and its owner; return the number of the run.

        What dead runs left under way is settled: what was claimed was surely not sent, and is pending; what
        was being sent is unknown.
        In a journal that is in doubt for the first time, nothing counts as surely not sent any more.

        Args:
            job: Where the invoices go, and the names of the inputs.
            now: Seconds since 1970.
            owner: Whose key the calls bear; None asks nothing.
            expected: How many records the whole input has; None where they were not counted.

        Raises:
            JournalMismatchError: it belongs to another target or another account.
        """
        ...

    def refuse(self, refusals: Sequence[Refusal], run: int) -> None:
        """Write down records that a run will not send, so that reports can name them."""
        ...

    def put_back(self, run: int) -> None:
        """Release what a run has claimed and not sent: it is pending again."""
        ...

    def end(self, run: int, ending: str, *, now: float, owner: Owner | None = None) -> None:
        """Write how a run ended.

        Args:
            run: The number of the run.
            ending: How it ended, in words.
            now: Seconds since 1970.
            owner: Whose key its last calls had; the key may have been renewed during the run.
        """
        ...
