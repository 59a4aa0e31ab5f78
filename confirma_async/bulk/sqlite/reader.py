"""Reads a journal in a file."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from pathlib import Path

from confirma_async.bulk.journal.stored.kept_evidence import StoredEvidence
from confirma_async.bulk.journal.stored.ownership import StoredOwnership
from confirma_async.bulk.journal.stored.payloads import StoredPayloads
from confirma_async.bulk.journal.stored.reader import StoredReader
from confirma_async.bulk.journal.stored.runs import StoredRunsReader
from confirma_async.bulk.journal.stored.trust import StoredTrust
from confirma_async.bulk.models import Row, State
from confirma_async.bulk.sqlite.file.guard import examine_missing
from confirma_async.bulk.sqlite.file.look import read_file
from confirma_async.bulk.sqlite.migrations import DECIDED
from confirma_async.bulk.sqlite.tables import SqliteTables

_REJECTED = (
    "WHERE position IN (WITH RECURSIVE of(run) AS "
    "(SELECT 0 UNION ALL SELECT run + 1 FROM of WHERE run < (SELECT max(id) FROM run)) "
    f"SELECT position FROM item WHERE {DECIDED} AND state = {State.REJECTED:d} "
    "AND run IN (SELECT run FROM of)) ORDER BY position"
)
"""Finds the rejected items of all runs by the index, which is by run, without reading accepted ones."""


@contextlib.contextmanager
def reading(path: Path) -> Generator[SqliteReader]:
    """Open a journal only to read it, even while a job runs on it.

    Raises:
        JournalError: there is none, or it is damaged.
        JournalMismatchError: the file is something else, or of a newer version.
    """
    with read_file(path) as (connection, doubt):
        tables = SqliteTables(path, connection)
        yield SqliteReader(tables, StoredTrust(tables, doubt))


def reading_if_there(path: Path) -> contextlib.AbstractContextManager[SqliteReader | None]:
    """Open a journal only to read it; yield None where there is none yet.

    Raises:
        JournalError: it is damaged, or gone.
        JournalMismatchError: the file is something else, or of a newer version.
    """
    if path.exists():
        return reading(path)
    examine_missing(path)
    return contextlib.nullcontext()


class _SqlitePayloads(StoredPayloads):
    def forget_final(self) -> int:
        """See ``Payloads``. The bodies are overwritten in the file; its log may hold them for longer."""
        self._tables.change("PRAGMA secure_delete = ON")
        return super().forget_final()


class SqliteReader(StoredReader):
    """A ``JournalReader`` over a file.

    Args:
        tables: Runs the statements on the database of the journal.
        trust: Whether it is in doubt.

    Attributes:
        path: The file.
        evidence: What it knows that bears on a lost invoice.
        ownership: Whose it is.
        payloads: The payloads that an outbox has asked to keep.
    """

    def __init__(self, tables: SqliteTables, trust: StoredTrust) -> None:
        super().__init__(tables, trust)
        self.path: Path = tables.path
        self.evidence: StoredEvidence = StoredEvidence(tables, trust)
        self.ownership: StoredOwnership = StoredOwnership(tables)
        self.payloads: StoredPayloads = _SqlitePayloads(tables)
        self._runs = StoredRunsReader(tables)

    @property
    def runs(self) -> StoredRunsReader:
        """The runs of the journal, past and present."""
        return self._runs

    def rows(self, *states: State, run: int | None = None) -> Iterator[Row]:
        """See ``Journal``."""
        if run is None and {*states} == {State.REJECTED}:
            return self._items.query(_REJECTED)
        return super().rows(*states, run=run)
