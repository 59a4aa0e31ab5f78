"""Writes what was read of a window into the mirror, in one transaction."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import msgspec
from attrs import define, field

from confirma_async.errors import MirrorBusyError
from confirma_async.mirror.content import RawRecord
from confirma_async.mirror.events.event_types import EventRow, RecordChange, events_of
from confirma_async.mirror.matching import KnownRecord, Matching, compare, lies_within, pair
from confirma_async.mirror.projections import UndescribedPlace, project
from confirma_async.mirror.reading.proof import WindowReading
from confirma_async.mirror.reading.windows import asked
from confirma_async.mirror.store.database import portions
from confirma_async.mirror.store.tables import PROJECTIONS
from confirma_async.mirror.store.watching import notice, read
from confirma_async.mirror.store.write_session import WriteSession
from confirma_async.mirror.streams import PAID, Names, SeenRecord, Stream
from confirma_async.pagination import OVERLAP, Window
from confirma_async.schemas import Payment

ABSENCE = datetime.timedelta(hours=20)
"""A record counts as gone if two proved windows lack it that were read this far apart: by two daily runs."""

_KNOWN = "id, base, hash, first_day, last_day, revision, missed_at, gone_since"

_encode = msgspec.json.Encoder(decimal_format="number").encode


@define
class Merged:
    """The result of writing a reading into the mirror.

    Attributes:
        records: How many records the reading has.
        kinds: How many records were new, changed, gone or back (listed again).
        lacking: The days of known records that the reading lacks. If there are any, the service must be asked
            once more, and nothing was written.
    """

    records: int = 0
    kinds: Counter[str] = field(factory=Counter[str])
    lacking: Sequence[datetime.date] = ()


def merge(
    session: WriteSession,
    stream: Stream,
    reading: WindowReading,
    *,
    keep: bool = True,
    confirmed: bool = False,
) -> Merged:
    """Write the reading of a window into the mirror.

    Args:
        session: The mirror and the run.
        stream: The list that was read.
        reading: The records that were read, and whether they are proved to be complete.
        keep: Whether the schedule of later runs takes the reading into account.
        confirmed: Whether the service was asked once more for the known records that the reading lacks. If
            not, a reading that lacks known records is not written.

    Raises:
        MirrorBusyError: another run has begun since.
    """
    with session.database.transaction():
        check_latest(session)
        found = _compared(session, stream, reading)
        missed = [each for each in found.absent if each.gone_since is None]
        if missed and not confirmed:
            return Merged(lacking=[datetime.date.fromisoformat(each.last_day) for each in missed])
        merged = _write(session, stream.name, found, len(reading.seen))
        if keep:
            _keep_reading(session, stream, reading)  # the last thing: what is not whole is read again
    return merged


def merge_cases(session: WriteSession, cases: Sequence[tuple[int, SeenRecord, str]]) -> Merged:
    """Write cases that were read into the mirror.

    Args:
        session: The mirror and the run.
        cases: For each case its number, its record, and the digest of the parts that only events change.
    """
    with session.database.transaction():
        check_latest(session)
        seen = [each for _, each, _ in cases]
        found = compare(_of_bases(session, "cases", {each.base for each in seen}), seen)
        merged = _write(session, "cases", found, len(cases))
        read(session, [(number, each.raw, steady) for number, each, steady in cases])
    return merged


def check_latest(session: WriteSession) -> None:
    """Raise ``MirrorBusyError`` if a later run has begun."""
    ((latest,),) = session.database.rows("SELECT max(id) FROM run")
    if latest != session.run:
        raise MirrorBusyError(
            f"another run has begun on the mirror {session.database.name}; this one stopped before it wrote "
            "any more"
        )


def _compared(session: WriteSession, stream: Stream, reading: WindowReading) -> Matching:
    window = asked(reading.window)
    first, last = (window.first - OVERLAP).isoformat(), (window.last + OVERLAP).isoformat()
    rows = session.database.rows(
        f"SELECT {_KNOWN} FROM record WHERE account = ? AND stream = ? AND last_day >= ? AND first_day <= ?",
        (session.account, stream.name, first, last),
    )
    known = {row[0]: KnownRecord(*row) for row in rows}
    elsewhere = {each.base for each in reading.seen} - {each.base for each in known.values()}
    if elsewhere:  # a record may have borne other days, and an answer may hold other days than were asked for
        known |= {each.id: each for each in _of_bases(session, stream.name, elsewhere)}
    found = compare(known.values(), reading.seen)
    surely = reading.window if reading.whole else None
    found.absent = [each for each in found.absent if surely and lies_within(each, surely.first, surely.last)]
    if stream is PAID and found.new and found.absent:
        _pair_payments(session, found)
    return found


def _of_bases(session: WriteSession, stream: str, bases: Iterable[str]) -> list[KnownRecord]:
    found: list[KnownRecord] = []
    for places, part in portions(list(bases)):
        found += [
            KnownRecord(*row)
            for row in session.database.rows(
                f"SELECT {_KNOWN} FROM record WHERE account = ? AND stream = ? AND base IN ({places})",
                (session.account, stream, *part),
            )
        ]
    return found


def _pair_payments(session: WriteSession, found: Matching) -> None:
    names = Names(session.converter, Payment)

    def traits(raw: RawRecord) -> Sequence[Hashable]:
        about = tuple(str(names.get(raw, name)) for name in ("case_id", "invoice_number"))
        dates = tuple(str(names.get(raw, name)) for name in ("booking_date", "payment_date"))
        return (*about, *dates), (*about, names.get(raw, "amount"))

    absent = [each for each in found.absent if each.gone_since is None]
    raws = latest_raw(session, [(each.id, each.revision) for each in absent])
    pair(found, {ident: traits(raw) for ident, raw in raws.items()}, lambda seen: traits(seen.raw))


def latest_raw(session: WriteSession, forms: Sequence[tuple[int, int]]) -> dict[int, RawRecord]:
    """Return the raw JSON of records, by record number; each record is given with its version number."""
    wanted = set(forms)
    found: dict[int, RawRecord] = {}
    for places, part in portions([record for record, _ in forms]):
        for record, number, raw in session.database.rows(
            f"SELECT record, number, raw FROM revision WHERE record IN ({places})", part
        ):
            if (record, number) in wanted:
                found[record] = session.converter.parse(raw)
    return found


def _write(session: WriteSession, stream: str, found: Matching, records: int) -> Merged:
    seen_again = [each.id for each in found.same if each.missed_at is not None or each.gone_since is not None]
    for places, part in portions(seen_again):
        session.database.run(
            f"UPDATE record SET missed_at = NULL, gone_since = NULL WHERE id IN ({places})", part
        )
    back = [each for each in found.same if each.gone_since is not None]
    changes = [
        *(RecordChange("back", stream, each.id, each.revision) for each in back),
        *_write_absent(session, stream, found.absent),
        *_write_changed(session, stream, found.changed),
        *_write_new(session, stream, found),
    ]
    _log_changes(session, changes)
    return Merged(records, Counter(each.kind for each in changes))


def _write_absent(session: WriteSession, stream: str, absent: Sequence[KnownRecord]) -> list[RecordChange]:
    gone: list[KnownRecord] = []
    missed: list[int] = []
    for each in absent:
        if each.gone_since is not None:
            continue
        if each.missed_at is None:
            missed.append(each.id)
        elif session.now - datetime.datetime.fromisoformat(each.missed_at) >= ABSENCE:
            gone.append(each)
    for places, part in portions(missed):
        session.database.run(f"UPDATE record SET missed_at = ? WHERE id IN ({places})", (session.at, *part))
    for places, part in portions([each.id for each in gone]):
        session.database.run(f"UPDATE record SET gone_since = ? WHERE id IN ({places})", (session.at, *part))
    raws = latest_raw(session, [(each.id, each.revision) for each in gone])
    return [
        RecordChange("gone", stream, each.id, each.revision, raw=raws.get(each.id), since=session.at)
        for each in gone
    ]


def _write_changed(
    session: WriteSession, stream: str, changed: Sequence[tuple[KnownRecord, SeenRecord]]
) -> list[RecordChange]:
    if not changed:
        return []
    database = session.database
    database.many(
        "UPDATE record SET base = ?, hash = ?, first_day = ?, last_day = ?, revision = ?, missed_at = NULL, "
        "gone_since = NULL WHERE id = ?",
        [
            (seen.base, seen.hash, *seen.first_and_last, known.revision + 1, known.id)
            for known, seen in changed
        ],
    )
    forms = [(known.id, known.revision + 1, seen.raw) for known, seen in changed]
    before = latest_raw(session, [(known.id, known.revision) for known, _ in changed])
    _write_forms(session, stream, forms, anew=True)
    return [
        RecordChange(
            "changed", stream, known.id, known.revision + 1, raw=seen.raw, before=before.get(known.id)
        )
        for known, seen in changed
    ]


def _write_new(session: WriteSession, stream: str, found: Matching) -> list[RecordChange]:
    if not found.new:
        return []
    ((last,),) = session.database.rows("SELECT coalesce(max(id), 0) FROM record")
    numbered = list(enumerate(found.new, last + 1))
    session.database.many(
        "INSERT INTO record (id, account, stream, base, hash, first_day, last_day, revision, first_seen) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)",
        [
            (ident, session.account, stream, seen.base, seen.hash, *seen.first_and_last, session.at)
            for ident, seen in numbered
        ],
    )
    _write_forms(session, stream, [(ident, 1, seen.raw) for ident, seen in numbered])
    return [
        RecordChange("new", stream, ident, 1, raw=seen.raw, pair=found.doubtful.get(place))
        for place, (ident, seen) in enumerate(numbered)
    ]


def _write_forms(
    session: WriteSession, stream: str, forms: Sequence[tuple[int, int, RawRecord]], *, anew: bool = False
) -> None:
    """Write the raw JSON of records, and the typed rows that are made from it."""
    session.database.many(
        "INSERT INTO revision (record, number, seen_at, raw) VALUES (?, ?, ?, ?)",
        [(record, number, session.at, _encode(raw).decode()) for record, number, raw in forms],
    )
    write_projections(session, stream, [(record, raw) for record, _, raw in forms], anew=anew)


def write_projections(
    session: WriteSession, stream: str, records: Sequence[tuple[int, RawRecord]], *, anew: bool = True
) -> None:
    """Make the typed rows of records.

    Args:
        session: The mirror and the run.
        stream: The name of the list that they are of.
        records: For each record its number and its raw JSON.
        anew: Whether to replace rows of them that exist.
    """
    rows: dict[str, list[tuple[Any, ...]]] = {}
    drift: Counter[UndescribedPlace] = Counter()
    cases: set[int] = set()
    for record, raw in records:
        projection = project(stream, raw, session.converter)
        for table, found in projection.rows.items():
            rows.setdefault(table, []).extend(_placed(table, record, session.account, row) for row in found)
        drift.update(set(projection.drift))
        cases.update(projection.cases)
    if anew:
        for table, of in PROJECTIONS.items():
            if of == stream:
                for places, part in portions([record for record, _ in records]):
                    session.database.run(f"DELETE FROM {table} WHERE record IN ({places})", part)
    for table, found in rows.items():
        if found:
            places = ", ".join("?" * len(found[0]))
            session.database.many(f"INSERT INTO {table} VALUES ({places})", found)
    notice(session, cases)
    session.database.many(
        "INSERT INTO drift VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, stream, path, kind) DO UPDATE "
        "SET last_seen = excluded.last_seen, records = drift.records + excluded.records",
        [
            (session.account, stream, each.path, each.kind, session.at, session.at, count)
            for each, count in drift.items()
        ],
    )


def _placed(table: str, record: int, account: int, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row with the numbers of its record and account added, in the order of the table's columns."""
    return (record, row[0], account, *row[1:]) if table == "allocation_data" else (record, account, *row)


