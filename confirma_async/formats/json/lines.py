"""Reads JSON files of ``SalesInvoiceRequest`` in wire form: one to a line, one to a file, or an array.

JSON Lines is read line by line. A ``.json`` file that holds one object over several lines, or an array, is
read whole: for large jobs use JSON Lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from attrs import evolve, frozen

from confirma_async.converters import Converter
from confirma_async.errors import ResponseDecodeError
from confirma_async.formats.facts import facts_in
from confirma_async.formats.further_problems import further_problems, without
from confirma_async.formats.json.keys import (
    KnownKeys,
    known_keys,
    remarks_on_unknown_keys,
    twice_in_one_object,
)
from confirma_async.formats.json.records import JsonRecord, records
from confirma_async.formats.models import (
    BadRecord,
    DocumentRef,
    Identity,
    InputError,
    Place,
    ReadInvoice,
    ReadOptions,
)
from confirma_async.formats.normalise import normalised
from confirma_async.formats.numbers.numbering import Numbering, apply_number, resolve
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

_NO_NUMBER = Numbering(number=None)
"""The numbers of a document that has none."""


@frozen
class _Keys:
    """The wire names of the keys that identify a document, and all keys that a converter knows."""

    known: KnownKeys
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
    """Read the invoices of a JSON file.

    Args:
        path: The path of the file.
        options: How it is read.
        converter: Reads the schemas, by the wire names with overrides.
        lines_only: Whether every line must be an invoice of its own.

    Raises:
        InputError: a file that has to be read whole is too large, or a file holds no record.
    """
    keys = _keys(converter)
    empty = True
    for record in records(path, converter, lines_only=lines_only, find_twice=True):
        yield _read(Place(str(path), record.line), record, options, converter, keys)
        empty = False
    if empty:
        raise InputError(f"{path}: holds no invoice; write at least one into it")


def scan_json(path: Path, converter: Converter, *, lines_only: bool) -> Iterator[DocumentRef]:
    """Yield the documents of a JSON file, without reading them further."""
    keys = _keys(converter)
    for record in records(path, converter, lines_only=lines_only):
        identity = _identity(record.value, keys)
        if identity is not None:
            yield DocumentRef(identity, Place(str(path), record.line))


def _read(
    place: Place, record: JsonRecord, options: ReadOptions, converter: Converter, keys: _Keys
) -> ReadInvoice | BadRecord:
    if record.problem is not None:
        return BadRecord(place=place, problems=[record.problem])
    identity, numbering = _identity(record.value, keys), _NO_NUMBER
    if identity is not None:
        numbering = _numbered(record.value, identity, options, keys)
    remarks = _with_known_type(record.value, keys)
    problems = [*map(twice_in_one_object, record.twice), *numbering.problems]
    try:
        request = converter.structure(record.value, SalesInvoiceRequest)
    except ResponseDecodeError as error:
        problems += error.problems
    else:
        if not problems:
            request, decided = normalised(apply_number(request, numbering), decide=False)
            unknown = remarks_on_unknown_keys(record.value, keys.known)
            return ReadInvoice(
                place=place,
                request=request,
                remarks=(*numbering.remarks, *remarks, *decided, *unknown),
                original_number=numbering.original,
                origins=None if record.root == "$" else _Origins(record.root),
            )
    problems += further_problems(
        without(record.value, problems),
        problems,
        _Origins("$"),
        read=lambda tree: converter.structure(tree, SalesInvoiceRequest),
    )
    return BadRecord(
        place=place,
        problems=[evolve(problem, path=record.root + problem.path[1:]) for problem in problems],
        number=None if identity is None else identity.original,
        identity=identity,
        facts=facts_in(record.value),
    )


def _keys(converter: Converter) -> _Keys:
    def name(cls: type[Schema], attribute: str) -> str:
        return next(item.wire for item in converter.fields_of(cls) if item.attribute == attribute)

    return _Keys(
        known=known_keys(converter, SalesInvoiceRequest),
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


@frozen
class _Origins:
    """The places of a request's values in a file of several: each begins with the path of the request."""

    root: str

    def find(self, path: str, /) -> str:
        """Return the path in the file."""
        return self.root + path.removeprefix("$")

    name = find


def _with_known_type(value: Any, keys: _Keys) -> tuple[str, ...]:
    """Write a known type in capital letters, as the service does, with a remark."""
    header = _object(_object(value, keys.invoice), keys.header)
    written = header.get(keys.type)
    if not isinstance(written, str) or written in InvoiceType.__members__:
        return ()
    kind = written.strip().upper()
    if kind not in InvoiceType.__members__:
        return ()
    header[keys.type] = kind
    return (f"the type {written!r} is sent as {kind}",)


def _numbered(value: dict[str, Any], identity: Identity, options: ReadOptions, keys: _Keys) -> Numbering:
    """Find the whole numbers of a document, and put them in place of texts."""
    invoice = value[keys.invoice]
    references = _object(invoice, keys.references)
    credited = _number_text(references.get(keys.credited))
    numbering = resolve(
        identity,
        credited,
        options.numbers,
        path=f"$.{keys.invoice}.{keys.header}.{keys.number}",
        credited_path=f"$.{keys.invoice}.{keys.references}.{keys.credited}",
    )
    # The wire has numbers here. Text of digits would be read too, but it would go out as text again;
    # and a number with a problem of its own must not hide the problems of other places.
    invoice[keys.header][keys.number] = numbering.number or 0
    if credited is not None:
        references[keys.credited] = numbering.credited or 0
    return numbering


def _identity(value: Any, keys: _Keys) -> Identity | None:
    invoice = _object(value, keys.invoice)
    header = _object(invoice, keys.header)
    number = _number_text(header.get(keys.number))
    if number is None:
        return None
    seller = _object(_object(invoice, keys.parties), keys.seller)
    ids = (_text(seller.get(keys.business_id)), _text(seller.get(keys.vat_code)))
    kind = _text(header.get(keys.type)) or InvoiceType.INVOICE.value
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
