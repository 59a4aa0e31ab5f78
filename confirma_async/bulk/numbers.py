"""Whole numbers for documents whose own number is none, kept in the journal so that they never change."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from confirma_async.bulk import journal, journal_file
from confirma_async.formats import AssignedNumbers, Identity, assign


def give_numbers(
    path: Path, target: str, inputs: Sequence[str], identities: Iterable[Identity], start: int
) -> AssignedNumbers:
    """Gives whole numbers from ``start`` on, and keeps them in the journal before anything is sent.

    Args:
        path: The journal.
        target: What the journal is bound to.
        inputs: Names of the input files.
        identities: The documents of the job, in order.
        start: The first number to give.

    Raises:
        JournalError: the journal cannot be used.
        InputError: a file cannot be read.
    """
    opened = journal_file.open_journal(path)
    with contextlib.closing(opened):
        try:
            connection = opened.connection
            connection.execute("BEGIN IMMEDIATE")
            journal.check_job(connection, path, target, inputs)
            book = assign(identities, start, journal.numbered(connection))
            journal.keep_numbers(connection, book.numbers)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise journal_file.explained(path, error) from error
    return book


def numbers_given(path: Path) -> AssignedNumbers | None:
    """The whole numbers that an earlier run has given; None where there is no journal, or none in it.

    Raises:
        JournalError: the journal cannot be read.
    """
    if not path.is_file() or not path.stat().st_size:
        return None
    with journal_file.reading(path) as connection:
        known = journal.numbered(connection)
    return AssignedNumbers(known) if known else None


def renumbered(numbers: Mapping[Identity, int]) -> dict[Identity, int]:
    """The documents that are sent under another number than their own."""
    return {who: number for who, number in numbers.items() if who.original != str(number)}