def _log_changes(session: WriteSession, changes: Sequence[RecordChange]) -> None:
    if not changes:
        return
    ((last,),) = session.database.rows("SELECT coalesce(max(id), 0) FROM change")
    session.database.many(
        "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (last + place, session.account, session.run, session.at, each.stream, each.kind, each.record,
             each.revision, each.pair)
            for place, each in enumerate(changes, 1)
        ],
    )  # fmt: skip
    put_events(session, [event for each in changes for event in events_of(each, session.converter)])


def put_events(session: WriteSession, events: Sequence[EventRow]) -> None:
    """Write events into the table from which they are delivered.

    Args:
        session: The mirror and the run.
        events: Their ids, types, subjects and data. An event whose id is there already is skipped.
    """
    if not events:
        return
    ((last,),) = session.database.rows("SELECT coalesce(max(id), 0) FROM event")
    session.database.many(
        "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, name) DO NOTHING",
        [
            (last + place, session.account, name, session.at, kind, subject, _encode(data).decode())
            for place, (name, kind, subject, data) in enumerate(events, 1)
        ],
    )


def _keep_reading(session: WriteSession, stream: Stream, reading: WindowReading) -> None:
    window: Window = reading.window
    first, last = window.first.isoformat(), window.last.isoformat()
    proved = session.at if reading.whole else None
    session.database.run(
        "INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, stream, first) "
        "DO UPDATE SET last = excluded.last, read_at = excluded.read_at, records = excluded.records, "
        "proved_at = coalesce(excluded.proved_at, reading.proved_at), "
        "proved_last = coalesce(excluded.proved_last, reading.proved_last), pieces = excluded.pieces, "
        "reason = excluded.reason",
        (session.account, stream.name, first, last, session.at, proved, last if reading.whole else None,
         len(reading.seen), reading.pieces, reading.reason),
    )  # fmt: skip
