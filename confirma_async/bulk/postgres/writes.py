"""Writes that are no invoices, in the journal's database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from psycopg import Cursor

from confirma_async.bulk.journal.records import Admission
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
from confirma_async.bulk.postgres.failures import taken_over
from confirma_async.bulk.postgres.opening import LOCK
from confirma_async.bulk.postgres.session import PostgresSession

_OPEN = "state NOT IN (4, 5)"

_HELD = "run = %s AND state IN (1, 2)"
"""Writes that a run has in its hands."""

_IS_UNKNOWN = "state = 3"


SETTLED = (
    "UPDATE write SET state = CASE state WHEN 1 THEN 0 ELSE 3 END WHERE state IN (1, 2) "
    "AND run NOT IN (SELECT id FROM run WHERE lease_until IS NOT NULL)"
)
"""Settles what runs that are over left under way: claims were not sent, sends may have been."""


class PostgresWrites:
    """``Writes`` over the connection of a journal.

    Args:
        session: The connection.
        doubt: Says why the journal may not know all that was sent; None where it does.
        settle_dead: Settles what runs left under way that died.
    """

    def __init__(
        self,
        session: PostgresSession,
        doubt: Callable[[], str | None],
        settle_dead: Callable[[], None] = lambda: None,
    ) -> None:
        self._session = session
        self._doubt = doubt
        self._settle_dead = settle_dead

    def settle_doubt(self, reason: str) -> None:
        """Have what surely was not sent count as unknown: the journal has forgotten what was sent since."""
        self._do(
            f"UPDATE write SET state = %s, detail = %s WHERE {_OPEN} AND state IN (%s, %s)",
            (int(State.UNKNOWN), reason, int(State.PENDING), State.CLAIMED),
        )

    def trust(self) -> int:
        """Have what was never sent be sent again; return how many writes that are."""
        return self._do(
            f"UPDATE write SET state = %s, detail = NULL WHERE {_OPEN} AND state = %s AND attempts = 0",
            (int(State.PENDING), State.UNKNOWN),
        ).rowcount

    def claim(self, write: Write, run: int, retry: Retry = Retry.NONE) -> Claim:
        """See ``Writes``."""
        self._do("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
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
        found = self._do(
            "INSERT INTO write (id, operation, key, digest, facts, state, run) "
            "VALUES (coalesce(%s, nextval('write_id')), %s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (operation, key) DO UPDATE SET digest = excluded.digest, facts = excluded.facts, "
            "state = excluded.state, run = excluded.run, attempted_at = NULL, ends_at = NULL, "
            "decided_at = NULL, status = NULL, detail = NULL, form = NULL RETURNING id",
            (
                None if row is None else row.id,
                write.operation,
                write.key,
                write.digest,
                facts,
                int(State.CLAIMED),
                run,
            ),
        ).fetchone()
        if found is None:
            raise RuntimeError("the statement returns the row that it writes")
        (ident,) = found
        self._do("DELETE FROM write_name WHERE write = %s", (ident,))
        for name in write.names:
            self._do("INSERT INTO write_name VALUES (%s, %s, %s)", (write.operation, name, ident))
        return int(ident)

    def _of_names(self, write: Write, own: WriteRow | None) -> WriteRow | None:
        """Return a write other than its own that bears one of these names."""
        where = "WHERE id = (SELECT write FROM write_name WHERE operation = %s AND name = %s)"
        for name in write.names:
            found = next(self._query(where, (write.operation, name)), None)
            if found is not None and (own is None or found.id != own.id):
                return found
        return None

    def _known(self, ident: int) -> WriteRow:
        return next(self._query("WHERE id = %s", (ident,)))

    def sending(self, ident: int, run: int, now: float, ends_at: float) -> None:
        """See ``Writes``."""
        changed = self._do(
            "UPDATE write SET state = %s, attempts = attempts + 1, form = NULL, "
            f"attempted_at = coalesce(attempted_at, %s), ends_at = %s WHERE id = %s AND {_HELD}",
            (int(State.SENDING), milliseconds(now), milliseconds(ends_at), ident, run),
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
            raise taken_over(self._session.name)

    def confirm(self, ident: int, at: float) -> bool:
        """See ``Writes``."""
        return bool(self._change(WriteDecision(id=ident, state=State.ACCEPTED, at=at), _IS_UNKNOWN))

    def _change(self, decision: WriteDecision, where: str, *values: int) -> int:
        """Write down what became of a write, where it stands as told; return how many rows that is."""
        is_final = decision.state in FINAL
        return self._do(
            "UPDATE write SET state = %s, status = %s, detail = %s, form = %s, decided_at = %s, "
            f"ends_at = CASE WHEN %s THEN NULL ELSE ends_at END WHERE id = %s AND {where}",
            (
                int(decision.state),
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
        self._do(
            f"UPDATE write SET state = %s WHERE {_OPEN} AND state = %s AND run = %s",
            (int(State.PENDING), int(State.CLAIMED), run),
        )

    def resolve(self, ident: int, state: State, note: str, at: float) -> None:
        """See ``Writes``."""
        form = self._known(ident).form
        if state is State.ACCEPTED and form is not None:
            self._do("INSERT INTO form VALUES (%s) ON CONFLICT DO NOTHING", (form,))
        detail = f"a person decided: {note}"
        self._change(WriteDecision(id=ident, state=state, detail=detail, at=at), _IS_UNKNOWN)

    def find(self, operation: str, key: str) -> WriteRow | None:
        """See ``Writes``."""
        return next(self._query("WHERE operation = %s AND key = %s", (operation, key)), None)

    def names(self, ident: int) -> Sequence[str]:
        """See ``Writes``."""
        found = self._do("SELECT name FROM write_name WHERE write = %s ORDER BY name", (ident,))
        return [name for (name,) in found]

    def rows(self, *states: State, run: int | None = None) -> Iterator[WriteRow]:
        """See ``Writes``."""
        conditions, values = ["true"], list[Any](map(int, states))
        if states:
            conditions.append(f"state IN ({', '.join(['%s'] * len(states))})")
            if FINAL.isdisjoint(states):
                conditions.append(_OPEN)
        if run is not None:
            conditions.append("run = %s")
            values.append(run)
        return self._query(f"WHERE {' AND '.join(conditions)} ORDER BY id", values)

    def has_rival(self, ident: int) -> bool:
        """See ``Writes``."""
        own = self._known(ident)
        others = self._query(
            "WHERE operation = %s AND id <> %s AND (attempts > 0 OR state NOT IN (%s, %s))",
            (own.operation, ident, int(State.PENDING), State.CLAIMED),
        )
        return any(may_show_the_same(own.facts, other.facts) for other in others)

    def counts(self, run: int | None = None) -> Mapping[State, int]:
        """See ``Writes``."""
        where, values = ("", ()) if run is None else (" WHERE run = %s", (run,))
        query = f"SELECT state, count(*) FROM write{where} GROUP BY state"
        found = dict(self._do(query, values))
        return {state: found.get(int(state), 0) for state in State}

    def _query(self, rest: str, values: Sequence[Any]) -> Iterator[WriteRow]:
        return map(write_row, self._session.stream(f"SELECT {COLUMNS} FROM write {rest}", values))

    def _do(self, query: str, values: Sequence[Any] = ()) -> Cursor[tuple[Any, ...]]:
        return self._session.execute(query, values)
