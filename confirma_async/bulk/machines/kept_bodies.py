"""Reads the bodies of planned invoices, as long as the journal keeps them."""

from __future__ import annotations

from collections.abc import Sequence

from confirma_async.bulk.journal import JournalReader
from confirma_async.bulk.machines.packing import unpacked
from confirma_async.bulk.postgres.reader import PostgresReader


def bodies_of(journal: JournalReader, number: int) -> Sequence[bytes]:
    """Return the kept bodies of the invoices of a number, as they were or will be sent.

    Args:
        journal: The journal. One in a file keeps no bodies.
        number: The number of the invoices; sellers and types may share it.

    Raises:
        JournalError: the journal cannot be read, or its bodies are damaged.
    """
    if not isinstance(journal, PostgresReader):
        return ()
    return [
        entry.body
        for position, chunk, positions in journal.kept_chunks(number)
        for at, entry in zip(positions, unpacked(chunk, len(positions)), strict=True)
        if at == position
    ]
