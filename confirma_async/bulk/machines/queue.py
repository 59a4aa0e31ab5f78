"""The queue of planned chunks: procrastinate in a schema of its own, over connections of ours.

The queue holds only numbers of chunks. The journal, in the same database, alone says what must be sent, and
what became of it. A chunk that comes twice is harmless. A chunk that was lost from the queue is queued once
more (``PlannedJournal.queue_lost``).

Statements name their schema, and need no setting of the server's session: a pooler may lie in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import hashlib
from collections.abc import AsyncGenerator, Collection, Sequence
from typing import Any, cast

from confirma_async.bulk.postgres.connection.failures import REFUSED, explained, name_of
from confirma_async.bulk.postgres.connection.gate import DEFAULTS, TIMEOUTS, statement
from confirma_async.bulk.postgres.connection.session import PostgresSession
from confirma_async.bulk.postgres.migrations import SCHEMA
from confirma_async.errors import ConfigurationError, JournalError

try:
    import psycopg
    from procrastinate import BaseConnector, exceptions
    from procrastinate.connector import BaseAsyncConnector
    from procrastinate.jobs import Job
    from procrastinate.manager import JobManager
    from procrastinate.schema import SchemaManager
    from psycopg.conninfo import conninfo_to_dict
    from psycopg.rows import dict_row
    from psycopg.types.json import Jsonb
except ImportError as _missing:
    raise ConfigurationError(
        "workers over PostgreSQL need procrastinate: pip install 'confirma-sdk[postgres]'"
    ) from _missing

QUEUE_SCHEMA = "confirma_queue"
"""The database schema with the tables of the queue."""

QUEUE = "confirma"
"""The name of the queue in these tables."""

TASK = "send_chunk"
"""The name of the task that sends a chunk; its argument ``chunk`` is the number of the chunk."""

ANSWER_SECONDS = 20.0
"""Seconds after which a connection without an answer is closed."""

_IN_QUEUE = f"SET LOCAL search_path = {QUEUE_SCHEMA}, pg_temp"
_IN_JOURNAL = f"SET LOCAL search_path = {SCHEMA}, pg_temp"

_ASKING = f"{_IN_QUEUE}; {TIMEOUTS}"
_AT_THE_RATE = f"{_IN_JOURNAL}; {TIMEOUTS}; SET LOCAL synchronous_commit = off"

unreachable = exceptions.ConnectorException
"""The error of a connector that got no answer."""


def queue_form() -> str:
    """Return a digest of the queue's tables as this version of procrastinate makes them."""
    return hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest()[:16]


def make_queue(session: PostgresSession) -> None:
    """Drop the tables of the queue and make them anew, within a transaction."""
    session.execute(f"DROP SCHEMA IF EXISTS {QUEUE_SCHEMA} CASCADE")
    session.execute(f"CREATE SCHEMA {QUEUE_SCHEMA}")
    session.execute(_IN_QUEUE)
    session.execute(SchemaManager.get_schema())
    session.execute(_IN_JOURNAL)


def queue_chunks(session: PostgresSession, chunks: Sequence[int], *, seconds: float = 0.0) -> None:
    """Queue chunks, as part of the transaction of a journal.

    Args:
        session: The connection of the journal, within its transaction.
        chunks: The numbers of the chunks.
        seconds: Seconds from now, by this machine's clock, after which a worker may take them.
    """
    if not chunks:
        return
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds) if seconds else None
    JobManager(_SessionConnector(session)).batch_defer_jobs(
        [
            Job(
                id=None,
                queue=QUEUE,
                task_name=TASK,
                task_kwargs={"chunk": chunk},
                scheduled_at=at,
                lock=None,
                queueing_lock=None,
            )
            for chunk in chunks
        ]
    )


def hurry_chunks(session: PostgresSession, chunks: Collection[int]) -> None:
    """Make chunks due at once that wait for a lookup, as part of the transaction of a journal.

    Args:
        session: The connection of the journal, within its transaction.
        chunks: The numbers of the chunks.
    """
    if chunks:
        session.execute(
            f"UPDATE {QUEUE_SCHEMA}.procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo' "
            "AND scheduled_at > now() AND (args->>'chunk')::bigint = ANY(%s)",
            (list(chunks),),
        )


