"""Finds the whole number that each document is sent under.

``header.number`` is a JSON whole number. A document whose own number is not a whole one keeps it in
``references.sales``, and is sent under the whole number that ``NumberAssignments`` has for it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import attrs
from attrs import field, frozen

from confirma_async import bounds
from confirma_async.errors import Problem
from confirma_async.formats.models import Identity, NumberAssignments
from confirma_async.privacy import number_shown
from confirma_async.schemas import (
    DefinitionDetail,
    InvoiceExtensions,
    InvoiceReferences,
    InvoiceType,
    SalesInvoiceRequest,
)
from confirma_async.schemas.values import LONGEST_INVOICE_NUMBER

WHOLE_RULE = "number.whole"
ORIGINAL_RULE = "credit-note.original"
DISPLACED = "references.sales"
"""The code of the detail that keeps a sales reference which the document's own number displaced."""

_WHOLE = re.compile(rf"0|[1-9]\d{{0,{LONGEST_INVOICE_NUMBER - 1}}}", re.ASCII)


def whole(number: str) -> int | None:
    """Return a number as a whole one; None unless it is 1 to 18 digits without a leading zero."""
    return int(number) if _WHOLE.fullmatch(number) else None


@frozen(kw_only=True)
class Numbering:
    """The numbers of a document as they are sent.

    Attributes:
        number: The whole number to send; None if there is a problem with it.
        original: The number that the file gives, where another one is sent; None elsewhere.
        credited: The whole number of the invoice that a credit note credits; None if it is not known.
        remarks: A sentence for each decision.
        problems: Why the document cannot be sent.
    """

    number: int | None
    original: str | None = None
    credited: int | None = None
    remarks: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def resolve(
    identity: Identity,
    credited: str | None,
    assignments: NumberAssignments | None,
    *,
    path: str,
    credited_path: str,
) -> Numbering:
    """Find the whole numbers of a document and of the invoice that it credits.

    Args:
        identity: The identity of the document.
        credited: The number of the credited invoice as the file gives it; None where it gives none.
        assignments: The whole numbers of documents whose own number is not a whole one.
        path: The path of the document's number.
        credited_path: The path of the reference to the credited invoice.
    """
    problems: list[Problem] = []
    remarks: list[str] = []
    number, original = whole(identity.original), None
    if number is None:
        number = _given(identity, assignments)
        if number is None:
            problems.append(Problem(path, WHOLE_RULE, _not_whole(identity.original)))
        else:
            original = identity.original
            remarks.append(
                f"the number {number_shown(original)} is no whole number; sent as {number}, "
                "the original is kept in references.sales"
            )
    reference: int | None = None
    if credited is not None:
        reference = whole(credited)
        if reference is None:
            reference = _invoice(identity.seller, credited, assignments)
            if reference is None:
                problems.append(Problem(credited_path, ORIGINAL_RULE, _not_found(credited)))
            else:
                remarks.append(f"the credited invoice {number_shown(credited)} is referred to as {reference}")
    elif identity.type == InvoiceType.CREDIT_NOTE:
        reference = _invoice(identity.seller, identity.original, assignments)
        if reference is not None:
            remarks.append(
                "the credit note names no original; invoice "
                f"{number_shown(identity.original)} of the same seller is taken as the original "
                f"and referred to as {reference}"
            )
    return Numbering(
        number=number,
        original=original,
        credited=reference,
        remarks=tuple(remarks),
        problems=tuple(problems),
    )


def apply_number(request: SalesInvoiceRequest, numbering: Numbering) -> SalesInvoiceRequest:
    """Put the numbers into the request, and keep the values that were in their place."""
    if numbering.number is None or (numbering.original is None and numbering.credited is None):
        return request
    invoice = request.invoice
    references = invoice.references or InvoiceReferences()
    if numbering.credited is not None:
        references = attrs.evolve(references, credited_invoice_number=numbering.credited)
    extensions = invoice.extensions
    if numbering.original is not None:
        if references.sales is not None and references.sales != numbering.original:
            detail = DefinitionDetail(code=DISPLACED, value=references.sales)
            extensions = extensions or InvoiceExtensions()
            extensions = attrs.evolve(extensions, definition_details=(*extensions.definition_details, detail))
        references = attrs.evolve(references, sales=numbering.original)
    return attrs.evolve(request, invoice=attrs.evolve(invoice, references=references, extensions=extensions))


