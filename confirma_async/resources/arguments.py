"""What verbs take: a schema, or a mapping of wire names in its place, checked and written as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from attrs import frozen

from confirma_async.converters import Converter
from confirma_async.errors import Problem, RequestInvalidError, ResponseDecodeError
from confirma_async.schemas import SalesInvoiceRequest
from confirma_async.schemas.values import LONGEST_INVOICE_NUMBER
from confirma_async.schemas.wire import Schema
from confirma_async.validation import check

S = TypeVar("S", bound=Schema)

_TOO_LONG = f"must be a whole number of at most {LONGEST_INVOICE_NUMBER} digits; renumber the invoice"


@frozen
class Prepared(Generic[S]):
    """A request that is checked and written as JSON.

    Attributes:
        request: The request.
        body: The JSON.
        subject: What it is about, for messages: ``ledger 2026-11``.
    """

    request: S
    body: bytes
    subject: str


def as_schema(value: S | Mapping[str, Any], cls: type[S], converter: Converter) -> S:
    """Returns the value as the schema.

    Raises:
        RequestInvalidError: the mapping is not of that form; lists every place.
    """
    if isinstance(value, cls):
        return value
    try:
        return converter.structure(dict(value) if isinstance(value, Mapping) else value, cls)
    except ResponseDecodeError as error:
        problems = error.problems
    raise RequestInvalidError(f"the {cls.__name__}", problems)


def encode(request: Schema, what: str, converter: Converter, *, validate: bool) -> bytes:
    """Writes a request as JSON, after checking it.

    Args:
        request: What to write.
        what: What to call it in a message: ``ledger 2026-11``.
        converter: Writes it.
        validate: Whether to check it against the rules that need no server.

    Raises:
        RequestInvalidError: it holds values of the wrong kind, or breaks a rule; lists all of them.
    """
    body, problems = _written(request, converter, validate=validate)
    if problems:
        raise RequestInvalidError(what, problems)
    return body


def encode_invoice(request: SalesInvoiceRequest, converter: Converter, *, validate: bool) -> bytes:
    """Writes an invoice as JSON, after checking it; its number is checked in any case.

    Raises:
        RequestInvalidError: it holds values of the wrong kind, or breaks a rule; lists all of them.
    """
    body, problems = _written(request, converter, validate=validate)
    number = number_of(request)
    if not problems and (number is None or len(number) > LONGEST_INVOICE_NUMBER):
        problems.append(Problem("$.invoice.header.number", "number.whole", _TOO_LONG))
    if problems:
        raise RequestInvalidError(f"invoice {number}" if number else "the invoice", problems)
    return body


def number_of(request: SalesInvoiceRequest) -> str | None:
    """The invoice number as text; None where the request is too broken to have one."""
    header = getattr(getattr(request, "invoice", None), "header", None)
    number = getattr(header, "number", None)
    return None if number is None else str(number)


def _written(request: Schema, converter: Converter, *, validate: bool) -> tuple[bytes, list[Problem]]:
    body, problems = b"", list[Problem]()
    try:
        body = converter.dumps(request)
    except RequestInvalidError as error:
        problems += error.problems
    if validate:
        problems += check(request)
    return body, problems