class _SessionConnector(BaseConnector):
    """Lets procrastinate write in the transaction of a journal."""

    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def get_sync_connector(self) -> BaseConnector:
        return self

    def execute_query_all(self, query: str, **arguments: Any) -> list[dict[str, Any]]:
        self._session.execute(_IN_QUEUE)
        cursor = self._session.execute(query, _wrapped(arguments))
        names = [column.name for column in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        self._session.execute(_IN_JOURNAL)
        return found


class QueueConnector(BaseAsyncConnector):
    """Runs the statements of procrastinate on one connection, and connects again when it is lost.

    A statement whose answer is lost is not sent again: the caller gets an error, and begins anew.

    Args:
        url: The URL of the database.
        patience_seconds: Seconds after which a connection without an answer is closed.

    Attributes:
        refused: Why the server refuses the statements for good; None while it does not.
    """

    def __init__(self, url: str, *, patience_seconds: float = ANSWER_SECONDS) -> None:
        self.refused: JournalError | None = None
        self._name = name_of(url)
        self._options = {**DEFAULTS, **conninfo_to_dict(url)}
        self._patience_seconds = patience_seconds
        self._connection: psycopg.AsyncConnection[dict[str, Any]] | None = None
        self._turn = asyncio.Lock()

    async def open_async(self, pool: Any = None) -> None:
        """Do nothing: the first statement connects."""

    async def close_async(self) -> None:
        """Close the connection; the next statement connects again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                await connection.close()

    async def execute_query_async(self, query: str, **arguments: Any) -> None:
        """Run a statement, and return nothing."""
        await self.execute_query_all_async(query, **arguments)

    async def execute_query_one_async(self, query: str, **arguments: Any) -> dict[str, Any]:
        """Return the one row of a statement.

        Raises:
            NoResult: there is none.
        """
        found = await self.execute_query_all_async(query, **arguments)
        if not found:
            raise exceptions.NoResult
        return found[0]

    async def execute_query_all_async(self, query: str, **arguments: Any) -> list[dict[str, Any]]:
        """Run a statement of the queue in a transaction of its own; return its rows.

        Args:
            query: The statement, with ``%(name)s`` where a value goes.
            arguments: The values, by their names.

        Raises:
            ConnectorException: the statement failed, or gave no answer; it may still have had its effect.
        """
        async with self._turn, self._answered() as connection, connection.transaction():
            await connection.execute(statement(_ASKING))
            cursor = await connection.execute(statement(query), _wrapped(arguments) or None)
            return await cursor.fetchall() if cursor.description else []

    async def ask_at_the_rate(self, query: str, arguments: dict[str, float]) -> list[dict[str, Any]]:
        """Run a statement about the common rate; return its rows. A crash of the server may lose its effect.

        Its transaction is one round trip to the server.

        Args:
            query: The statement, with ``%(name)s`` where a value goes.
            arguments: The values, by their names.

        Raises:
            ConnectorException: the statement failed, or gave no answer; it may still have had its effect.
        """
        async with self._turn, self._answered() as connection:
            cursor = psycopg.AsyncClientCursor(connection, row_factory=dict_row)
            whole = f"BEGIN; {_AT_THE_RATE}; {query}; COMMIT"
            await cursor.execute(statement(whole), arguments or None)
            await cursor.set_result(-2)
            return await cursor.fetchall() if cursor.description else []

    @contextlib.asynccontextmanager
    async def _answered(self) -> AsyncGenerator[psycopg.AsyncConnection[dict[str, Any]]]:
        """Yield the connection for a statement; close it if the statement fails or gets no answer."""
        try:
            async with asyncio.timeout(self._patience_seconds):
                yield await self._connected()
        except (psycopg.Error, TimeoutError) as error:
            if isinstance(error, REFUSED):
                self.refused = explained(self._name, error)
            await self.close_async()
            raise exceptions.ConnectorException(type(error).__name__) from None
        except BaseException:
            await self.close_async()
            raise

    async def _connected(self) -> psycopg.AsyncConnection[dict[str, Any]]:
        connection = self._connection
        if connection is None or connection.closed:
            options = cast("dict[str, Any]", self._options)
            connection = self._connection = await psycopg.AsyncConnection[dict[str, Any]].connect(
                **options, autocommit=True, prepare_threshold=None, row_factory=dict_row
            )
        return connection


class QueuedJobs(JobManager):
    """Notes the end of each job of the queue, while the queue can be reached.

    A job whose end was not noted comes again once its worker is gone. That is harmless.
    """

    async def finish_job_by_id_async(self, *args: Any, **kwargs: Any) -> None:
        """See ``JobManager``."""
        with contextlib.suppress(unreachable):
            await super().finish_job_by_id_async(*args, **kwargs)

    async def retry_job_by_id_async(self, *args: Any, **kwargs: Any) -> None:
        """See ``JobManager``."""
        with contextlib.suppress(unreachable):
            await super().retry_job_by_id_async(*args, **kwargs)


def _wrapped(arguments: dict[str, Any]) -> Any:
    """Return the arguments in the driver's form: JSON for JSON values, tuples for rows."""
    return {name: _wrapped_value(each) for name, each in arguments.items()}


def _wrapped_value(value: Any) -> Any:
    if isinstance(value, dict):
        return Jsonb(value)
    if isinstance(value, (list, tuple)):
        made = [_wrapped_value(each) for each in cast("Sequence[Any]", value)]
        return made if isinstance(value, list) else tuple(made)
    return value
