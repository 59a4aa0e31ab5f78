"""Finds out where a journal is, a file or a database, and opens it there."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TypeAlias

from attrs import field, frozen

from confirma_async.bulk.journal import Journal, JournalReader
from confirma_async.bulk.sqlite import reader as sqlite
from confirma_async.bulk.sqlite.journal import open_sqlite


@frozen
class PostgresPlace:
    """A journal in a PostgreSQL database.

    Attributes:
        url: Its URL, which may hold a password.
        name: The name of the journal in messages, without that.
    """

    url: str = field(repr=False)
    name: str

    @classmethod
    def of(cls, url: str) -> PostgresPlace:
        """Return the place of the journal in the database of a URL.

        Raises:
            ConfigurationError: the URL is of another kind of database, or the extra ``postgres`` is not
                installed.
        """
        from confirma_async.bulk.postgres.connection.failures import name_of

        return cls(url, name_of(url))

    def __str__(self) -> str:
        return self.name


JournalPlace: TypeAlias = Path | PostgresPlace


def is_url(text: str) -> bool:
    """Say whether the name of a journal is a URL, and not a path."""
    return "://" in text


def place_of(named: str | Path | PostgresPlace) -> JournalPlace:
    """Return the place of a journal that is named by a path or a URL.

    Raises:
        ConfigurationError: as of ``PostgresPlace.of``.
    """
    if not isinstance(named, str):
        return named
    return PostgresPlace.of(named) if is_url(named) else Path(named)


def open_journal(place: JournalPlace, *, alone: bool = False) -> Journal:
    """Open a journal for a job, or make a new one. Call this in the thread that will use it.

    Args:
        place: The file or the database.
        alone: Whether no other job may have it open, because it is changed as a whole.

    Raises:
        JournalError: it cannot be opened, or ``alone`` is set and another job has it open.
        JournalMismatchError: what is there is no journal, or one of a newer version.
    """
    if isinstance(place, Path):
        return open_sqlite(place, alone=alone)
    from confirma_async.bulk.postgres.journal import open_postgres

    return open_postgres(place.url, alone=alone)


def reading(place: JournalPlace) -> AbstractContextManager[JournalReader]:
    """Open a journal only to read it, even while a job runs on it.

    Raises:
        JournalError: there is none, or it cannot be read.
        JournalMismatchError: what is there is no journal, or one of a newer version.
    """
    if isinstance(place, Path):
        return sqlite.reading(place)
    from confirma_async.bulk.postgres.journal import reading_postgres

    return reading_postgres(place.url)


def reading_if_there(place: JournalPlace) -> AbstractContextManager[JournalReader | None]:
    """Open a journal only to read it; yield None where there is none yet.

    Raises:
        JournalError: it cannot be read, or is gone.
        JournalMismatchError: what is there is no journal, or one of a newer version.
    """
    if isinstance(place, Path):
        return sqlite.reading_if_there(place)
    from confirma_async.bulk.postgres.opening import is_there

    return reading(place) if is_there(place.url) else nullcontext()
