"""Fills the typed columns of a mirror again from the raw records, after an override has corrected a name."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from confirma_async.converters import Converter
from confirma_async.mirror.content import RawRecord, digest
from confirma_async.mirror.store.accounts import MirroredAccount, accounts_of
from confirma_async.mirror.store.database import MirrorDatabase
from confirma_async.mirror.store.tables import PROJECTIONS
from confirma_async.mirror.store.write_session import WriteSession
from confirma_async.mirror.store.writing import write_projections
from confirma_async.mirror.streams import CASES, STREAMS, lasting

AT_ONCE = 2000
"""Number of records that are read and written together."""


def rebuild(database: MirrorDatabase, converter: Converter, now: datetime.datetime) -> int:
    """Fill all typed columns again, in one transaction; the raw records do not change.

    The digests that identify records are made again, too: a corrected name may be a part of them. Cases keep
    their numbers.

    Args:
        database: The mirror, which nobody else writes to.
        converter: Reads records, with the user's corrections of names.
        now: The moment of the rebuilding, with a time zone.

    Returns:
        How many records the mirror holds.

    Raises:
        MirrorError: the mirror cannot be written.
    """
    with database.transaction():
        for table in (*PROJECTIONS, "drift"):
            database.run(f"DELETE FROM {table}")
        return sum(_rebuild(database, account, converter, now) for account in accounts_of(database))


def _rebuild(
    database: MirrorDatabase, account: MirroredAccount, converter: Converter, now: datetime.datetime
) -> int:
    session = WriteSession(database=database, account=account.id, run=0, now=now, converter=converter)
    count = 0
    for stream in (*STREAMS, CASES):
        for records in _records(session, stream):
            write_projections(session, stream, records, anew=False)
            _rehash(session, stream, records)
            count += len(records)
    return count


def _records(session: WriteSession, stream: str) -> Iterator[Sequence[tuple[int, RawRecord]]]:
    last = 0
    while True:
        rows = session.database.rows(
            "SELECT r.id, v.raw FROM record r JOIN revision v ON v.record = r.id AND v.number = r.revision "
            "WHERE r.account = ? AND r.stream = ? AND r.id > ? ORDER BY r.id LIMIT ?",
            (session.account, stream, last, AT_ONCE),
        )
        if not rows:
            return
        yield [(ident, session.converter.parse(raw)) for ident, raw in rows]
        last = rows[-1][0]


def _rehash(session: WriteSession, stream: str, records: Sequence[tuple[int, RawRecord]]) -> None:
    if stream == CASES:
        session.database.many(
            "UPDATE record SET hash = ? WHERE id = ?",
            [(digest(lasting(raw, session.converter)), ident) for ident, raw in records],
        )
        return
    reader = STREAMS[stream].reader(session.converter)
    seen = [(reader.seen(raw), ident) for ident, raw in records]
    session.database.many(
        "UPDATE record SET base = ?, hash = ?, first_day = ?, last_day = ? WHERE id = ?",
        [(each.base, each.hash, *each.first_and_last, ident) for each, ident in seen],
    )
