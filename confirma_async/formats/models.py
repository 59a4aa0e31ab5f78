"""The objects that readers of files yield: invoices and bad records, with their places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from attrs import evolve, field, frozen
from attrs.converters import optional

from confirma_async import bounds
from confirma_async.bounds import within
from confirma_async.errors import ConfirmaError, Problem
from confirma_async.formats.attached.attachments import Attached
from confirma_async.formats.attached.placeholders import with_files
from confirma_async.formats.facts import InvoiceFacts
from confirma_async.formats.file_format import FileFormat
from confirma_async.formats.tables.cells import DecimalSeparator
from confirma_async.formats.tables.columns import INVOICE_COLUMNS, ColumnSet
from confirma_async.formats.tables.mapping import ColumnMapping
from confirma_async.privacy import number_shown, printable
from confirma_async.schemas import InvoiceType, SalesInvoiceRequest
from confirma_async.schemas.identity import same_seller, same_type


class InputError(ConfirmaError):
    """A whole file cannot be read: it is missing, of no known format, or of another than its name says."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


@frozen
class Place:
    """The place of a record: its file and, if the format has lines, the line on which it begins (from 1).

    Bytes of a file's name that are no UTF-8 are shown as the replacement character.
    """

    source: str = field(converter=printable)
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


class Origins(Protocol):
    """Finds the places of a record's values in its file."""

    def find(self, path: str, /) -> str | None:
        """Return the place of the value at a JSON path: a line with a column, or an element.

        A missing value has the place at which it would be. The place is None if the value is not from the
        file. The file may be read again to find it.
        """
        ...

    def name(self, path: str, /) -> str | None:
        """Return the place without the line of an element, for which the file would have to be read again."""
        ...


def located(problem: Problem, origins: Origins) -> Problem:
    """Return a problem whose path begins with its place in the file, if it has one there."""
    path = located_path(problem.path, origins.find(problem.path))
    return problem if path == problem.path else evolve(problem, path=path)


def located_path(path: str, place: str | None) -> str:
    """Return a JSON path with its place in the file in front, if it has one there."""
    if place is None or place == path:
        return path
    if place.endswith(path[1:]):  # the path in a file that holds several requests
        return place
    return f"{place} ({path})"


def _number_repr(number: str) -> str:
    return repr(number_shown(number))


@frozen
class Identity:
    """Identifies a document of a file: its seller, its type and its number.

    Attributes:
        seller: The seller's business id, else VAT code, in one spelling; empty where neither is given.
        type: The kind of document, in capital letters.
        original: The number as the file gives it.
    """

    seller: str = field(converter=same_seller)
    type: InvoiceType = field(converter=same_type)
    original: str = field(repr=_number_repr)


@frozen(kw_only=True)
class ReadInvoice:
    """An invoice read from a file.

    Attributes:
        place: The place of its record.
        request: The invoice as it will be sent.
        attached: Documents that belong to the invoice, which a job loads or fetches one by one as it sends;
            ``request`` names them without their contents.
        remarks: What the reader decided because the file did not say it; one sentence each.
        original_number: The number that the file gives, where another one is sent; None elsewhere.
        origins: Finds the places of its values in the file; None if its JSON paths are their places.
    """

    place: Place
    request: SalesInvoiceRequest
    attached: Sequence[Attached] = ()
    remarks: Sequence[str] = ()
    original_number: str | None = None
    origins: Origins | None = field(default=None, repr=False, eq=False)

    @property
    def identity(self) -> Identity:
        """The identity of the document: its seller, its type and its own number."""
        header = self.request.invoice.header
        original = self.original_number or str(header.number)
        return Identity(self.request.seller_identifier, header.type, original)

    def located(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return problems of the request with their places in the file."""
        origins = self.origins
        return [*problems] if origins is None else [located(problem, origins) for problem in problems]

    def complete(self) -> SalesInvoiceRequest:
        """Return the request with the contents of the attached files, as ``invoices.create`` takes it.

        Documents by URL are not fetched: the URL is passed on.

        Raises:
            RequestInvalidError: a file cannot be read, or is too large.
        """
        return with_files(self.request, self.attached) if self.attached else self.request


@frozen(kw_only=True)
class BadRecord:
    """A record that cannot become an invoice. The records after it are read all the same.

    Attributes:
        place: The place of the record.
        problems: What is wrong, each with a path (a column, an XPath or a JSON path), a rule and what to do.
        number: The invoice number as the file gives it, shortened if it is long, and hidden if it may be a
            person's number; None where the file gives none.
        identity: Its seller, type and number; None where the record lacks one of them.
        facts: The buyer and the amount, as far as they could be read. They are never kept, nor in messages.
    """

    place: Place
    problems: Sequence[Problem] = field(converter=tuple[Problem, ...])
    number: str | None = field(default=None, converter=optional(number_shown))
    identity: Identity | None = field(default=None, repr=False, eq=False)
    facts: InvoiceFacts = field(factory=InvoiceFacts, repr=False, eq=False)


@frozen
class DocumentRef:
    """A document of a file: its identity and its place."""

    identity: Identity
    place: Place


class NumberAssignments(Protocol):
    """Knows the whole numbers of documents whose own number is not a whole one."""

    def find(self, identity: Identity, /) -> int | None:
        """Return the whole number of a document; None if none is assigned to it."""
        ...


@frozen(kw_only=True)
class ReadOptions:
    """How files are read.

    Attributes:
        file_format: The format of the files; None finds it out for each file.
        mapping: Says which column is which, in tables with column names of their own.
        mappings: Mappings of single files, by their absolute paths, where ``mapping`` is None.
        columns: The columns that tables may have: those of invoices unless given.
        numbers: Whole numbers for documents whose own number is not a whole one; None refuses such documents.
        decimal_comma: Whether numbers that are text have a decimal comma; None decides by the mapping, else
            by the file itself.
        folder: The folder in which the paths of attachments begin; None is that of the file that names them.
        attach_anywhere: Whether attached files may be outside the folder in which their paths begin. Whoever
            may write the table could then have any PDF that you can read sent to somebody.
        attach_private: Whether documents by URL may be fetched from this machine and from private networks.
        due_days: Days from the date to the due date, for e-invoices that state none. The default is the
            EU's 30 days for payments whose date no contract fixes (directive 2011/7/EU, article 3(3)(b)).
            From 0 to 3,650.
    """

    file_format: FileFormat | None = None
    mapping: ColumnMapping | None = None
    mappings: Mapping[str, ColumnMapping] = field(factory=dict[str, ColumnMapping])
    columns: ColumnSet = field(default=INVOICE_COLUMNS, repr=False)
    numbers: NumberAssignments | None = None
    decimal_comma: bool | None = None
    folder: Path | None = None
    attach_anywhere: bool = False
    attach_private: bool = False
    due_days: int = field(default=30, validator=within(bounds.DUE_DAYS))

    @property
    def decimal_separator(self) -> DecimalSeparator | None:
        """The decimal separator of numbers in text; None if neither the options nor the mapping say it."""
        comma = self.decimal_comma
        if comma is None and self.mapping is not None:
            comma = self.mapping.decimal_comma
        if comma is None:
            return None
        return DecimalSeparator.COMMA if comma else DecimalSeparator.POINT
