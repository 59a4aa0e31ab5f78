"""JSON files: ``SalesInvoiceRequest`` in wire form, one to a line, or one or an array of them in a file.

JSON Lines is read line by line. A ``.json`` file that holds one object over several lines, or an array, is
read whole: for large jobs use JSON Lines.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

from attrs import evolve, frozen

from confirma_async.converters import Converter
from confirma_async.errors import Problem, ResponseDecodeError
from confirma_async.formats.json.keys import (
    KnownKeys,
    keys_that_stand_twice,
    known_keys,
    remarks_on_unknown_keys,
    twice_in_one_object,
)
from confirma_async.formats.models import (
    BadRecord,
    DocumentRef,
    Identity,
    InputError,
    Place,
    ReadInvoice,
    ReadOptions,
)
from confirma_async.formats.numbering import Numbering, apply_number, resolve
from confirma_async.schemas import (
    InvoiceContentData,
    InvoiceHeader,
    InvoiceParties,
    InvoiceReferences,
    InvoiceType,
    SalesInvoiceRequest,
    Schema,
    SellerParty,
)

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes of one invoice, with its attachments."""
LARGEST_FILE = 256 * 1024 * 1024
"""Bytes of a file that is read whole."""

_BLOCK = 1024 * 1024
_SYNTAX = "json.syntax"

_Look: TypeAlias = Callable[[bytes], tuple[str, ...]]
"""Looks at the text of a record before it is forgotten; gives the keys that stand twice."""


def _no_look(_text: bytes) -> tuple[str, ...]:
    return ()


@frozen
class _Record:
    """One JSON value of a file: where it stands, and what it is or why it is nothing."""

    line: int | None
    root: str
    value: Any = None
    problem: Problem | None = None
    twice: tuple[str, ...] = ()
    """Paths of the keys that stand twice in one object."""


@frozen
class _Names:
    """The wire names that the numbers of a document hang on, as this converter reads them."""

    invoice: str
    header: str
    number: str
    type: str
    references: str
    credited: str
    parties: str
    seller: str
    business_id: str
    vat_code: str


def read_json(
    path: Path, options: ReadOptions, converter: Converter, *, lines_only: bool
) -> Iterator[ReadInvoice | BadRecord]:
    """Reads the invoices of a JSON file.

    Args:
        path: The file.
        options: How it is read.
        converter: What reads the schemas; overridden wire names count.
        lines_only: Whether every line must be an invoice of its own.

    Raises:
        InputError: a file that has to be read whole is too large, or a file holds no record.
    """
    names, known = _names(converter), known_keys(converter, SalesInvoiceRequest)
    empty = True
    for record in _records(path, converter, lines_only, look=keys_that_stand_twice):
        yield _invoice(path, record, options, converter, names, known)
        empty = False
    if empty:
        msg = f"{path}: holds no invoice; write at least one into it"
        raise InputError(msg)


def scan_json(path: Path, converter: Converter, *, lines_only: bool) -> Iterator[DocumentRef]:
    """Says which documents a JSON file holds, without reading them further."""
    names = _names(converter)
    for record in _records(path, converter, lines_only):
        identity = _identity(record.value, names)
        if identity is not None:
            yield DocumentRef(identity, Place(str(path), record.line))


def _names(converter: Converter) -> _Names:
    def name(cls: type[Schema], attribute: str) -> str:
        return next(item.wire for item in converter.fields_of(cls) if item.attribute == attribute)

    return _Names(
        invoice=name(SalesInvoiceRequest, "invoice"),
        header=name(InvoiceContentData, "header"),
        number=name(InvoiceHeader, "number"),
        type=name(InvoiceHeader, "type"),
        references=name(InvoiceContentData, "references"),
        credited=name(InvoiceReferences, "credited_invoice_number"),
        parties=name(InvoiceContentData, "parties"),
        seller=name(InvoiceParties, "seller_party"),
        business_id=name(SellerParty, "business_id"),
        vat_code=name(SellerParty, "vat_code"),
    )


# --- records of a file ------------------------------------------------------------------------------


def _records(path: Path, converter: Converter, lines_only: bool, look: _Look = _no_look) -> Iterator[_Record]:
    if lines_only or _is_lines(path, converter):
        yield from _lines(path, converter, look)
    else:
        yield from _whole(path, converter, look)


def _is_lines(path: Path, converter: Converter) -> bool:
    """Whether the first line with text is an object of its own."""
    with path.open("rb") as file:
        line = b"\n"
        while line.isspace():
            line = file.readline(LONGEST_LINE)
    line = line.removeprefix(codecs.BOM_UTF8)
    if not line.lstrip().startswith(b"{"):
        return False
    try:
        converter.parse(line)
    except ResponseDecodeError:
        return False
    return True


