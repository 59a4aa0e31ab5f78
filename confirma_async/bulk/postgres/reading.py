"""What anybody asks a journal in a database."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from attrs import frozen

from confirma_async.bulk.journal.records import AmbiguousMatches, Doubt, PreviousVersion, Refused, Run
from confirma_async.bulk.journal.rules import same_invoice
from confirma_async.bulk.journal.stored_writes import StoredWrites
from confirma_async.bulk.journal.values import PERIOD, by_state, date_of, day, milliseconds, seconds
from confirma_async.bulk.models import FINAL, InvoiceKey, Row, State
from confirma_async.bulk.postgres.migrations import DECIDED, OPEN
from confirma_async.bulk.postgres.opening import meta
from confirma_async.bulk.postgres.payloads import PostgresPayloads
from confirma_async.bulk.postgres.session import PostgresSession
from confirma_async.bulk.postgres.text_forms import array_text
from confirma_async.bulk.postgres.writes import PostgresWriteTables
from confirma_async.formats.models import Identity
from confirma_async.schemas import InvoiceType

NEWEST = 1000
"""Accepted invoices of a run among which a witness is sought: the newest ones."""

_ALONE = (
    "NOT EXISTS (SELECT 1 FROM former WHERE former.position = item.position AND former.state <> 0) AND "
    "NOT EXISTS (SELECT 1 FROM item AS other WHERE other.number = item.number AND other.position <> "
    "item.position AND (other.attempts > 0 OR other.state NOT IN (0, 1))) AND "
    "NOT EXISTS (SELECT 1 FROM archived WHERE archived.number = item.number)"
)
"""Items that a record of their number can only be of."""

_COLUMNS = (
    "position, seller, type, number, repeat, date, source, digest, state, attempts, attempted_at, run, "
    "sequence, ended, ends_at, status, detail, duplicate, amount, currency, decided_at, took, says_no, form, "
    "holder"
)

OF_NUMBERS = (
    "SELECT found.* FROM unnest(%s::bigint[]) AS wanted(wanted) CROSS JOIN LATERAL "
    "(SELECT {columns} FROM {table} WHERE number = wanted OFFSET 0) AS found"
)
"""Looks each number up by the index. Of ``number = ANY`` a server without statistics, as it has none in the
first minute of a table, thinks that it finds half of all rows, and reads them all."""

_WITNESSES = (
    f"WHERE position IN (SELECT position FROM item WHERE {DECIDED} AND verdict = %s AND run = %s AND "
    f"place > %s AND NOT duplicate ORDER BY place DESC LIMIT {NEWEST}) AND attempts = 1 AND "
    "(type, seller) = (SELECT type, seller FROM item WHERE position = %s) AND date >= %s AND "
    f"{_ALONE} ORDER BY place DESC LIMIT %s"
)


@frozen(kw_only=True)
class WorkerRow:
    """A worker.

    Attributes:
        run: The number of its run.
        name: What names it: its machine, its process, and more.
        began_at: When it began; seconds since 1970.
        alive: Whether it holds its lease.
        held: How many invoices it has in its hands.
    """

    run: int
    name: str
    began_at: float
    alive: bool
    held: int


class PostgresReader:
    """The half of a ``Journal`` that changes nothing.

    Args:
        session: The connection.
        doubt: Why the journal may not know all that was sent; None where it does.

    Attributes:
        payloads: The payloads that an outbox has asked to keep.
        writes: The writes that are no invoices.
    """

    def __init__(self, session: PostgresSession, doubt: Doubt | None) -> None:
        self._session = session
        self._doubt = doubt
        self.payloads: PostgresPayloads = PostgresPayloads(session)
        self.writes: StoredWrites = StoredWrites(PostgresWriteTables(session), self._doubted)

    def _doubted(self) -> str | None:
        return None if self._doubt is None else self._doubt.reason

    @property
    def name(self) -> str:
        """See ``Journal``."""
        return self._session.name

    def close(self) -> None:
        """See ``Journal``."""
        self._session.close()

    def archived(self, run: int | None = None) -> int:
        """See ``Journal``."""
        if run is None:
            return self._one("SELECT count(*) FROM archived")
        return self._one("SELECT count(*) FROM archived WHERE run = %s", run)

    def owners(self) -> tuple[bytes, Sequence[str]]:
        """See ``Journal``."""
        found = self._all("SELECT fingerprint FROM owner ORDER BY at")
        return bytes.fromhex(self._meta().get("salt", "")), [own for (own,) in found]

    def target(self) -> str | None:
        """See ``Journal``."""
        return self._meta().get("target")

    def account(self) -> str:
        """See ``Journal``."""
        return self._meta().get("account", "")

    def has_sent(self) -> bool:
        """See ``Journal``."""
        sent = (
            f"SELECT (EXISTS (SELECT 1 FROM item WHERE {DECIDED}) OR EXISTS (SELECT 1 FROM archived) OR "
            f"EXISTS (SELECT 1 FROM item WHERE {OPEN} AND state IN (2, 3)) OR "
            "EXISTS (SELECT 1 FROM write WHERE state NOT IN (0, 1)))::int"
        )
        return bool(self._one(sent))

    def doubt(self) -> Doubt | None:
        """See ``Journal``."""
        return self._doubt

    def runs(self) -> Iterator[Run]:
        """See ``Journal``."""
        return self._runs("WHERE worker IS NULL ORDER BY id DESC")

    def run(self, number: int) -> Run | None:
        """See ``Journal``."""
        return next(self._runs("WHERE id = %s", number), None)

    def decided_since(self, run: int, moment: float) -> int:
        """See ``Journal``."""
        query = "SELECT coalesce(sum(count), 0) FROM decided WHERE run = %s AND period >= %s"
        return self._one(query, run, int(moment) // PERIOD)

    def confirmed_forms(self) -> frozenset[str]:
        """See ``Journal``."""
        return frozenset(form for (form,) in self._all("SELECT form FROM form"))

    def find(self, key: InvoiceKey) -> Row | None:
        """See ``Journal``."""
        same = [
            row
            for row in (*self._of_numbers([key.number]), *self._archived([key.number]))
            if (row.key.type, row.key.repeat) == (key.type, key.repeat)
        ]
        return same_invoice(same, key)

    def ambiguous_matches(self, position: int, key: InvoiceKey) -> AmbiguousMatches:
        """See ``Journal``."""
        sent = (
            row.key
            for row in self._of_numbers([key.number])
            if row.position != position
            and (row.attempts > 0 or row.state not in {State.PENDING, State.CLAIMED})
        )
        archived = (row.key for row in self._archived([key.number]))
        former = (
            "SELECT EXISTS (SELECT 1 FROM former WHERE position = %s "
            "AND (state = %s OR (state = %s AND sequence > 0)))::int"
        )
        return AmbiguousMatches(
            others=(*sent, *archived),
            former=bool(self._one(former, position, int(State.REJECTED), int(State.PENDING))),
            forgotten=self._doubt is not None,
        )

    def witnesses(self, position: int, limit: int) -> Sequence[Row]:
        """See ``Journal``."""
        lost = next(self._query("WHERE position = %s", position), None)
        if lost is None or lost.ended is None:
            return []
        later = "SELECT id FROM run WHERE ended_at IS NULL OR ended_at >= %s ORDER BY id DESC"
        found: list[Row] = []
        for (run,) in self._all(later, milliseconds(lost.attempted_at or 0.0)):
            if len(found) >= limit:
                break
            left = limit - len(found)
            found += self._query(
                _WITNESSES, int(State.ACCEPTED), run, lost.ended, position, day(lost.key.date), left
            )
        return found

    def rows(self, *states: State, run: int | None = None) -> Iterator[Row]:
        """See ``Journal``."""
        wanted = [int(state) for state in states]
        final = [int(state) for state in FINAL]
        conditions, values = list[str](), list[Any]()
        if states and FINAL.isdisjoint(states):
            conditions.append(f"{OPEN} AND state = ANY(%s)")
            values.append(wanted)
        elif states and {*states} <= FINAL:
            conditions.append(f"{DECIDED} AND verdict = ANY(%s)")
            values.append(wanted)
        elif states:
            conditions.append("state = ANY(%s)")
            values.append(wanted)
        if run is not None:
            if not states:  # both indexes
                conditions.append(f"({OPEN} OR ({DECIDED} AND verdict = ANY(%s)))")
                values.append(final)
            conditions.append("run = %s")
            values.append(run)
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        return self._query(f"{where}ORDER BY position", *values)

    def known(self, run: int) -> Iterator[Row]:
        """See ``Journal``."""
        return self._query(
            "WHERE position IN (SELECT position FROM known WHERE run = %s) AND state = %s ORDER BY position",
            run,
            int(State.REJECTED),
        )

    def counts(self, run: int | None = None) -> Mapping[State, int]:
        """See ``Journal``."""
        where, values = ("", ()) if run is None else ("WHERE run = %s ", (run,))
        query = f"SELECT state, sum(count)::bigint FROM decided {where}GROUP BY state"
        final = Counter(dict(self._all(query, *values)))
        open_ = self.open_counts(run)
        return {state: final[int(state)] if state in FINAL else open_[state] for state in State}

    def amounts(self, run: int) -> Mapping[State, Mapping[str, Decimal]]:
        """See ``Journal``."""
        query = "SELECT state, currency, sum(amount)::numeric FROM item WHERE {} GROUP BY state, currency"
        decided = f"{DECIDED} AND verdict = ANY(%s) AND run = %s"
        found = [  # each by its index
            *self._all(query.format(decided), [*map(int, FINAL)], run),
            *self._all(query.format(f"{OPEN} AND run = %s"), run),
        ]
        return by_state(
            (state, currency, int(cents)) for state, currency, cents in found if cents is not None
        )

    def open_counts(self, run: int | None = None) -> Mapping[State, int]:
        """See ``Journal``."""
        of_run, values = ("", ()) if run is None else (" AND run = %s", (run,))
        found = dict(
            self._all(f"SELECT state, count(*) FROM item WHERE {OPEN}{of_run} GROUP BY state", *values)
        )
        return {state: found.get(int(state), 0) for state in State}

    def refusals(self, run: int) -> Iterator[Refused]:
        """See ``Journal``."""
        query = "SELECT source, number, rule, path, message FROM refusal WHERE run = %s ORDER BY id"
        for source, number, rule, path, message in self._each(query, run):
            yield Refused(source=source, number=number, rule=rule, path=path, message=message)

    def refused(self, run: int) -> int:
        """See ``Journal``."""
        return self._one(
            "SELECT count(*) FROM (SELECT DISTINCT source, number FROM refusal WHERE run = %s) AS bad", run
        )

    def withheld(self, run: int) -> int:
        """See ``Journal``."""
        query = (
            f"SELECT count(*) FROM item WHERE {OPEN} AND state = %s AND run = %s "
            "AND (source, number::text) IN (SELECT source, number FROM refusal WHERE run = %s)"
        )
        return self._one(query, int(State.PENDING), run, run)

    def has_previous_version(self, position: int) -> bool:
        """See ``Journal``."""
        sent = "SELECT EXISTS (SELECT 1 FROM former WHERE position = %s AND state <> %s)::int"
        return bool(self._one(sent, position, int(State.PENDING)))

    def previous_versions(self) -> Iterator[PreviousVersion]:
        """See ``Journal``."""
        query = "SELECT position, at, state, digest, status, detail, note FROM former ORDER BY id"
        for position, at, state, digest, status, detail, note in self._each(query):
            yield PreviousVersion(
                position=position, at=at, state=State(state), digest=digest, status=status, detail=detail,
                note=note,
            )  # fmt: skip

    def numbered(self, identities: Sequence[Identity]) -> Mapping[Identity, int]:
        """See ``Journal``."""
        found = self._all(
            "SELECT seller, type, original, number FROM numbered WHERE (seller, type, original) IN "
            "(SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]))",
            [who.seller for who in identities],
            [str(who.type) for who in identities],
            [who.original for who in identities],
        )
        return {
            Identity(seller, InvoiceType(kind), original): number for seller, kind, original, number in found
        }

    def numbers_in_use(self, numbers: Sequence[int]) -> frozenset[int]:
        """See ``Journal``."""
        tables = ("item", "archived", "numbered")
        query = " UNION ".join(f"SELECT number FROM {table} WHERE number = ANY(%s)" for table in tables)
        return frozenset(number for (number,) in self._all(query, *[list(numbers)] * len(tables)))

    def renumbered(self, run: int) -> Mapping[Identity, int]:
        """See ``Journal``."""
        found = self._all(
            "SELECT seller, type, original, number FROM numbered "
            "WHERE run = %s AND original <> number::text ORDER BY number",
            run,
        )
        return {
            Identity(seller, InvoiceType(kind), original): number for seller, kind, original, number in found
        }

    def workers(self, seconds: float) -> Sequence[WorkerRow]:
        """Return the workers that are alive, and those that died within so many seconds."""
        query = (
            "SELECT id, worker, began_at, lease_until > clock_timestamp() IS TRUE, "
            f"(SELECT count(*) FROM item WHERE {OPEN} AND holder = run.id) FROM run "
            "WHERE worker IS NOT NULL AND ended_at IS NULL "
            "AND coalesce(died_at, lease_until) > clock_timestamp() - make_interval(secs => %s) ORDER BY id"
        )
        return [
            WorkerRow(run=run, name=name, began_at=began_at / 1000, alive=alive, held=held)
            for run, name, began_at, alive, held in self._all(query, seconds)
        ]

    # --- how it is asked ----------------------------------------------------------------------------

    def _all(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        return iter(self._session.execute(query, values).fetchall())

    def _each(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        return self._session.stream(query, values)

    def _one(self, query: str, *values: Any) -> int:
        ((found,),) = self._all(query, *values)
        return int(found)

    def _meta(self) -> dict[str, str]:
        return meta(self._session)

    def _runs(self, rest: str, *values: Any) -> Iterator[Run]:
        columns = "id, began_at, ended_at, ending, inputs, expected, known, allowed, reading"
        query = f"SELECT {columns} FROM run {rest}"
        for found in self._all(query, *values):
            number, began_at, ended_at, ending, inputs, expected, known, allowed, reading = found
            yield Run(
                number=number, began_at=began_at / 1000, ended_at=seconds(ended_at), ending=ending,
                inputs=tuple(json.loads(inputs)), expected=expected, known=known,
                allowed=tuple(allowed.split()), reading=reading,
            )  # fmt: skip

    def _of_numbers(self, numbers: Sequence[int]) -> Iterator[Row]:
        return map(_row, self._each(OF_NUMBERS.format(columns=_COLUMNS, table="item"), array_text(numbers)))

    def _query(self, rest: str, *values: Any) -> Iterator[Row]:
        return map(_row, self._each(f"SELECT {_COLUMNS} FROM item {rest}", *values))

    def _archived(self, numbers: Sequence[int]) -> Iterator[Row]:
        """Return what is kept of accepted invoices that were archived."""
        query = OF_NUMBERS.format(columns="number, type, seller, repeat, digest, date", table="archived")
        for number, kind, seller, repeat, digest, date in self._all(query, array_text(numbers)):
            yield Row(
                position=0,
                key=InvoiceKey(seller, kind, number, date_of(repeat), date_of(date)),
                source="the archive of the journal",
                digest=digest,
                state=State.ACCEPTED,
                run=0,
            )


def _row(found: tuple[Any, ...]) -> Row:
    (position, seller, kind, number, repeat, date, source, digest, state, attempts, at, run, sequence,
     ended, ends_at, status, detail, duplicate, amount, currency, decided_at, took, says_no,
     form, holder) = found  # fmt: skip
    return Row(
        position=position,
        key=InvoiceKey(seller, kind, number, date_of(repeat), date_of(date)),
        source=source,
        digest=digest,
        state=State(state),
        attempts=attempts,
        attempted_at=seconds(at),
        run=run,
        sequence=sequence or 0,
        ended=ended,
        ends_at=seconds(ends_at),
        status=status,
        detail=detail,
        duplicate=duplicate,
        amount=None if amount is None else Decimal(amount).scaleb(-2),
        currency=currency,
        decided_at=seconds(decided_at),
        seconds=seconds(took),
        says_no=bool(says_no),
        form=form,
        holder=holder,
    )
