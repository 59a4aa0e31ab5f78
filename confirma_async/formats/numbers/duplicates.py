"""Finds numbers that occur twice in the files of a job before anything is sent, in bounded memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Self

from confirma_async.errors import Problem
from confirma_async.formats.models import DocumentRef, Identity, Place
from confirma_async.formats.spooled import no_room
from confirma_async.privacy import number_shown
from confirma_async.schemas import InvoiceType

_SCHEMA = """
CREATE TABLE seen (
  original TEXT, type TEXT, seller TEXT, source TEXT, line INTEGER, again TEXT, again_line INTEGER,
  PRIMARY KEY (original, type, seller)
) WITHOUT ROWID
"""

_KEY = "original = ? AND type = ? AND seller = ?"

_TWICE = f"SELECT source, line, again, again_line FROM seen WHERE {_KEY} AND again IS NOT NULL"  # noqa: S608 (ours)

_ONE_UNNAMED = """
SELECT mine.source, mine.line, other.source, other.line
FROM seen AS mine JOIN seen AS other USING (original, type)
WHERE mine.original = ? AND mine.type = ? AND mine.seller = ? AND (other.seller = '') <> (mine.seller = '')
ORDER BY other.seller LIMIT 1
"""
"""Finds a number of two documents of which only one names its seller: it may be the same seller."""


class DuplicateNumbers:
    """Finds the numbers that occur twice in the files of a job. Use it with ``with``.

    A document without a seller may be of any seller, so its number is a duplicate of the same number of any
    other document.

    Documents are kept in a scratch file that SQLite removes by itself: a million need no more memory than a
    thousand. Reminders may repeat a number. They are left to the journal, which knows their dates.
    """

    def __init__(self) -> None:
        self._twice = False
        self._named: set[bool] = set()  # whether documents named their sellers: both, where some did not
        self._seen = sqlite3.connect("", isolation_level=None)
        self._seen.execute("PRAGMA synchronous = OFF")
        self._seen.execute(_SCHEMA)

    def watch(self, documents: Iterable[DocumentRef]) -> Iterator[DocumentRef]:
        """Take note of documents, and yield them.

        Raises:
            ConfigurationError: there is no room for the scratch file.
        """
        self._seen.execute("BEGIN")
        for document in documents:
            if document.identity.type != InvoiceType.REMINDER:
                self._note(document)
            yield document
        self._seen.execute("COMMIT")

    @property
    def are_any(self) -> bool:
        """Whether any number may occur twice."""
        return self._twice or len(self._named) > 1

    def find(self, identity: Identity) -> tuple[Place, Place] | None:
        """Return the first two places of a number that occurs more than once; None for any other number."""
        asked = ((_TWICE, self._twice), (_ONE_UNNAMED, len(self._named) > 1))
        for query in (query for query, worthwhile in asked if worthwhile):
            found = self._seen.execute(query, _key(identity)).fetchone()
            if found is not None:
                return Place(found[0], found[1]), Place(found[2], found[3])
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the scratch file, which removes it. Closing twice is fine."""
        self._seen.close()

    def _note(self, document: DocumentRef) -> None:
        key, place = _key(document.identity), document.place
        self._named.add(bool(document.identity.seller))
        try:
            added = self._seen.execute(
                "INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?, ?, NULL, NULL)",
                (*key, place.source, place.line),
            )
        except sqlite3.OperationalError as error:
            raise no_room(error) from None
        if added.rowcount == 0:
            self._twice = True
            self._seen.execute(
                f"UPDATE seen SET again = ?, again_line = ? WHERE {_KEY} AND again IS NULL",  # noqa: S608 (ours)
                (place.source, place.line, *key),
            )


NUMBER = "$.invoice.header.number"
"""The JSON path of the number in a request."""


def standing_twice(identity: Identity, places: tuple[Place, Place], at: str = NUMBER) -> Problem:
    """Return the problem of a document whose number occurs at two places.

    Args:
        identity: The identity of the document.
        places: The places of the first two documents with the number.
        at: The place of the number in this document, as messages name it.
    """
    first, second = places
    document = f"{identity.type.replace('_', ' ').lower()} {number_shown(identity.original)}"
    message = (
        f"{document} stands twice, at {first} and at {second}; neither is "
        "sent. Remove one, or give it its own number if it is another invoice (lines of one invoice must "
        "stand together)"
    )
    return Problem(at, "job.clash", message)


def _key(identity: Identity) -> tuple[str, str, str]:
    return identity.original, str(identity.type), identity.seller
