"""Lists the workers that send from a journal in a database, for status commands."""

from __future__ import annotations

from collections.abc import Sequence

from confirma_async.bulk.journal import JournalReader
from confirma_async.bulk.postgres.reader import PostgresReader
from confirma_async.bulk.postgres.runs import WorkerRow

SHOWN_SECONDS = 86_400
"""Seconds for which a worker is listed after its death."""


def workers_of(journal: JournalReader) -> Sequence[WorkerRow]:
    """Return the workers that are alive, or died lately, on a journal; none for a journal in a file."""
    return journal.runs.workers(SHOWN_SECONDS) if isinstance(journal, PostgresReader) else ()
