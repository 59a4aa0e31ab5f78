"""The statements at the beginning of every transaction, and those of the gate that lets it in."""

from __future__ import annotations

from collections.abc import Mapping

from confirma_async.bulk.postgres.migrations import SCHEMA

STATEMENT_SECONDS = 20
"""Seconds after which the server gives up a statement; nothing that a job asks takes as long."""

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
"""What ends a transaction whose client stands still: it holds locks that others wait for."""

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
"""An intent that the server could still forget would be none, whatever is usual on it."""

TERM = (
    "(SELECT system_identifier FROM pg_control_system()) || ':' || "
    "(SELECT oid FROM pg_database WHERE datname = current_database()) || ':' || "
    "left(pg_walfile_name(pg_current_wal_lsn()), 8)"
)
"""Which database of which server this is, and on which timeline: what a failover or a copy changes."""

_INSTANCE = "extract(epoch FROM pg_postmaster_start_time())::text"
"""Which run of which server this is. While it is the same one, so is the term, which costs more."""

NOTE = f"WITH noted AS (INSERT INTO written VALUES ('{{own}}', {{number}})) SELECT {_INSTANCE}, {_DURABLE}"
GATE = (
    f"{NOTE}, incarnation = '{{own}}' AND lease_until IS NOT NULL, "
    "extract(epoch FROM lease_until - clock_timestamp())::float8 FROM run WHERE id = {run} FOR NO KEY UPDATE"
)
"""Both go over in one step with ``BEGIN``, and so without values: these are whole numbers, and a UUID."""

RENEW = (
    "UPDATE run SET lease_until = clock_timestamp() + make_interval(secs => %s) "
    "WHERE id = %s AND incarnation = %s"
)
FORGET = "DELETE FROM written WHERE incarnation = %s AND number >= %s AND number < %s"


def statement(text: str) -> bytes:
    """Return a statement of ours for the driver, whose types want a text written where it is run."""
    return text.encode()
