"""Writes other than invoices in the tables of a journal, with the same statements for each database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from confirma_async.bulk.journal.records import Admission
from confirma_async.bulk.journal.rules import check_ended, check_unknown, ended_by
from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.journal.stored.trust import OPEN_WRITES, StoredTrust
from confirma_async.bulk.journal.stored.values import milliseconds, places, seconds, slices
from confirma_async.bulk.journal.writes import (
    UNDER_WAY,
    Claim,
    Write,
    WriteDecision,
    WriteRow,
    claim_of,
    may_show_the_same,
)
from confirma_async.bulk.models import FINAL, SETTLE_SECONDS, Retry, State

_HELD = f"run = ? AND state IN ({State.CLAIMED:d}, {State.SENDING:d})"
"""The condition of writes that a run has in its hands."""

_IS_UNKNOWN = f"state = {State.UNKNOWN:d}"


_COLUMNS = (
    "id, operation, key, digest, facts, state, run, attempts, attempted_at, ends_at, decided_at, status, "
    "detail, form"
)
"""The columns of a write, in the order in which ``_row`` takes them."""


def release_of_writes(alive: str, ends_at: str = "ends_at") -> str:
    """Return the statement that releases the writes of runs that are over.

    Claims become pending, since they were not sent; what was being sent becomes unknown.

    Args:
        alive: The condition that holds for the row of a run that is not over.
        ends_at: The expression for the latest end of a call that was under way.
    """
    return (
        f"UPDATE write SET state = CASE state WHEN {State.CLAIMED:d} THEN {State.PENDING:d} "
        f"ELSE {State.UNKNOWN:d} END, "
        f"ends_at = CASE state WHEN {State.SENDING:d} THEN {ends_at} ELSE ends_at END "
        f"WHERE {OPEN_WRITES} AND state IN ({State.CLAIMED:d}, {State.SENDING:d}) "
        f"AND run NOT IN (SELECT id FROM run WHERE {alive})"
    )


class StoredWrites:
    """``Writes`` over the tables of a journal.

    Args:
        tables: Runs the statements on the database of the journal.
        trust: Says whether the journal is in doubt.
        release_dead: Releases what dead runs have left under way.
    """

    def __init__(
        self,
        tables: Tables,
        trust: StoredTrust,
        release_dead: Callable[[], None] = lambda: None,
    ) -> None:
        self._tables = tables
        self._trust = trust
        self._release_dead = release_dead

    def claim(self, write: Write, run: int, retry: Retry = Retry.NONE) -> Claim:
        """See ``Writes``."""
        self._tables.lock()
        row = self.find(write.operation, write.key)
        if row is not None and row.run != run and row.state in UNDER_WAY:
            self._release_dead()
            row = self._known(row.id)
        other = self._of_names(write, row)
        if other is not None:
            return Claim(Admission.CHANGED, other)
        admission = claim_of(write, row, run, retry)
        if admission in {Admission.CLAIMED, Admission.RETRIED}:
            ident, doubt = self._put(write, run, row), self._trust.reason
            if doubt is None:
                return Claim(admission, self._known(ident))
            self.decide(WriteDecision(id=ident, state=State.UNKNOWN, detail=doubt, at=0.0), run)
            return Claim(Admission.UNKNOWN, self._known(ident))
        if row is None:
            raise AssertionError("a write that the journal does not know is claimed")
        return Claim(admission, row)

    def _put(self, write: Write, run: int, row: WriteRow | None) -> int:
        facts = json.dumps([*map(dict, write.facts)], separators=(",", ":"), sort_keys=True)
        known = None if row is None else row.id
        ident = self._tables.one(
            "INSERT INTO write (id, operation, key, digest, facts, state, run) "
            f"VALUES (coalesce(?, {self._tables.new_write}), ?, ?, ?, ?, {State.CLAIMED:d}, ?) "
            "ON CONFLICT (operation, key) DO UPDATE SET digest = excluded.digest, facts = excluded.facts, "
            "state = excluded.state, run = excluded.run, attempted_at = NULL, ends_at = NULL, "
            "decided_at = NULL, status = NULL, detail = NULL, form = NULL RETURNING id",
            known, write.operation, write.key, write.digest, facts, run,
        )  # fmt: skip
        self._tables.change("DELETE FROM write_name WHERE write = ?", ident)
        for names in slices(write.names):
            self._tables.change(
                f"INSERT INTO write_name VALUES {places(names, 3)}",
                *[value for name in names for value in (write.operation, name, ident)],
            )
        return ident

    def _of_names(self, write: Write, own: WriteRow | None) -> WriteRow | None:
        """Return another write that bears a name of this one; None where there is none."""
        where = "WHERE id = (SELECT write FROM write_name WHERE operation = ? AND name = ?)"
        for name in write.names:
            found = next(self._query(where, write.operation, name), None)
            if found is not None and (own is None or found.id != own.id):
                return found
        return None

    def _known(self, ident: int) -> WriteRow:
        return next(self._query("WHERE id = ?", ident))

    def sending(self, ident: int, run: int, now: float, ends_at: float) -> None:
        """See ``Writes``."""
        changed = self._tables.change(
            f"UPDATE write SET state = {State.SENDING:d}, attempts = attempts + 1, form = NULL, "
            f"attempted_at = coalesce(attempted_at, ?), ends_at = ? WHERE id = ? AND {_HELD}",
            milliseconds(now), milliseconds(ends_at), ident, run,
        )  # fmt: skip
        self._check_held(changed)

    def decide(self, decision: WriteDecision, run: int) -> None:
        """See ``Writes``."""
        self._check_held(self._change(decision, _HELD, run))

    def _check_held(self, changed: int) -> None:
        """Check that a write was in the hands of the run that changes it.

        Raises:
            JournalTakenOverError: another run has taken it over; nothing of the transaction is written.
        """
        if not changed:
            raise self._tables.taken_over()

    def confirm(self, ident: int, at: float) -> bool:
        """See ``Writes``."""
        return bool(self._change(WriteDecision(id=ident, state=State.ACCEPTED, at=at), _IS_UNKNOWN))

    def _change(self, decision: WriteDecision, where: str, *values: int) -> int:
        """Write what became of a write if the condition ``where`` holds; return how many rows changed."""
        is_final = decision.state in FINAL
        return self._tables.change(
            "UPDATE write SET state = ?, status = ?, detail = ?, form = ?, decided_at = ?, "
            f"ends_at = {'NULL' if is_final else 'ends_at'} WHERE id = ? AND {where}",
            int(decision.state), decision.status, decision.detail, decision.form,
            milliseconds(decision.at) if is_final else None, decision.id, *values,
        )  # fmt: skip

    def put_back(self, run: int) -> None:
        """See ``Writes``."""
        self._tables.change(
            f"UPDATE write SET state = {State.PENDING:d} "
            f"WHERE {OPEN_WRITES} AND state = {State.CLAIMED:d} AND run = ?",
            run,
        )

    def resolve(
        self, ident: int, state: State, note: str, at: float, settle_seconds: float = SETTLE_SECONDS
    ) -> None:
        """See ``Writes``."""
        self._tables.lock()
        self._release_dead()
        self._trust.make_unsent_unknown()  # else the next run makes what a person found out unknown
        row = self._known(ident)
        name = f"{row.operation} {row.key}"
        check_unknown(name, row.state)
        if state is not State.ACCEPTED:
            ends_at = ended_by(row.attempted_at, row.ends_at, at)
            check_ended(name, max(ends_at, self._trust.forgotten_until(at)), at, settle_seconds)
        elif row.form is not None:
            self._tables.change("INSERT INTO form VALUES (?) ON CONFLICT DO NOTHING", row.form)
        detail = f"a person decided: {note}"
        self._change(WriteDecision(id=ident, state=state, detail=detail, at=at), _IS_UNKNOWN)

    def find(self, operation: str, key: str) -> WriteRow | None:
        """See ``Writes``."""
        return next(self._query("WHERE operation = ? AND key = ?", operation, key), None)

    def names(self, ident: int) -> Sequence[str]:
        """See ``Writes``."""
        found = self._tables.few("SELECT name FROM write_name WHERE write = ? ORDER BY name", ident)
        return [name for (name,) in found]

    def rows(self, *states: State, run: int | None = None) -> Iterator[WriteRow]:
        """See ``Writes``."""
        conditions, values = ["true"], list[Any](map(int, states))
        if states:
            conditions.append(f"state IN ({places(states)})")
            if FINAL.isdisjoint(states):
                conditions.append(OPEN_WRITES)
        if run is not None:
            conditions.append("run = ?")
            values.append(run)
        return self._query(f"WHERE {' AND '.join(conditions)} ORDER BY id", *values)

    def has_rival(self, ident: int) -> bool:
        """See ``Writes``."""
        own = self._known(ident)
        others = self._query(
            "WHERE operation = ? AND id <> ? "
            f"AND (attempts > 0 OR state NOT IN ({State.PENDING:d}, {State.CLAIMED:d}))",
            own.operation, ident,
        )  # fmt: skip
        return any(may_show_the_same(own.facts, other.facts) for other in others)

    def counts(self, run: int | None = None) -> Mapping[State, int]:
        """See ``Writes``."""
        where, values = ("", ()) if run is None else (" WHERE run = ?", (run,))
        found = dict(self._tables.few(f"SELECT state, count(*) FROM write{where} GROUP BY state", *values))
        return {state: found.get(int(state), 0) for state in State}

    def _query(self, rest: str, *values: Any) -> Iterator[WriteRow]:
        return map(_row, self._tables.many(f"SELECT {_COLUMNS} FROM write {rest}", *values))


def _row(found: tuple[Any, ...]) -> WriteRow:
    """Return the write of a row with ``_COLUMNS``."""
    (ident, operation, key, digest, facts, state, run, attempts, attempted_at, ends_at, decided_at, status,
     detail, form) = found  # fmt: skip
    return WriteRow(
        id=ident,
        operation=operation,
        key=key,
        digest=digest,
        facts=tuple(json.loads(facts)),
        state=State(state),
        run=run,
        attempts=attempts,
        attempted_at=seconds(attempted_at),
        ends_at=seconds(ends_at),
        decided_at=seconds(decided_at),
        status=status,
        detail=detail,
        form=form,
    )
