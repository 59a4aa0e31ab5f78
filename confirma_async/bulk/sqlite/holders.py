"""Knows which runs are alive by their holds, and releases the items of dead runs."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field

from confirma_async.bulk.journal.stored.values import places
from confirma_async.bulk.journal.stored.writes import release_of_writes
from confirma_async.bulk.models import Row, State
from confirma_async.bulk.sqlite.file.journal_file import OpenFile
from confirma_async.bulk.sqlite.migrations import OPEN

_RELEASE_WRITES = release_of_writes(alive="hold IS NOT NULL")
"""Releases the writes that ended runs have left under way."""

_HELD = frozenset({State.CLAIMED, State.SENDING})


@define
class SqliteHolders:
    """``Holders`` over the runs of a journal in a file.

    Attributes:
        file: The journal, as a job has it open.
        run: The run of this job; 0 before it has begun.
    """

    file: OpenFile
    run: int = field(init=False, default=0)

    def begin(self, run: int) -> None:
        """See ``Holders``. A run that this job began before has ended."""
        self.run = run

    def mark(self) -> Mapping[str, str]:
        """See ``Holders``."""
        return {"hold": self.file.hold.name}

    def end(self, run: int) -> None:
        """See ``Holders``."""
        self.file.connection.execute("UPDATE run SET hold = NULL WHERE id = ?", (run,))
        self.file.connection.execute(f"UPDATE item SET holder = NULL WHERE {OPEN} AND holder = ?", (run,))

    def release_dead(self) -> None:
        """Release the items of dead runs: claims become pending, sends unknown.

        What they were looking up is in nobody's hands again.
        """
        execute = self.file.connection.execute
        holds = execute("SELECT id, hold FROM run WHERE hold IS NOT NULL").fetchall()
        dead = [run for run, hold in holds if not self._is_alive(run, hold)]
        some = places(dead)
        execute(f"UPDATE run SET hold = NULL WHERE id IN ({some})", dead)
        left = f"holder IN ({some}) OR (holder IS NULL AND state IN ({State.CLAIMED:d}, {State.SENDING:d}))"
        execute(
            "UPDATE item SET holder = NULL, state = CASE state "
            f"WHEN {State.CLAIMED:d} THEN {State.PENDING:d} WHEN {State.SENDING:d} THEN {State.UNKNOWN:d} "
            f"ELSE state END WHERE {OPEN} AND ({left})",
            dead,
        )
        execute(_RELEASE_WRITES)

    def others_run(self) -> bool:
        """Say whether runs of other jobs are alive. Their key is the account's even before they have sent."""
        holds = self.file.connection.execute("SELECT id, hold FROM run WHERE hold IS NOT NULL").fetchall()
        return any(hold != self.file.hold.name and self._is_alive(run, hold) for run, hold in holds)

    def is_left(self, row: Row) -> bool:
        """Say whether an item is in the hands of a dead run."""
        if row.holder is None:
            return row.state in _HELD
        query = "SELECT hold FROM run WHERE id = ?"
        found = self.file.connection.execute(query, (row.holder,)).fetchone()
        return found is None or not self._is_alive(row.holder, found[0])

    def _is_alive(self, run: int, hold: str | None) -> bool:
        """Say whether a run is alive: its job holds the lock on its hold, and has begun no other run."""
        if hold is None:
            return False
        return run == self.run if hold == self.file.hold.name else self.file.is_held(hold)
