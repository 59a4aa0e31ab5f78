"""The tables of a journal in a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.models import FINAL
from confirma_async.bulk.postgres.connection.failures import taken_over
from confirma_async.bulk.postgres.connection.session import PostgresSession
from confirma_async.bulk.postgres.connection.text_forms import plain
from confirma_async.bulk.postgres.migrations import DECIDED, OPEN
from confirma_async.errors import JournalError

LOCK = 0x434E464A
"""The number of the advisory lock of admission, which is also held while tables are made."""

_VERDICTS = ", ".join(f"{state:d}" for state in sorted(FINAL))


class PostgresTables(Tables):
    """``Tables`` over the connection of a journal.

    Args:
        session: Runs the transactions of the journal.

    Attributes:
        session: Runs the transactions of the journal.
    """

    is_open = OPEN
    is_final: ClassVar[str] = f"{DECIDED} AND verdict IN ({_VERDICTS})"
    is_over = (
        "run IN (SELECT id FROM run WHERE lease_until IS NULL) AND run NOT IN (SELECT run FROM planned_chunk)"
    )
    verdict = "verdict"
    place = "place"
    at_once = 1000
    status_text = "status"
    new_write = "nextval('write_id')"
    new_run = "nextval('run_id')"

    def __init__(self, session: PostgresSession) -> None:
        super().__init__(session.name, lambda text: text)
        self.session = session

    def few(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """See ``Tables``."""
        return iter(self.session.execute(query.replace("?", "%s"), values).fetchall())

    def many(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """See ``Tables``."""
        return self.session.stream(query.replace("?", "%s"), values)

    def change(self, query: str, *values: Any) -> int:
        """See ``Tables``."""
        return self.session.statements.change(query.replace("?", "%s"), values)

    def change_later(self, query: str, *values: Any) -> None:
        """See ``Tables``."""
        self.session.statements.change_later(query.replace("?", "%s"), values, lambda _: None)

    def change_columns(self, query: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run a statement with an array for each column of many rows; do nothing where there are no rows."""
        if rows:
            self.change(query, *(list(column) for column in zip(*rows, strict=True)))

    def text(self, word: str) -> str:
        """See ``Tables``."""
        return word

    def plain(self, text: str) -> str:
        """See ``Tables``."""
        return plain(text)

    @property
    def last_attempt(self) -> str:
        """See ``Tables``."""
        return "(SELECT last_value FROM attempt)"

    def lock(self) -> None:
        """Take the lock of admission until the transaction ends."""
        self.change("SELECT pg_advisory_xact_lock(?)", LOCK)

    def taken_over(self) -> JournalError:
        """See ``Tables``."""
        return taken_over(self.name)
