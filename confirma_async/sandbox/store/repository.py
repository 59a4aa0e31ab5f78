"""Records of one class in a table of their own: kept whole as JSON, and found by a few columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec
from attrs import evolve, field, frozen

from confirma_async.sandbox.store.database import Database, key_of


class Numbered(Protocol):
    """A record that has a number: 0 until it is stored."""

    @property
    def id(self) -> int:
        """Return the number."""
        ...


Stored = TypeVar("Stored", bound=Numbered)


@frozen(kw_only=True)
class TableOf(Generic[Stored]):
    """A table of records.

    Attributes:
        record: The class of the records.
        name: What the table is called.
        columns: By what the records are found: attributes of the record, each with its SQL type.
        indexes: Columns of each index, in order.
        first_id: The number of the first record that brings none of its own.
    """

    record: type[Stored]
    name: str
    columns: Mapping[str, str] = field(factory=dict[str, str])
    indexes: Sequence[Sequence[str]] = ()
    first_id: int = 1

    @property
    def schema(self) -> Sequence[str]:
        """Return the statements that make the table."""
        columns = "".join(f"{name} {kind}, " for name, kind in self.columns.items())
        table = f"CREATE TABLE {self.name} (id INTEGER PRIMARY KEY, {columns}contents BLOB NOT NULL) STRICT"
        return (
            table,
            *(
                f"CREATE INDEX {self.name}_by_{'_'.join(index)} ON {self.name} ({', '.join(index)})"
                for index in self.indexes
            ),
        )


class Repository(Generic[Stored]):
    """The records of a table, in order of their numbers."""

    # The names in the statements are those of the tables and columns that the modules beside this one define.

    def __init__(self, database: Database, table: TableOf[Stored]) -> None:
        self._db = database
        self._table = table
        self._decode = msgspec.json.Decoder(table.record).decode
        values = ", ".join("?" * (len(table.columns) + 1))
        self._insert = (
            f"INSERT OR REPLACE INTO {table.name} VALUES "  # noqa: S608 (see above)
            f"(coalesce(?, (SELECT max(id) + 1 FROM {table.name}), {table.first_id}), {values})"
        )

    def put(self, record: Stored) -> Stored:
        """Keep a record, or its changes, and return it with its number."""
        keys = [_stored(getattr(record, name)) for name in self._table.columns]
        with self._db.transaction() as db:
            cursor = db.execute(self._insert, (record.id or None, *keys, msgspec.json.encode(record)))
        return _numbered(record, cursor.lastrowid or 0)

    def get(self, ident: int) -> Stored:
        """Return a record that is known to be there."""
        (record,) = self.find(id=ident)
        return record

    def find(self, *, days: tuple[date, date] | None = None, **wanted: object) -> list[Stored]:
        """Return the records whose columns hold what is wanted.

        Args:
            days: The first and the last day of a window, both included, on the column ``day``.
            wanted: A value for each column; None is what a record holds that has no value there.
        """
        where, parameters = _where(days, wanted)
        rows = self._db.rows(
            f"SELECT id, contents FROM {self._table.name}{where} ORDER BY id",  # noqa: S608 (see above)
            parameters,
        )
        return [_numbered(self._decode(contents), ident) for ident, contents in rows]

    def count(self, **wanted: object) -> int:
        """Return how many records there are whose columns hold what is wanted."""
        where, parameters = _where(None, wanted)
        ((count,),) = self._db.rows(
            f"SELECT count(*) FROM {self._table.name}{where}",  # noqa: S608 (see above)
            parameters,
        )
        return int(count)

    def drop(self, ident: int) -> None:
        """Forget a record."""
        with self._db.transaction() as db:
            db.execute(f"DELETE FROM {self._table.name} WHERE id = ?", (ident,))  # noqa: S608 (see above)


def _where(days: tuple[date, date] | None, wanted: Mapping[str, object]) -> tuple[str, Sequence[object]]:
    conditions = [f"{name} IS ?" for name in wanted]
    parameters = [_stored(value) for value in wanted.values()]
    if days is not None:
        conditions.append("day BETWEEN ? AND ?")
        parameters += [day.isoformat() for day in days]
    return f" WHERE {' AND '.join(conditions)}" if conditions else "", parameters


def _stored(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return key_of(value) if isinstance(value, int) else value


def _numbered(record: Stored, ident: int) -> Stored:
    # The contents of a record that was new do not hold its number.
    return record if record.id == ident else cast("Stored", evolve(cast("Any", record), id=ident))
