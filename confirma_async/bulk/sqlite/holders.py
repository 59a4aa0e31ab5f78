"""In whose hands items are: runs that are alive, and what dead ones have left."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field

from confirma_async.bulk.journal.stored.values import places
from confirma_async.bulk.journal.stored.writes import release_of_writes
from confirma_async.bulk.models import Row, State
from confirma_async.bulk.sqlite.file.journal_file import OpenFile
from confirma_async.bulk.sqlite.migrations import OPEN

_RELEASE_WRITES = release_of_writes(alive="hold IS NOT NULL")
"""Releases the writes that runs which are over left under way."""

_HELD = frozenset({State.CLAIMED, State.SENDING})


@define
class SqliteHolders:
    """The runs of a journal, as those who have items in their hands.

    Attributes:
        file: The journal, as a job has it open.
        run: The run of this job; 0 before it has begun.
    """

    file: OpenFile
    run: int = field(init=False, default=0)

    def begin(self, run: int) -> None:
        """See ``Holders``: this job has begun no other run since."""
        self.run = run

    def mark(self) -> Mapping[str, str]:
        """See ``Holders``."""
        return {"hold": self.file.hold.name}

    def end(self, run: int) -> None:
        """See ``Holders``."""
        self.file.connection.execute("UPDATE run SET hold = NULL WHERE id = ?", (run,))
        self.file.connection.execute(f"UPDATE item SET holder = NULL WHERE {OPEN} AND holder = ?", (run,))

    def release_dead(self) -> None:
        """Release what dead runs have left: claims are pending again, sends are of unknown outcome.

        What they looked up is nobody's again.
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
        """Say whether runs of other jobs go on, whose key is the account's before they have sent."""
        holds = self.file.connection.execute("SELECT id, hold FROM run WHERE hold IS NOT NULL").fetchall()
        return any(hold != self.file.hold.name and self._is_alive(run, hold) for run, hold in holds)

    def is_left(self, row: Row) -> bool:
        """Say whether a row is in the hands of a run that is not alive."""
        if row.holder is None:
            return row.state in _HELD
        query = "SELECT hold FROM run WHERE id = ?"
        found = self.file.connection.execute(query, (row.holder,)).fetchone()
        return found is None or not self._is_alive(row.holder, found[0])

    def _is_alive(self, run: int, hold: str | None) -> bool:
        """Say whether a run goes on: its hold is held, and its job has begun no other run."""
        if hold is None:
            return False
        return run == self.run if hold == self.file.hold.name else self.file.is_held(hold)
