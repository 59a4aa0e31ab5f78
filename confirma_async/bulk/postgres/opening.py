"""Opens a journal in a database: makes or updates its tables, and finds out whether it is in doubt."""

from __future__ import annotations

import uuid

import psycopg

from confirma_async.bulk.journal.records import Doubt
from confirma_async.bulk.journal.stored.trust import OF_DOUBT, doubt_in
from confirma_async.bulk.postgres.connection.failures import explained
from confirma_async.bulk.postgres.connection.gate import TERM
from confirma_async.bulk.postgres.connection.session import PostgresSession
from confirma_async.bulk.postgres.marks import MarkFile, read_mark
from confirma_async.bulk.postgres.migrations import MIGRATIONS, OLDEST_SERVER, SCHEMA, VERSION
from confirma_async.bulk.postgres.tables import PostgresTables
from confirma_async.errors import JournalError, JournalMismatchError

_NUMBERS_RAISED = "; ".join(
    f"SELECT setval('{sequence}', greatest(last_value, (SELECT max({column}) FROM {table}))) FROM {sequence}"
    for sequence, column, table in (
        ("run_id", "id", "run"),
        ("attempt", "sequence", "item"),
        ("write_id", "id", "write"),
        ("planned_chunk_id", "id", "planned_chunk"),
    )
)
"""Raises each sequence to the highest number in its table, so that no number is given twice."""


def open_tables(url: str, *, alone: bool) -> tuple[PostgresTables, Doubt | None, MarkFile]:
    """Open a journal for a job; make its tables, or update them to this version.

    Args:
        url: The URL of the database.
        alone: Whether no job may be running on it.

    Returns:
        The tables, the doubt of the journal (None where there is none), and its mark on this machine.

    Raises:
        JournalError: the server cannot be reached, is too old, or does not let the user in.
        JournalMismatchError: the tables are of a newer version.
        ConfigurationError: the URL is of another kind of database.
    """
    session = PostgresSession(url)
    tables = PostgresTables(session)
    try:
        with session.transaction():
            _check_server(tables)
            tables.lock()
            _migrate(tables)
            term = _term(tables)
            _find_doubt(tables, term)
            kept = tables.kept()
            if alone:
                _check_alone(tables)
        session.notes.term = term
    except BaseException:
        session.close()
        raise
    return tables, doubt_in(kept), MarkFile.open(kept["id"])


def _check_alone(tables: PostgresTables) -> None:
    if tables.one("SELECT count(*) FROM run WHERE lease_until > clock_timestamp()"):
        raise JournalError(
            f"the journal {tables.name} is in use by a job; wait for it to end, or stop it. After a job was "
            "killed, that takes until its lease is over"
        )


def look_at_tables(url: str) -> tuple[PostgresTables, Doubt | None]:
    """Open a journal only to read it.

    Returns:
        The tables, and the doubt of the journal; None where there is none.

    Raises:
        JournalError: there is none, or the server cannot be reached, or does not let the user in.
        JournalMismatchError: the tables are of a newer version.
        ConfigurationError: the URL is of another kind of database.
    """
    session = PostgresSession(url)
    tables = PostgresTables(session)
    try:
        with session.looking():
            _check_server(tables)
            _check_current(tables)
            doubt = _doubt_seen(tables)
    except BaseException:
        session.close()
        raise
    return tables, doubt


def _check_current(tables: PostgresTables) -> None:
    found = _version(tables)
    if not found:
        raise JournalError(f"there is no journal in {tables.name}")
    if found < VERSION:
        raise JournalError(
            f"the journal {tables.name} is of an older version; the next job brings it up to date"
        )


def _doubt_seen(tables: PostgresTables) -> Doubt | None:
    """Return the doubt that a job would find, without writing it; on a replica, the doubt that is kept."""
    known = tables.kept()
    if not tables.one("SELECT pg_is_in_recovery()"):
        reason = _reason(tables, known, _term(tables))
        if reason is not None:
            return Doubt(reason, _now(tables))
    return doubt_in(known)


