"""The opening of a journal in a database: its tables, and whether it is the one that it was."""

from __future__ import annotations

import uuid
from typing import Any

import psycopg

from confirma_async.bulk.journal.records import Doubt
from confirma_async.bulk.journal.stored.trust import OF_DOUBT, doubt_in
from confirma_async.bulk.postgres.connection.failures import (
    explained,
    newer_form,
    no_journal,
    too_old,
)
from confirma_async.bulk.postgres.connection.gate import TERM
from confirma_async.bulk.postgres.connection.session import PostgresSession
from confirma_async.bulk.postgres.marks import read_mark
from confirma_async.bulk.postgres.migrations import MIGRATIONS, OLDEST_SERVER, SCHEMA, VERSION
from confirma_async.errors import JournalError

LOCK = 0x434E464A
"""What the advisory lock goes by under which invoices are admitted, and tables made."""

_NUMBERS_RAISED = "; ".join(
    f"SELECT setval('{sequence}', greatest(last_value, (SELECT max({column}) FROM {table}))) FROM {sequence}"
    for sequence, column, table in (
        ("run_id", "id", "run"),
        ("attempt", "sequence", "item"),
        ("write_id", "id", "write"),
        ("planned_chunk_id", "id", "planned_chunk"),
    )
)
"""Has no number given twice by a sequence that is behind the table that its numbers stand in."""


def open_session(url: str, *, alone: bool) -> tuple[PostgresSession, str]:
    """Open a journal for a job; make its tables, or bring them to this version's form.

    Args:
        url: Where it is.
        alone: Whether no job may be running on it.

    Returns:
        The session, and the journal's id.

    Raises:
        JournalError: the server cannot be reached, is too old, or does not let the user in.
        JournalMismatchError: the tables are of a newer version.
        ConfigurationError: the URL is of another kind of database.
    """
    session = PostgresSession(url)
    try:
        with session.transaction():
            _check_server(session)
            session.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            _migrate(session)
            term = _term(session)
            journal = _find_doubt(session, term)
            if alone:
                _check_alone(session)
        session.notes.term = term
    except BaseException:
        session.close()
        raise
    return session, journal


def _check_alone(session: PostgresSession) -> None:
    alive = "SELECT count(*) FROM run WHERE lease_until > clock_timestamp()"
    if _one(session, alive)[0]:
        raise JournalError(
            f"the journal {session.name} is in use by a job; wait for it to end, or stop it. After a job was "
            "killed, that takes until its lease is over"
        )


def look_session(url: str) -> tuple[PostgresSession, Doubt | None]:
    """Open a journal for looking only.

    Returns:
        The session, and why the journal may not know all that was sent.

    Raises:
        JournalError: there is none, or the server cannot be reached, or does not let the user in.
        JournalMismatchError: the tables are of a newer version.
        ConfigurationError: the URL is of another kind of database.
    """
    session = PostgresSession(url)
    try:
        with session.looking():
            _check_server(session)
            found = _version(session)
            if found < VERSION:
                raise no_journal(session.name, older=found > 0)  # noqa: TRY301 (the session is closed here)
            doubt = _doubt_seen(session)
    except BaseException:
        session.close()
        raise
    return session, doubt


def _doubt_seen(session: PostgresSession) -> Doubt | None:
    """Return the doubt that a job would have, without a change; a replica shows what is kept."""
    known = meta(session)
    if not _one(session, "SELECT pg_is_in_recovery()")[0]:
        reason = _reason(session, known, _term(session))
        if reason is not None:
            return Doubt(reason, _now(session))
    return doubt_in(known)


def is_there(url: str) -> bool:
    """Say whether a database holds a journal.

    Raises:
        JournalError: the server cannot be reached, or does not let the user in.
    """
    session = PostgresSession(url)
    try:
        with session.looking():
            return _version(session) > 0
    finally:
        session.close()


def _check_server(session: PostgresSession) -> None:
    (number,) = _one(session, "SELECT current_setting('server_version_num')::int")
    if number < OLDEST_SERVER * 10_000:
        raise too_old(session.name, str(number // 10_000), OLDEST_SERVER)


def _version(session: PostgresSession) -> int:
    """Return the form of the tables; 0 where there are none.

    Raises:
        JournalMismatchError: it is of a newer version.
    """
    if _one(session, "SELECT to_regclass(%s)", f"{SCHEMA}.meta")[0] is None:
        return 0
    version = int(_one(session, "SELECT value FROM meta WHERE name = 'version'")[0])
    if version > VERSION:
        raise newer_form(session.name, version, VERSION)
    return version


def _migrate(session: PostgresSession) -> None:
    version = _version(session)
    if 0 < version < VERSION:
        _check_alone(session)  # who goes on by the rules of an older form may break those of this one
    if version == 0 and _one(session, "SELECT to_regnamespace(%s)", SCHEMA)[0] is None:
        session.execute(f"CREATE SCHEMA {SCHEMA}")  # who lacks the right may find one that is there
    for step in MIGRATIONS[version:]:
        session.execute(step)
    if version < VERSION:
        keep(session, {"version": str(VERSION)})


def _term(session: PostgresSession) -> str:
    try:
        return str(_one(session, f"SELECT {TERM}")[0])
    except psycopg.errors.ObjectNotInPrerequisiteState as error:  # a replica has no timeline of its own
        raise explained(session.name, psycopg.errors.ReadOnlySqlTransaction("it is a replica")) from error


def _find_doubt(session: PostgresSession, term: str) -> str:
    """See whether the database is the one that the journal was last in; return the journal's id."""
    known = meta(session)
    reason = _reason(session, known, term)
    if known.get("term") != term:
        keep(session, {"term": term})
    if reason is None:
        return known["id"]
    session.execute("DELETE FROM meta WHERE name = ANY(%s)", (list(OF_DOUBT),))
    own = str(uuid.uuid4())
    keep(session, {"doubt": reason, "doubt_since": str(_now(session)), "id": own})
    session.execute(_NUMBERS_RAISED)  # tables may have been restored without them
    # Whoever held a lease there holds none here: a job that comes back finds that it was taken over.
    session.execute("UPDATE run SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL")
    return own


def _reason(session: PostgresSession, known: dict[str, str], term: str) -> str | None:
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
    there = "SELECT EXISTS (SELECT 1 FROM written WHERE incarnation = %s AND number >= %s)"
    if _one(session, there, mark.incarnation, mark.number)[0]:
        return None
    return "its database was put back to an earlier state"


def _now(session: PostgresSession) -> float:
    """Return the time by the database's clock, which leases go by; seconds since 1970."""
    return float(_one(session, "SELECT extract(epoch FROM clock_timestamp())::float8")[0])


def meta(session: PostgresSession) -> dict[str, str]:
    """Return what is kept by name."""
    return {str(name): str(value) for name, value in session.execute("SELECT name, value FROM meta")}


def keep(session: PostgresSession, values: dict[str, str]) -> None:
    """Keep values by their names."""
    session.execute(
        "INSERT INTO meta SELECT * FROM unnest(%s::text[], %s::text[]) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (list(values), list(values.values())),
    )


def _one(session: PostgresSession, query: str, *values: object) -> tuple[Any, ...]:
    found = session.execute(query, values).fetchone()
    if found is None:
        raise RuntimeError("the query yields one row")
    return found
