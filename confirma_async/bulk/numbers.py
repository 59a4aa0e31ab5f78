"""Whole numbers for documents whose own number is none, kept in the journal so that they never change."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from confirma_async.bulk.journal import JobName, same_job
from confirma_async.bulk.sqlite_journal import open_sqlite, reading
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
    with contextlib.closing(open_sqlite(path)) as journal, journal.transaction():
        same_job(journal.name, journal.job(), JobName(target, inputs))
        book = assign(identities, start, journal.numbered())
        journal.keep_numbers(book.numbers)
    return book


def numbers_given(path: Path) -> AssignedNumbers | None:
    """The whole numbers that an earlier run has given; None where there is no journal, or none in it.

    Raises:
        JournalError: the journal cannot be read.
    """
    if not path.is_file() or not path.stat().st_size:
        return None
    with reading(path) as journal:
        known = journal.numbered()
    return AssignedNumbers(known) if known else None


def renumbered(numbers: Mapping[Identity, int]) -> dict[Identity, int]:
    """The documents that are sent under another number than their own."""
    return {who: number for who, number in numbers.items() if who.original != str(number)}