def is_there(url: str) -> bool:
    """Say whether a database holds a journal.

    Raises:
        JournalError: the server cannot be reached, or does not let the user in.
    """
    session = PostgresSession(url)
    try:
        with session.looking():
            return _version(PostgresTables(session)) > 0
    finally:
        session.close()


def _check_server(tables: PostgresTables) -> None:
    version = tables.one("SELECT current_setting('server_version_num')") // 10_000
    if version < OLDEST_SERVER:
        raise JournalError(
            f"the journal {tables.name}: the server is PostgreSQL {version}, and {OLDEST_SERVER} or newer is "
            "needed"
        )


def _version(tables: PostgresTables) -> int:
    """Return the version of the tables; 0 where there are none.

    Raises:
        JournalMismatchError: they are of a newer version of the SDK.
    """
    if not tables.one("SELECT (to_regclass(?) IS NOT NULL)::int", f"{SCHEMA}.meta"):
        return 0
    version = tables.one("SELECT value FROM meta WHERE name = 'version'")
    if version > VERSION:
        raise JournalMismatchError(
            f"the journal {tables.name} was written by a newer version of this SDK (format {version}, this "
            f"one reads {VERSION}); it was not touched, upgrade to go on with it"
        )
    return version


def _migrate(tables: PostgresTables) -> None:
    version = _version(tables)
    if 0 < version < VERSION:
        _check_alone(tables)  # who goes on by the rules of an older form may break those of this one
    if version == 0 and not tables.one("SELECT (to_regnamespace(?) IS NOT NULL)::int", SCHEMA):
        tables.change(f"CREATE SCHEMA {SCHEMA}")  # who lacks the right may find one that is there
    for step in MIGRATIONS[version:]:
        tables.change(step)
    if version < VERSION:
        tables.keep({"version": str(VERSION)})


def _term(tables: PostgresTables) -> str:
    try:
        ((term,),) = tables.few(f"SELECT {TERM}")
        return str(term)
    except psycopg.errors.ObjectNotInPrerequisiteState as error:  # a replica has no timeline of its own
        raise explained(tables.name, psycopg.errors.ReadOnlySqlTransaction("it is a replica")) from error


def _find_doubt(tables: PostgresTables, term: str) -> None:
    """Write down a doubt if the database is another one than before, or was put back to an earlier state."""
    known = tables.kept()
    reason = _reason(tables, known, term)
    if known.get("term") != term:
        tables.keep({"term": term})
    if reason is None:
        return
    tables.change("DELETE FROM meta WHERE name = ANY(?)", list(OF_DOUBT))
    tables.keep({"doubt": reason, "doubt_since": str(_now(tables)), "id": str(uuid.uuid4())})
    tables.change(_NUMBERS_RAISED)  # tables may have been restored without them
    # Whoever held a lease there holds none here: a job that comes back finds that it was taken over.
    tables.change("UPDATE run SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL")


def _reason(tables: PostgresTables, known: dict[str, str], term: str) -> str | None:
    """Return why the journal may not know all that was sent; None where it does."""
    before = known.get("term")
    if before is not None and before != term:
        server, database, timeline = before.split(":")
        if [server, database] != term.split(":")[:2]:
            return "it is a copy, or its database was restored elsewhere"
        return f"its database was failed over, or restored, after timeline {int(timeline, 16)}"
    mark = read_mark(known["id"])
    if mark is None:
        return None
    there = "SELECT EXISTS (SELECT 1 FROM written WHERE incarnation = ? AND number >= ?)"
    if tables.one(there, *mark):
        return None
    return "its database was put back to an earlier state"


def _now(tables: PostgresTables) -> float:
    """Return the time by the database's clock, by which leases run; seconds since 1970."""
    ((now,),) = tables.few("SELECT extract(epoch FROM clock_timestamp())::float8")
    return float(now)
