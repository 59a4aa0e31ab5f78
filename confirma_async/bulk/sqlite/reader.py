"""What a journal in a file says, read through a connection to it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

from confirma_async.bulk.journal.records import (
    AmbiguousMatches,
    Doubt,
    PreviousVersion,
    Refused,
    Run,
)
from confirma_async.bulk.journal.rules import same_invoice
from confirma_async.bulk.journal.stored_writes import StoredWrites
from confirma_async.bulk.journal.values import (
    PERIOD,
    by_state,
    date_of,
    day,
    milliseconds,
    places,
    seconds,
    slices,
)
from confirma_async.bulk.models import FINAL, InvoiceKey, Row, State
from confirma_async.bulk.sqlite.file.guard import examine_missing
from confirma_async.bulk.sqlite.file.look import read_file
from confirma_async.bulk.sqlite.migrations import DECIDED, OPEN
from confirma_async.bulk.sqlite.payloads import SqlitePayloads
from confirma_async.bulk.sqlite.writes import SqliteWriteTables
from confirma_async.formats.models import Identity
from confirma_async.schemas import InvoiceType

_NEWEST = 1000
"""Accepted invoices of a run among which a witness is sought: the newest ones."""

_ALONE = (
    "NOT EXISTS (SELECT 1 FROM former WHERE former.position = item.position AND former.state <> 0) AND "
    "NOT EXISTS (SELECT 1 FROM item AS other WHERE other.number = item.number AND other.position <> "
    "item.position AND (other.attempts > 0 OR other.state NOT IN (0, 1))) AND "
    "NOT EXISTS (SELECT 1 FROM archived WHERE archived.number = item.number)"
)
"""Items that a record of their number can only be of."""

_REJECTED = (
    "WHERE position IN (WITH RECURSIVE of(run) AS "
    "(SELECT 0 UNION ALL SELECT run + 1 FROM of WHERE run < (SELECT max(id) FROM run)) "
    f"SELECT position FROM item WHERE {DECIDED} AND state = ? AND run IN (SELECT run FROM of)) "
    "ORDER BY position"
)
"""The rejected ones of all runs, without a look at the accepted ones: the index is by run."""

_COLUMNS = (
    "position, seller, type, number, repeat, date, source, digest, state, attempts, attempted_at, run, "
    "sequence, ended, ends_at, status, detail, duplicate, amount, currency, decided_at, took, says_no, form, "
    "holder"
)


@contextlib.contextmanager
def reading(path: Path) -> Generator[SqliteReader]:
    """Open a journal for looking only, also while a job runs on it.

    Raises:
        JournalError: there is none, or it is damaged.
        JournalMismatchError: the file is something else, or of a newer version.
    """
    with read_file(path) as (connection, doubt):
        yield SqliteReader(path, connection, doubt)


@contextlib.contextmanager
def reading_if_there(path: Path) -> Generator[SqliteReader | None]:
    """Yield the same, where there may be none yet. Gives None then.

    Raises:
        JournalError: it is damaged, or gone.
        JournalMismatchError: the file is something else, or of a newer version.
    """
    if not path.exists():
        examine_missing(path)
        yield None
        return
    with reading(path) as journal:
        yield journal


class SqliteReader:
    """A ``JournalReader`` over a connection.

    Args:
        path: The file, for messages.
        connection: The journal.
        doubt: Why it may not know all that was sent; None where it does.

    Attributes:
        path: The file.
        payloads: The payloads that an outbox has asked to keep.
        writes: The writes that are no invoices.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, doubt: Doubt | None) -> None:
        self.path = path
        self._connection = connection
        self._doubt = doubt
        self._texts: dict[int, str] = {}
        self.payloads: SqlitePayloads = SqlitePayloads(connection)
        self.writes: StoredWrites = StoredWrites(SqliteWriteTables(path, connection), self._doubted)

    def _doubted(self) -> str | None:
        return None if self._doubt is None else self._doubt.reason

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    def has_sent(self) -> bool:
        """See ``Journal``."""
        sent = (
            f"SELECT EXISTS (SELECT 1 FROM item WHERE {DECIDED}) OR EXISTS (SELECT 1 FROM archived) "
            f"OR EXISTS (SELECT 1 FROM write WHERE state NOT IN ({State.PENDING:d}, {State.CLAIMED:d}))"
        )
        open_ = self.open_counts()
        return bool(self._one(sent)) or any(open_[state] for state in (State.SENDING, State.UNKNOWN))

    def archived(self, run: int | None = None) -> int:
        """See ``Journal``."""
        if run is None:
            return self._one("SELECT count(*) FROM archived")
        return self._one("SELECT count(*) FROM archived WHERE run = ?", run)

    def owners(self) -> tuple[bytes, Sequence[str]]:
        """See ``Journal``."""
        found = self._connection.execute("SELECT fingerprint FROM owner ORDER BY at")
        return bytes.fromhex(self._meta().get("salt", "")), [own for (own,) in found]

    def target(self) -> str | None:
        """See ``Journal``."""
        return self._meta().get("target")

    def account(self) -> str:
        """See ``Journal``."""
        return self._meta().get("account", "")

    def doubt(self) -> Doubt | None:
        """See ``Journal``."""
        return self._doubt

    def runs(self) -> Iterator[Run]:
        """See ``Journal``."""
        return self._runs("ORDER BY id DESC", ())

    def run(self, number: int) -> Run | None:
        """See ``Journal``."""
        return next(self._runs("WHERE id = ?", (number,)), None)

    def decided_since(self, run: int, moment: float) -> int:
        """See ``Journal``."""
        query = "SELECT coalesce(sum(count), 0) FROM decided WHERE run = ? AND period >= ?"
        return self._one(query, run, int(moment) // PERIOD)

    def confirmed_forms(self) -> frozenset[str]:
        """See ``Journal``."""
        return frozenset(form for (form,) in self._connection.execute("SELECT form FROM form"))

    def find(self, key: InvoiceKey) -> Row | None:
        """See ``Journal``."""
        same = [
            row
            for row in (
                *self._query("WHERE number = ?", (key.number,)),
                *self._archived("WHERE number = ?", (key.number,)),
            )
            if (row.key.type, row.key.repeat) == (key.type, key.repeat)
        ]
        return same_invoice(same, key)

    def ambiguous_matches(self, position: int, key: InvoiceKey) -> AmbiguousMatches:
        """See ``Journal``."""
        sent = (
            row.key
            for row in self._query(
                "WHERE number = ? AND position <> ? AND (attempts > 0 OR state NOT IN (?, ?))",
                (key.number, position, State.PENDING, State.CLAIMED),
            )
        )
        archived = (row.key for row in self._archived("WHERE number = ?", (key.number,)))
        former = (
            "SELECT EXISTS (SELECT 1 FROM former WHERE position = ? "
            "AND (state = ? OR (state = ? AND sequence > 0)))"
        )
        return AmbiguousMatches(
            others=(*sent, *archived),
            former=bool(self._one(former, position, State.REJECTED, State.PENDING)),
            forgotten=self._doubt is not None,
        )

    def witnesses(self, position: int, limit: int) -> Sequence[Row]:
        """See ``Journal``."""
        lost = next(self._query("WHERE position = ?", (position,)), None)
        if lost is None or lost.ended is None:
            return []
        later = "SELECT id FROM run WHERE ended_at IS NULL OR ended_at >= ? ORDER BY id DESC"
        runs = self._connection.execute(later, (milliseconds(lost.attempted_at or 0.0),)).fetchall()
        like = "(type, seller) = (SELECT type, seller FROM item WHERE position = ?) AND date >= ?"
        found: list[Row] = []
        for (run,) in runs:
            if len(found) >= limit:
                break
            newest = (
                f"SELECT position FROM item WHERE {DECIDED} AND run = ? AND state = ? AND sequence > ? "
                f"AND NOT duplicate ORDER BY sequence DESC LIMIT {_NEWEST}"
            )
            found += self._query(
                f"WHERE position IN ({newest}) AND attempts = 1 AND {like} AND {_ALONE} "
                "ORDER BY sequence DESC LIMIT ?",
                (run, State.ACCEPTED, lost.ended, position, day(lost.key.date), limit - len(found)),
            )
        return found

    def rows(self, *states: State, run: int | None = None) -> Iterator[Row]:
        """See ``Journal``."""
        if run is None and {*states} == {State.REJECTED}:
            return self._query(_REJECTED, states)
        conditions = [f"state IN ({places(states)})"] if states else []
        values: list[Any] = [*states]
        if run is not None:
            conditions.append("run = ?")
            values.append(run)
        if not states:
            where = f"({DECIDED} OR {OPEN}) AND " if run is not None else ""  # both indexes
        else:
            where = (
                f"{OPEN} AND "
                if FINAL.isdisjoint(states)
                else f"{DECIDED} AND "
                if {*states} <= FINAL
                else ""
            )
        condition = f"WHERE {where}{' AND '.join(conditions)} " if conditions else ""
        return self._query(f"{condition}ORDER BY position", values)

    def known(self, run: int) -> Iterator[Row]:
        """See ``Journal``."""
        return self._query(
            "WHERE position IN (SELECT position FROM known WHERE run = ?) AND state = ? ORDER BY position",
            (run, State.REJECTED),
        )

    def counts(self, run: int | None = None) -> Mapping[State, int]:
        """See ``Journal``."""
        where, values = ("", ()) if run is None else ("WHERE run = ? ", (run,))
        query = f"SELECT state, sum(count) FROM decided {where}GROUP BY state"
        final = Counter(dict(self._connection.execute(query, values)))
        open_ = self.open_counts(run)
        return {state: final[int(state)] if state in FINAL else open_[state] for state in State}

    def amounts(self, run: int) -> Mapping[State, Mapping[str, Decimal]]:
        """See ``Journal``."""
        parts = [self._sums(f"{kind} AND run = ?", run) for kind in (DECIDED, OPEN)]  # each by its index
        return by_state(chain(*parts))

    def _sums(self, where: str, *values: int) -> Iterator[tuple[int, str, int]]:
        query = f"SELECT state, currency, sum(amount) FROM item WHERE {where} GROUP BY state, currency"
        for state, currency, cents in self._connection.execute(query, values):
            if cents is not None:
                yield state, self._text(currency), cents

    def open_counts(self, run: int | None = None) -> Mapping[State, int]:
        """See ``Journal``."""
        of_run = "" if run is None else " AND run = ?"
        query = f"SELECT state, count(*) FROM item WHERE {OPEN}{of_run} GROUP BY state"
        found = dict(self._connection.execute(query, () if run is None else (run,)))
        return {state: found.get(int(state), 0) for state in State}

    def refusals(self, run: int) -> Iterator[Refused]:
        """See ``Journal``."""
        for source, number, rule, path, message in self._connection.execute(
            "SELECT source, number, rule, path, message FROM refusal WHERE run = ? ORDER BY id", (run,)
        ):
            yield Refused(source=source, number=number, rule=rule, path=path, message=message)

    def refused(self, run: int) -> int:
        """See ``Journal``."""
        query = "SELECT count(*) FROM (SELECT DISTINCT source, number FROM refusal WHERE run = ?)"
        return self._one(query, run)

    def withheld(self, run: int) -> int:
        """See ``Journal``."""
        query = (
            f"SELECT count(*) FROM item WHERE {OPEN} AND state = ? AND run = ? "
            "AND (source, CAST(number AS TEXT)) IN (SELECT source, number FROM refusal WHERE run = ?)"
        )
        return self._one(query, State.PENDING, run, run)

    def has_previous_version(self, position: int) -> bool:
        """See ``Journal``."""
        sent = "SELECT EXISTS (SELECT 1 FROM former WHERE position = ? AND state <> ?)"
        return bool(self._one(sent, position, State.PENDING))

    def previous_versions(self) -> Iterator[PreviousVersion]:
        """See ``Journal``."""
        for position, at, state, digest, status, detail, note in self._connection.execute(
            "SELECT position, at, state, digest, status, detail, note FROM former ORDER BY id"
        ):
            yield PreviousVersion(
                position=position, at=at, state=State(state), digest=digest, status=status, detail=detail,
                note=note,
            )  # fmt: skip

    def numbered(self, identities: Sequence[Identity]) -> Mapping[Identity, int]:
        """See ``Journal``."""
        found: dict[Identity, int] = {}
        for some in slices(identities):
            wanted = [value for who in some for value in (who.seller, str(who.type), who.original)]
            for seller, kind, original, number in self._connection.execute(
                "SELECT seller, type, original, number FROM numbered "
                f"WHERE (seller, type, original) IN (VALUES {places(some, 3)})",
                wanted,
            ):
                found[Identity(seller, InvoiceType(kind), original)] = number
        return found

    def numbers_in_use(self, numbers: Sequence[int]) -> frozenset[int]:
        """See ``Journal``."""
        found = set[int]()
        for some in slices(numbers):
            for table in ("item", "archived", "numbered"):
                query = f"SELECT number FROM {table} WHERE number IN ({places(some)})"
                found.update(number for (number,) in self._connection.execute(query, some))
        return frozenset(found)

    def renumbered(self, run: int) -> Mapping[Identity, int]:
        """See ``Journal``."""
        found = self._connection.execute(
            "SELECT seller, type, original, number FROM numbered "
            "WHERE run = ? AND original <> CAST(number AS TEXT) ORDER BY number",
            (run,),
        )
        return {
            Identity(seller, InvoiceType(kind), original): number for seller, kind, original, number in found
        }

    def _one(self, query: str, *values: Any) -> int:
        (found,) = self._connection.execute(query, values).fetchone()
        return int(found)

    def _meta(self) -> dict[str, str]:
        return dict(self._connection.execute("SELECT name, value FROM meta"))

    def _runs(self, rest: str, values: Sequence[Any]) -> Iterator[Run]:
        columns = "id, began_at, ended_at, ending, inputs, expected, known, allowed, reading"
        query = f"SELECT {columns} FROM run {rest}"
        for found in self._connection.execute(query, values):
            number, began_at, ended_at, ending, inputs, expected, known, allowed, reading = found
            yield Run(
                number=number, began_at=began_at / 1000, ended_at=seconds(ended_at), ending=ending,
                inputs=tuple(json.loads(inputs)), expected=expected, known=known,
                allowed=tuple(allowed.split()), reading=reading,
            )  # fmt: skip

    def _query(self, rest: str, values: Sequence[Any]) -> Iterator[Row]:
        query = f"SELECT {_COLUMNS} FROM item {rest}"
        return map(self._row, self._connection.execute(query, values))

    def _row(self, found: tuple[Any, ...]) -> Row:
        (position, seller, kind, number, repeat, date, source, digest, state, attempts, at, run, sequence,
         ended, ends_at, status, detail, duplicate, amount, currency, decided_at, took, says_no,
         form, holder) = found  # fmt: skip
        text = self._text
        return Row(
            position=position,
            key=InvoiceKey(text(seller), text(kind), number, date_of(repeat), date_of(date)),
            source=source,
            digest=digest,
            state=State(state),
            attempts=attempts,
            attempted_at=seconds(decided_at - took if at is None and None not in {decided_at, took} else at),
            run=run,
            sequence=sequence or 0,
            ended=ended,
            ends_at=seconds(ends_at),
            status=None if status is None else text(status),
            detail=detail,
            duplicate=bool(duplicate),
            amount=None if amount is None else Decimal(amount).scaleb(-2),
            currency=text(currency),
            decided_at=seconds(decided_at),
            seconds=seconds(took),
            says_no=bool(says_no),
            form=None if form is None else text(form),
            holder=holder,
        )

    def _archived(self, where: str, values: Sequence[Any]) -> Iterator[Row]:
        """Yield what is kept of accepted invoices that were archived."""
        query = f"SELECT number, type, seller, repeat, digest, date FROM archived {where}"
        for number, kind, seller, repeat, digest, date in self._connection.execute(query, values):
            key = InvoiceKey(self._text(seller), self._text(kind), number, date_of(repeat), date_of(date))
            yield Row(
                position=0,
                key=key,
                source="the archive of the journal",
                digest=digest,
                state=State.ACCEPTED,
                run=0,
            )

    def _text(self, word: int) -> str:
        """Return the text of a word."""
        if word not in self._texts:
            (self._texts[word],) = self._connection.execute(
                "SELECT text FROM word WHERE id = ?", (word,)
            ).fetchone()
        return self._texts[word]