@frozen
class AssignedNumbers:
    """A ``NumberAssignments`` in memory.

    Attributes:
        numbers: The whole number of every document of the job.
    """

    numbers: Mapping[Identity, int] = field(repr=False)

    def find(self, identity: Identity, /) -> int | None:
        """Return the whole number of a document; None if none is assigned to it."""
        return self.numbers.get(identity)


def assign(
    identities: Iterable[Identity],
    start: int,
    known: Mapping[Identity, int] | None = None,
    *,
    in_use: InUse | None = None,
) -> AssignedNumbers:
    """Assign whole numbers to the documents of a job whose own number is not a whole one.

    Numbers go up from ``start`` in order of appearance and skip every whole number that a document of the job
    bears itself, whoever its seller is. So the same documents in the same order get the same numbers. A whole
    number is kept. A reminder, which repeats its original, takes the original's number.

    Args:
        identities: The documents of the job, in order.
        start: The first number to assign; not negative, and of at most 18 digits.
        known: The numbers that were assigned earlier. They are kept, and not assigned again.
        in_use: Returns those of some numbers that are in use elsewhere, and are not assigned either.

    Raises:
        ConfigurationError: ``start`` is no such number.
    """
    bounds.NUMBER.check("start", start)
    earlier = known or {}
    numbers = {identity: earlier.get(identity, whole(identity.original)) for identity in identities}
    given = {namesake(identity): number for identity, number in numbers.items() if number is not None}
    given |= {namesake(identity): number for identity, number in earlier.items()}
    taken = {*given.values(), *earlier.values()}
    free = (number for number in _unused(start, in_use) if number not in taken)
    result: dict[Identity, int] = {}
    for identity, fixed in numbers.items():
        number = given.get(namesake(identity)) if fixed is None else fixed
        if number is None:
            number = given[namesake(identity)] = next(free)
        result[identity] = number
    return AssignedNumbers(result)


InUse: TypeAlias = Callable[[Sequence[int]], Container[int]]
"""Returns those of some numbers that are in use already."""

_ASKED_TOGETHER = 64


def _unused(start: int, in_use: InUse | None) -> Iterator[int]:
    """Yield the numbers from ``start`` on that are not in use elsewhere."""
    for first in itertools.count(start, _ASKED_TOGETHER):
        some = range(first, first + _ASKED_TOGETHER)
        used: Container[int] = in_use(some) if in_use else ()
        yield from (number for number in some if number not in used)


def namesake(identity: Identity) -> Identity:
    """Return the document whose number a document takes: of a reminder, its original; else itself."""
    if identity.type == InvoiceType.REMINDER:
        return attrs.evolve(identity, type=InvoiceType.INVOICE)
    return identity


def _given(identity: Identity, assignments: NumberAssignments | None) -> int | None:
    return None if assignments is None else assignments.find(identity)


def _invoice(seller: str, number: str, assignments: NumberAssignments | None) -> int | None:
    return _given(Identity(seller, InvoiceType.INVOICE, number), assignments)


def _not_whole(number: str) -> str:
    return (
        f"{number_shown(number)} is no whole number (digits alone, no leading zero, at most 18 digits), "
        "which is all that the service takes; renumber the document, or have it sent under a whole number "
        "(numbers=)"
    )


def _not_found(number: str) -> str:
    return (
        f"refers to invoice {number_shown(number)}, which is no whole number, and the journal knows no "
        "invoice of the same seller that was sent for it; give the number under which the original was sent"
    )
