"""Writes that are no invoices, in the journal's file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from confirma_async.bulk.journal.records import Admission
from confirma_async.bulk.journal.rules import JournalTakenOverError
from confirma_async.bulk.journal.values import milliseconds
from confirma_async.bulk.journal.write_rows import COLUMNS, write_row
from confirma_async.bulk.journal.writes import (
    UNDER_WAY,
    Claim,
    Write,
    WriteDecision,
    WriteRow,
    claim_of,
    may_show_the_same,
)
from confirma_async.bulk.models import FINAL, Retry, State
from confirma_async.bulk.sqlite.migrations import OPEN

_HELD = f"run = ? AND state IN ({State.CLAIMED:d}, {State.SENDING:d})"
"""Writes that a run has in its hands."""

_IS_UNKNOWN = f"state = {State.UNKNOWN:d}"


def settle_writes(connection: sqlite3.Connection) -> None:
    """Settle what runs that are over left under way: claims were not sent, sends may have been."""
    for before, after in ((State.CLAIMED, State.PENDING), (State.SENDING, State.UNKNOWN)):
        connection.execute(
            f"UPDATE write SET state = ? WHERE {OPEN} AND state = ? "
            "AND run NOT IN (SELECT id FROM run WHERE hold IS NOT NULL)",
            (after, before),
        )


class SqliteWrites:
    """``Writes`` over the connection of a journal.

    Args:
        path: The file, for messages.
        connection: The connection.
        doubt: Says why the journal may not know all that was sent; None where it does.
        settle_dead: Settles what runs left under way that died.
    """

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        doubt: Callable[[], str | None],
        settle_dead: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = path
        self._connection = connection
        self._doubt = doubt
        self._settle_dead = settle_dead

    def settle_doubt(self, reason: str) -> None:
        """Have what surely was not sent count as unknown: the journal has forgotten what was sent since."""
        self._connection.execute(
            f"UPDATE write SET state = ?, detail = ? WHERE {OPEN} AND state IN (?, ?)",
            (State.UNKNOWN, reason, State.PENDING, State.CLAIMED),
        )

    def trust(self) -> int:
        """Have what was never sent be sent again; return how many writes that are."""
        return self._connection.execute(
            f"UPDATE write SET state = ?, detail = NULL WHERE {OPEN} AND state = ? AND attempts = 0",
            (State.PENDING, State.UNKNOWN),
        ).rowcount

    def claim(self, write: Write, run: int, retry: Retry = Retry.NONE) -> Claim:
        """See ``Writes``."""
        row = self.find(write.operation, write.key)
        if row is not None and row.run != run and row.state in UNDER_WAY:
            self._settle_dead()
            row = self._known(row.id)
        other = self._of_names(write, row)
        if other is not None:
            return Claim(Admission.CHANGED, other)
        admission = claim_of(write, row, run, retry)
        if admission in {Admission.CLAIMED, Admission.RETRIED}:
            ident, doubt = self._put(write, run, row), self._doubt()
            if doubt is None:
                return Claim(admission, self._known(ident))
            self.decide(WriteDecision(id=ident, state=State.UNKNOWN, detail=doubt, at=0.0), run)
            return Claim(Admission.UNKNOWN, self._known(ident))
        if row is None:
            raise AssertionError("a write that the journal does not know is claimed")
        return Claim(admission, row)

    def _put(self, write: Write, run: int, row: WriteRow | None) -> int:
        facts = json.dumps([*map(dict, write.facts)], separators=(",", ":"), sort_keys=True)
        (ident,) = self._connection.execute(
            "INSERT INTO write (id, operation, key, digest, facts, state, run) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (operation, key) DO UPDATE SET digest = excluded.digest, facts = excluded.facts, "
            "state = excluded.state, run = excluded.run, attempted_at = NULL, ends_at = NULL, "
            "decided_at = NULL, status = NULL, detail = NULL, form = NULL RETURNING id",
            (
                None if row is None else row.id,
                write.operation,
                write.key,
                write.digest,
                facts,
                State.CLAIMED,
                run,
            ),
        ).fetchone()
        self._connection.execute("DELETE FROM write_name WHERE write = ?", (ident,))
        self._connection.executemany(
            "INSERT INTO write_name VALUES (?, ?, ?)",
            [(write.operation, name, ident) for name in write.names],
        )
        return int(ident)

    def _of_names(self, write: Write, own: WriteRow | None) -> WriteRow | None:
        """Return a write other than its own that bears one of these names."""
        where = "WHERE id = (SELECT write FROM write_name WHERE operation = ? AND name = ?)"
        for name in write.names:
            found = next(self._query(where, (write.operation, name)), None)
            if found is not None and (own is None or found.id != own.id):
                return found
        return None

    def _known(self, ident: int) -> WriteRow:
        return next(self._query("WHERE id = ?", (ident,)))

    def sending(self, ident: int, run: int, now: float, ends_at: float) -> None:
        """See ``Writes``."""
        changed = self._connection.execute(
            "UPDATE write SET state = ?, attempts = attempts + 1, form = NULL, "
            f"attempted_at = coalesce(attempted_at, ?), ends_at = ? WHERE id = ? AND {_HELD}",
            (State.SENDING, milliseconds(now), milliseconds(ends_at), ident, run),
        )
        self._check_held(changed.rowcount)

    def decide(self, decision: WriteDecision, run: int) -> None:
        """See ``Writes``."""
        self._check_held(self._change(decision, _HELD, run))

    def _check_held(self, changed: int) -> None:
        """Check that a write was in the hands of the run that changes it.

        Raises:
            JournalTakenOverError: another run has taken it over; nothing of the transaction is written.
        """
        if not changed:
            raise JournalTakenOverError(
                f"the journal {self._path}: another run has taken over a write that this one was sending, "
                f"because the file that shows it to be alive ({self._path.name}.held-...) was removed. It is "
                "not sent again; what was sent is looked for"
            )

    def confirm(self, ident: int, at: float) -> bool:
        """See ``Writes``."""
        return bool(self._change(WriteDecision(id=ident, state=State.ACCEPTED, at=at), _IS_UNKNOWN))

    def _change(self, decision: WriteDecision, where: str, *values: int) -> int:
        """Write down what became of a write, where it stands as told; return how many rows that is."""
        is_final = decision.state in FINAL
        return self._connection.execute(
            "UPDATE write SET state = ?, status = ?, detail = ?, form = ?, decided_at = ?, "
            f"ends_at = CASE WHEN ? THEN NULL ELSE ends_at END WHERE id = ? AND {where}",
            (
                decision.state,
                decision.status,
                decision.detail,
                decision.form,
                milliseconds(decision.at) if is_final else None,
                is_final,
                decision.id,
                *values,
            ),
        ).rowcount

    def put_back(self, run: int) -> None:
        """See ``Writes``."""
        self._connection.execute(
            f"UPDATE write SET state = ? WHERE {OPEN} AND state = ? AND run = ?",
            (State.PENDING, State.CLAIMED, run),
        )

    def resolve(self, ident: int, state: State, note: str, at: float) -> None:
        """See ``Writes``."""
        form = self._known(ident).form
        if state is State.ACCEPTED and form is not None:
            self._connection.execute("INSERT OR IGNORE INTO form VALUES (?)", (form,))
        detail = f"a person decided: {note}"
        self._change(WriteDecision(id=ident, state=state, detail=detail, at=at), _IS_UNKNOWN)

    def find(self, operation: str, key: str) -> WriteRow | None:
        """See ``Writes``."""
        return next(self._query("WHERE operation = ? AND key = ?", (operation, key)), None)

    def names(self, ident: int) -> Sequence[str]:
        """See ``Writes``."""
        found = self._connection.execute(
            "SELECT name FROM write_name WHERE write = ? ORDER BY name", (ident,)
        )
        return [name for (name,) in found]

    def rows(self, *states: State, run: int | None = None) -> Iterator[WriteRow]:
        """See ``Writes``."""
        conditions, values = ["1"], list[Any](states)
        if states:
            conditions.append(f"state IN ({', '.join('?' * len(states))})")
            if FINAL.isdisjoint(states):
                conditions.append(OPEN)
        if run is not None:
            conditions.append("run = ?")
            values.append(run)
        return self._query(f"WHERE {' AND '.join(conditions)} ORDER BY id", values)

    def has_rival(self, ident: int) -> bool:
        """See ``Writes``."""
        own = self._known(ident)
        others = self._query(
            "WHERE operation = ? AND id <> ? AND (attempts > 0 OR state NOT IN (?, ?))",
            (own.operation, ident, State.PENDING, State.CLAIMED),
        )
        return any(may_show_the_same(own.facts, other.facts) for other in others)

    def counts(self, run: int | None = None) -> Mapping[State, int]:
        """See ``Writes``."""
        where, values = ("", ()) if run is None else (" WHERE run = ?", (run,))
        query = f"SELECT state, count(*) FROM write{where} GROUP BY state"
        found = dict(self._connection.execute(query, values))
        return {state: found.get(int(state), 0) for state in State}

    def _query(self, rest: str, values: Sequence[Any]) -> Iterator[WriteRow]:
        return map(write_row, self._connection.execute(f"SELECT {COLUMNS} FROM write {rest}", values))
