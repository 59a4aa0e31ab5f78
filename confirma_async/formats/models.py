"""What a reader of files hands on: an invoice with its place, or what is wrong with a record and where."""

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
    """A whole file cannot be read: it is missing, of no known format, or not what its name says."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


@frozen
class Place:
    """Where a record stands: a file and, where the format has lines, the line it begins on (from 1).

    Bytes of a file's name that are no UTF-8 show as the replacement character.
    """

    source: str = field(converter=printable)
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


class Origins(Protocol):
    """Where the values of a record stand in its file."""

    def find(self, path: str, /) -> str | None:
        """Return where the value of a JSON path stands, or would stand: a line with a column or an element.

        None where nothing of the file is behind it. The file may be read again for it.
        """
        ...

    def name(self, path: str, /) -> str | None:
        """Return the same without what the file would have to be read again for: the line of an element."""
        ...


def located(problem: Problem, origins: Origins) -> Problem:
    """Return a problem with its place in the file before its JSON path, where the file has one."""
    path = located_path(problem.path, origins.find(problem.path))
    return problem if path == problem.path else evolve(problem, path=path)


def located_path(path: str, place: str | None) -> str:
    """Return a JSON path with its place in the file before it, where the file has one."""
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
        seller: The seller's business id, else VAT code, in one spelling; else empty (the client itself).
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
        place: Where it stands.
        request: The invoice as it will be sent.
        attached: Documents that belong to the invoice, which a job loads or fetches one by one as it sends;
            ``request`` names them without their contents.
        remarks: What the reader decided because the file did not say it; one sentence each.
        original_number: The number that the file gives, where another one is sent.
        origins: Where its values stand in the file; None where its JSON paths say that.
    """

    place: Place
    request: SalesInvoiceRequest
    attached: Sequence[Attached] = ()
    remarks: Sequence[str] = ()
    original_number: str | None = None
    origins: Origins | None = field(default=None, repr=False, eq=False)

    @property
    def identity(self) -> Identity:
        """Who says which number."""
        header = self.request.invoice.header
        original = self.original_number or str(header.number)
        return Identity(self.request.seller_identifier, header.type, original)

    def located(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return what the rules say of the request, with the places of the file."""
        origins = self.origins
        return [*problems] if origins is None else [located(problem, origins) for problem in problems]

    def complete(self) -> SalesInvoiceRequest:
        """Return the invoice with the contents of the attached files, as ``invoices.create`` takes it.

        What is given by URL is not fetched: the URL is passed on.

        Raises:
            RequestInvalidError: a file cannot be read, or is too large.
        """
        return with_files(self.request, self.attached) if self.attached else self.request


@frozen(kw_only=True)
class BadRecord:
    """A record that cannot become an invoice; the others go on.

    Attributes:
        place: Where it stands.
        problems: What is wrong, each with path (a column, an XPath or a JSON path), rule and what to do.
        number: The invoice number as the file gives it, where it does; cut where it is long, and hidden
            where it may be a person's number.
        identity: Seller, type and number, where the record has them.
        facts: Who is to pay, and how much, as far as it could be read; never kept, and not in messages.
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
    """Whole numbers for documents whose own number is not a whole one."""

    def find(self, identity: Identity, /) -> int | None:
        """Return the whole number that stands for a document's number; None when the job does not hold it."""
        ...


@frozen(kw_only=True)
class ReadOptions:
    """How files are read.

    Attributes:
        file_format: What the files are; None finds out per file.
        mapping: Which column is which, in tables with column names of their own.
        mappings: Mappings of single files, by their absolute paths, where ``mapping`` is None.
        columns: The columns that tables may have: those of invoices unless given.
        numbers: Whole numbers for documents whose own number is none; None refuses such documents.
        decimal_comma: Whether numbers that are text have a decimal comma; None asks the mapping, else the
            file itself.
        folder: Where paths of attachments begin; None is the folder of the file that names them.
        attach_anywhere: Whether attached files may lie outside the folder where their paths begin. Whoever
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
        """What separates decimals in text, where the options or the mapping say it."""
        comma = self.decimal_comma
        if comma is None and self.mapping is not None:
            comma = self.mapping.decimal_comma
        if comma is None:
            return None
        return DecimalSeparator.COMMA if comma else DecimalSeparator.POINT
