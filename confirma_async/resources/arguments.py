"""What verbs take: a schema, or a mapping of wire names in its place, checked and written as JSON."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from attrs import frozen

from confirma_async.converters import Converter
from confirma_async.errors import Problem, RequestInvalidError, ResponseDecodeError
from confirma_async.privacy import visible
from confirma_async.schemas import SalesInvoiceRequest
from confirma_async.schemas.values import LONGEST_INVOICE_NUMBER
from confirma_async.schemas.wire import Schema
from confirma_async.validation import Checks, check
from confirma_async.validation.keys import unknown_keys

logger: logging.Logger = logging.getLogger("confirma_async")

S = TypeVar("S", bound=Schema)

_TOO_LONG = f"must be a whole number of at most {LONGEST_INVOICE_NUMBER} digits; renumber the invoice"


@frozen
class Prepared(Generic[S]):
    """A request that is checked and written as JSON.

    Attributes:
        request: The request, as its schema.
        body: The request as JSON, in UTF-8.
        subject: What it is about, for messages: ``ledger 2026-11``.
    """

    request: S
    body: bytes
    subject: str


def as_schema(value: S | Mapping[str, Any], cls: type[S], converter: Converter) -> S:
    """Return the value as the schema. A mapping may hold what JSON would not: see ``mappings``.

    Raises:
        RequestInvalidError: the mapping is not of that form; lists every place.
    """
    if isinstance(value, cls):
        return value
    found = dict(value) if isinstance(value, Mapping) else value
    try:
        return converter.structure(found, cls)
    except ResponseDecodeError:
        pass
    from confirma_async.converters.mappings import as_json_has_it

    try:
        return converter.structure(as_json_has_it(found, cls, converter.fields_of), cls)
    except ResponseDecodeError as error:
        problems = error.problems
    raise RequestInvalidError(f"the {cls.__name__}", problems)


def encode(request: Schema, what: str, converter: Converter, checks: Checks, *, keys: bool = False) -> bytes:
    """Write a request as JSON, after checking it. What is a warning is logged.

    Args:
        request: What to write.
        what: Its name in messages: ``ledger 2026-11``.
        converter: Writes the JSON.
        checks: Which rules are checked, and how strictly.
        keys: Whether unknown keys are reported, because the request was read from a mapping.

    Raises:
        RequestInvalidError: it holds values of the wrong kind, or breaks a rule; lists all of them.
    """
    body, problems = _written(request, converter, checks, keys=keys)
    if problems:
        if refused := checks.refused(problems):
            raise RequestInvalidError(what, refused)
        warn(what, problems)
    return body


def encode_invoice(
    request: SalesInvoiceRequest, converter: Converter, checks: Checks, *, keys: bool = False
) -> tuple[bytes, list[Problem]]:
    """Write an invoice as JSON, after checking it; its number is checked in any case.

    Args:
        request: The invoice.
        converter: Writes the JSON.
        checks: Which rules are checked, and how strictly.
        keys: Whether unknown keys are reported, because the invoice was read from a mapping.

    Returns:
        The JSON, and the problems that are warnings.

    Raises:
        RequestInvalidError: it holds values of the wrong kind, or breaks a rule; lists all of them.
    """
    body, problems = _written(request, converter, checks, keys=keys)
    number = number_of(request)
    refused = checks.refused(problems) if problems else problems
    if not refused and (number is None or len(number) > LONGEST_INVOICE_NUMBER):
        refused = [Problem("$.invoice.header.number", "number.whole", _TOO_LONG)]
    if refused:
        raise RequestInvalidError(f"invoice {number}" if number else "the invoice", refused)
    return body, problems


def warn(what: str, problems: Sequence[Problem]) -> None:
    """Log the warnings about a request that is sent all the same."""
    for problem in problems:
        logger.warning(
            "%s: %s", visible(what), visible(str(problem)), extra={"rule": problem.rule, "path": problem.path}
        )


def number_of(request: SalesInvoiceRequest) -> str | None:
    """Return the invoice number as text; None where the request is too broken to have one."""
    header = getattr(getattr(request, "invoice", None), "header", None)
    number = getattr(header, "number", None)
    return None if number is None else str(number)


def _written(
    request: Schema, converter: Converter, checks: Checks, *, keys: bool
) -> tuple[bytes, list[Problem]]:
    problems: list[Problem] = []
    body, unknown = b"", converter.unknown_written
    try:
        body = converter.dumps(request)
    except RequestInvalidError as error:
        problems += error.problems
    if checks.validate:
        problems += check(request)
        if keys and unknown != converter.unknown_written:
            problems += unknown_keys(request, converter)
    return body, problems
