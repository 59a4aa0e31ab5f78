"""The runs of a journal in a file, as a job begins and ends them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from confirma_async.accounts.owner import Owner
from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.journal.stored.ownership import StoredOwnership
from confirma_async.bulk.journal.stored.runs import StoredRuns
from confirma_async.bulk.journal.stored.trust import StoredTrust
from confirma_async.bulk.journal.stored.values import milliseconds
from confirma_async.bulk.models import Refusal
from confirma_async.bulk.sqlite.counts import Counts
from confirma_async.bulk.sqlite.file.guard import known_doubt
from confirma_async.bulk.sqlite.holders import Holders
from confirma_async.bulk.sqlite.tables import SqliteTables


class SqliteRuns(StoredRuns):
    """``Runs`` over the tables of a journal in a file.

    Args:
        tables: The tables.
        ownership: Whose the journal is.
        trust: Whether it is in doubt.
        holders: The runs that have items in their hands.
        counts: How many items were decided.
    """

    _tables: SqliteTables

    def __init__(
        self,
        tables: SqliteTables,
        ownership: StoredOwnership,
        trust: StoredTrust,
        holders: Holders,
        counts: Counts,
    ) -> None:
        super().__init__(tables)
        self._ownership = ownership
        self._trust = trust
        self._holders = holders
        self._counts = counts

    def begin(
        self, job: JobName, *, now: float, owner: Owner | None = None, expected: int | None = None
    ) -> int:
        """See ``Runs``."""
        self._ownership.tie(job.target, owner, now=now)
        run = self._next()
        self._tables.change(
            "INSERT INTO run (id, began_at, expected, inputs, hold, allowed, reading) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            run, milliseconds(now), expected, json.dumps(list(job.inputs)), self._holders.file.hold.name,
            " ".join(job.allowed), job.reading,
        )  # fmt: skip
        # A person may have ended the doubt since the journal was opened.
        self._trust.take(known_doubt(self._tables.connection))
        self._holders.begin(run)
        self._holders.settle_dead()
        self._trust.settle()
        self._counts.begin(run)
        return run

    def refuse(self, refusals: Sequence[Refusal], run: int) -> None:
        """See ``Runs``."""
        self._tables.connection.executemany(
            "INSERT INTO refusal (source, number, rule, path, message, run) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (str(refusal.place), refusal.number, problem.rule, problem.path, problem.message, run)
                for refusal in refusals
                for problem in refusal.problems
            ],
        )

    def end(self, run: int, ending: str, *, now: float, owner: Owner | None = None) -> None:
        """See ``Runs``."""
        tables = self._tables
        ended = "UPDATE run SET ended_at = ?, ending = ?, hold = NULL WHERE id = ?"
        tables.change(ended, milliseconds(now), ending, run)
        tables.change(f"UPDATE item SET holder = NULL WHERE {tables.is_open} AND holder = ?", run)
        if owner is not None:
            self._ownership.renew(owner, now=now)