def _lines(path: Path, converter: Converter, look: _Look) -> Iterator[_Record]:
    with path.open("rb") as file:
        number = 0
        while text := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(text) > LONGEST_LINE:
                _skip_rest(file, text)
                message = (
                    f"is longer than {LONGEST_LINE // 1024**2} MiB; give large attachments by URL, "
                    "and each invoice a line of its own"
                )
                yield _Record(number, "$", problem=Problem("$", "json.size", message))
                continue
            if number == 1:
                text = text.removeprefix(codecs.BOM_UTF8)
            if text and not text.isspace():
                yield _parsed(text, number, converter, look)


def _skip_rest(file: BinaryIO, text: bytes) -> None:
    while text and not text.endswith(b"\n"):
        text = file.readline(_BLOCK)


def _parsed(text: bytes, line: int | None, converter: Converter, look: _Look) -> _Record:
    try:
        return _Record(line, "$", converter.parse(text), twice=look(text))
    except RecursionError:
        return _Record(line, "$", problem=Problem("$", _SYNTAX, "this JSON is nested too deeply; correct it"))
    except ResponseDecodeError as error:
        return _Record(line, "$", problem=Problem("$", _SYNTAX, f"{error}; correct it"))


def _whole(path: Path, converter: Converter, look: _Look) -> Iterator[_Record]:
    if path.stat().st_size > LARGEST_FILE:
        msg = (
            f"{path}: is larger than {LARGEST_FILE // 1024**2} MiB and would have to be read whole; "
            "write one invoice to a line (JSON Lines, .jsonl)"
        )
        raise InputError(msg)
    record = _parsed(path.read_bytes().removeprefix(codecs.BOM_UTF8), None, converter, look)
    whole: object = record.value
    if isinstance(whole, list):
        items = cast("list[object]", whole)
        for index in range(len(items)):
            value, items[index] = items[index], None  # let go of what is read
            root = f"$[{index}]"
            twice = tuple("$" + place.removeprefix(root) for place in record.twice if place.startswith(root))
            yield _Record(None, root, value, twice=twice)
    else:
        yield record


# --- invoices ---------------------------------------------------------------------------------------


def _invoice(
    path: Path,
    record: _Record,
    options: ReadOptions,
    converter: Converter,
    names: _Names,
    known: KnownKeys,
) -> ReadInvoice | BadRecord:
    place = Place(str(path), record.line)
    if record.problem is not None:
        return BadRecord(place=place, problems=[record.problem])
    identity = _identity(record.value, names)
    numbering: Numbering | None = None
    if identity is not None:
        numbering = _numbered(record.value, identity, options, names)
    problems = [twice_in_one_object(place) for place in record.twice]
    problems += numbering.problems if numbering is not None else ()
    try:
        request = converter.structure(record.value, SalesInvoiceRequest)
    except ResponseDecodeError as error:
        problems += error.problems
    else:
        if not problems:
            return ReadInvoice(
                place=place,
                request=request if numbering is None else apply_number(request, numbering),
                remarks=(
                    *(() if numbering is None else numbering.remarks),
                    *remarks_on_unknown_keys(record.value, known),
                ),
                original_number=None if numbering is None else numbering.original,
            )
    return BadRecord(
        place=place,
        problems=[evolve(problem, path=record.root + problem.path[1:]) for problem in problems],
        number=None if identity is None else identity.original,
    )


def _numbered(value: dict[str, Any], identity: Identity, options: ReadOptions, names: _Names) -> Numbering:
    """Finds the whole numbers and puts them in place of the text that the file may have."""
    invoice = value[names.invoice]
    references = _object(invoice, names.references)
    credited = _number_text(references.get(names.credited))
    numbering = resolve(
        identity,
        credited,
        options.numbers,
        path=f"$.{names.invoice}.{names.header}.{names.number}",
        credited_path=f"$.{names.invoice}.{names.references}.{names.credited}",
    )
    # The wire has numbers here. Text of digits would be read too, but it would go out as text again;
    # and a number with a problem of its own must not hide the problems of other places.
    invoice[names.header][names.number] = numbering.number or 0
    if credited is not None:
        references[names.credited] = numbering.credited or 0
    return numbering


def _identity(value: Any, names: _Names) -> Identity | None:
    invoice = _object(value, names.invoice)
    header = _object(invoice, names.header)
    number = _number_text(header.get(names.number))
    if number is None:
        return None
    seller = _object(_object(invoice, names.parties), names.seller)
    ids = (_text(seller.get(names.business_id)), _text(seller.get(names.vat_code)))
    kind = _text(header.get(names.type)) or InvoiceType.INVOICE.value
    return Identity(ids[0] or ids[1], InvoiceType(kind), number)


def _object(value: Any, name: str) -> dict[str, Any]:
    inner = cast("Mapping[str, Any]", value).get(name) if isinstance(value, dict) else None
    return cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}


def _number_text(value: Any) -> str | None:
    if type(value) is int:
        return str(value)
    return value.strip() if type(value) is str and value.strip() else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
