"""Assigns whole numbers to documents whose own number is not a whole one, and keeps them in the journal."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from attrs import define, field

from confirma_async.bulk.journal import JournalReader
from confirma_async.bulk.journal_places import JournalPlace, reading_if_there
from confirma_async.bulk.placement import Placement
from confirma_async.errors import JournalError
from confirma_async.formats import AssignedNumbers, Identity, assign, namesake, whole
from confirma_async.schemas.identity import InvoiceKey

_MEMORY = 10_000
"""Numbers read from the journal that a ``JournalBook`` keeps in memory."""


def give_numbers(placement: Placement, identities: Iterable[Identity], start: int) -> AssignedNumbers:
    """Assign whole numbers from ``start`` on, and keep them in the journal before anything is sent.

    A document that an earlier run has numbered keeps its number, and no number that the journal knows is
    given twice. A journal in doubt may have assigned numbers that it does not know any more: it assigns none.

    Args:
        placement: The place of the journal, and its account.
        identities: The documents of the job, in order.
        start: The first number to assign.

    Raises:
        JournalError: the journal cannot be used, or is in doubt and a document needs a number.
        InputError: a file cannot be read.
    """
    documents = list(dict.fromkeys(identities))
    with contextlib.closing(placement.open()) as journal, journal.transaction():
        journal.ownership.tie(placement.target, placement.owner, now=time.time())
        known = known_numbers(journal, documents)
        if journal.trust.doubt() is not None:
            _refuse_new_numbers(journal.name, documents, known)
        book = assign(documents, start, known, in_use=journal.numbers.in_use)
        journal.numbers.keep(
            {who: number for who, number in book.numbers.items() if whole(who.original) is None}
        )
    return book


def _refuse_new_numbers(name: str, documents: Sequence[Identity], known: Mapping[Identity, int]) -> None:
    unknown = [who for who in documents if whole(who.original) is None and namesake(who) not in known]
    if unknown:
        raise JournalError(
            f"{len(unknown)} documents need a whole number, and the journal {name} may not know under which "
            "numbers they were sent before, because it was copied or put back. Number them yourself, as they "
            "were sent; or have a person say that the journal is whole"
        )


def known_numbers(journal: JournalReader, documents: Sequence[Identity]) -> Mapping[Identity, int]:
    """Return the numbers that earlier runs assigned to documents, or to those that share their number."""
    odd = [who for who in documents if whole(who.original) is None]
    return journal.numbers.of([*odd, *{namesake(who) for who in odd}])


@define
class JournalBook:
    """The ``NumberAssignments`` of a job: its own numbers, and those that earlier runs keep in the journal.

    Attributes:
        path: The place of the journal; None where there is none yet.
        given: The numbers that this job has assigned.
        used: The assigned numbers that ``find`` has returned so far.
    """

    path: JournalPlace | None
    given: Mapping[Identity, int] = field(factory=dict[Identity, int])
    used: dict[Identity, int] = field(init=False, factory=dict[Identity, int])
    _journal: JournalReader | None = field(init=False, default=None)
    _stack: contextlib.ExitStack = field(init=False, factory=contextlib.ExitStack)
    _remembered: Callable[[Identity], int | None] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._remembered = lru_cache(_MEMORY)(self._kept)

    def find(self, identity: Identity, /) -> int | None:
        """Return the whole number of a document; None where none was assigned.

        Raises:
            JournalError: the journal cannot be read.
        """
        number = self.given.get(identity)
        if number is None:
            number = self._remembered(identity)
        if number is not None and identity.original != str(number):
            self.used[identity] = number
        return number

    def _kept(self, identity: Identity) -> int | None:
        if self._journal is None:
            if self.path is None:
                return None
            self._journal = self._stack.enter_context(reading_if_there(self.path))
            if self._journal is None:
                self._stack.close()
                return None
        number = whole(identity.original)
        if number is None:
            return self._journal.numbers.of([identity]).get(identity)
        key = InvoiceKey(identity.seller, str(identity.type), number, "", "")
        row = self._journal.find(key)
        return number if row is not None and row.key == key else None

    def close(self) -> None:
        """Close the journal. Closing twice is fine."""
        self._journal = None
        self._stack.close()


def number_book(
    path: JournalPlace | None, given: AssignedNumbers | None
) -> contextlib.AbstractContextManager[JournalBook]:
    """Yield the ``JournalBook`` of a journal, and close it at the end of the block.

    Args:
        path: The place of the journal; None where there is none yet.
        given: The numbers that this job has assigned; None where it assigns none.
    """
    return contextlib.closing(JournalBook(path, given.numbers if given else {}))
