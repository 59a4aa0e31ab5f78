"""The statements that begin each transaction, and the gate: it goes on only while the run holds its lease."""

from __future__ import annotations

from collections.abc import Mapping

from confirma_async.bulk.postgres.migrations import SCHEMA

STATEMENT_SECONDS = 20
"""Seconds after which the server ends a statement. No statement of a job takes as long."""

DEFAULTS: Mapping[str, int | str] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "confirma",
}

TIMEOUTS = (
    f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'; "
    f"SET LOCAL lock_timeout = '{STATEMENT_SECONDS // 2}s'; "
    f"SET LOCAL idle_in_transaction_session_timeout = '{STATEMENT_SECONDS}s'"
)
"""Limits by which the server ends the transaction of a client that hangs and holds locks others wait for."""

_LOCAL = f"SET LOCAL search_path = {SCHEMA}, pg_temp; {TIMEOUTS}"
BEGIN = f"BEGIN ISOLATION LEVEL READ COMMITTED; {_LOCAL}"
BEGIN_READING = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
    f"{_LOCAL}; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = '10min'"
)

_DURABLE = (
    "set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') "
    "THEN 'on' ELSE current_setting('synchronous_commit') END, true)"
)
"""Makes the commit durable even where the server is set not to wait: an intent must not be lost."""

TERM = (
    "(SELECT system_identifier FROM pg_control_system()) || ':' || "
    "(SELECT oid FROM pg_database WHERE datname = current_database()) || ':' || "
    "left(pg_walfile_name(pg_current_wal_lsn()), 8)"
)
"""Identifies the server, the database and the timeline: a failover or a copy changes it."""

_INSTANCE = "extract(epoch FROM pg_postmaster_start_time())::text"
"""The start time of the server. While it is the same, so is ``TERM``, which costs more to find out."""

NOTE = f"WITH noted AS (INSERT INTO written VALUES ('{{own}}', {{number}})) SELECT {_INSTANCE}, {_DURABLE}"
GATE = (
    f"{NOTE}, incarnation = '{{own}}' AND lease_until IS NOT NULL, "
    "extract(epoch FROM lease_until - clock_timestamp())::float8 FROM run WHERE id = {run} FOR NO KEY UPDATE"
)
"""Notes a transaction, and returns whether the run holds its lease and for how many seconds more.

``NOTE`` and ``GATE`` are sent in one message with ``BEGIN``, which cannot have parameters. What is put into
their text are whole numbers and a UUID.
"""

RENEW = (
    "UPDATE run SET lease_until = clock_timestamp() + make_interval(secs => %s) "
    "WHERE id = %s AND incarnation = %s"
)
FORGET = "DELETE FROM written WHERE incarnation = %s AND number >= %s AND number < %s"


def statement(text: str) -> bytes:
    """Return a statement in the type that the driver takes: as text, it wants a literal where it is run."""
    return text.encode()
