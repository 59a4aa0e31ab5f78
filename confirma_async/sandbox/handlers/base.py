"""The call that a handler gets, and how it reads the query and writes the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from attrs import evolve, frozen

from confirma_async.errors import ResponseDecodeError
from confirma_async.sandbox.answers import RejectedError, SandboxResponse
from confirma_async.sandbox.backend import Backend
from confirma_async.sandbox.faults import NO_FAULT, FaultPlan
from confirma_async.sandbox.store import SandboxClient
from confirma_async.schemas.wire import Schema

AnySchema = TypeVar("AnySchema", bound=Schema)


@frozen(kw_only=True)
class Call:
    """One request whose token was accepted.

    Attributes:
        client: Who asks; for the provisioning token the partner, who has no invoices.
        query: The query parameters; of one given twice, the first.
        body: The body as it came.
        faults: What goes wrong with it.
    """

    client: SandboxClient
    query: Mapping[str, str]
    body: bytes
    faults: FaultPlan = NO_FAULT


Handler: TypeAlias = Callable[[Backend, Call], SandboxResponse]
"""Answers one operation."""


def read_body(backend: Backend, call: Call, schema: type[AnySchema]) -> AnySchema:
    """Return the body as an object of the contract.

    Raises:
        RefusedError: it is none: the 400 that says what is wrong with it.
    """
    try:
        return backend.converter.loads(call.body, schema)
    except ResponseDecodeError as error:
        what = f"the body is not a {schema.vendor_name}" if error.problems else "the body is not JSON"
        raise RejectedError(400, what, error.problems) from error


def read_query(backend: Backend, call: Call, schema: type[AnySchema]) -> AnySchema:
    """Return the query as an object of the contract.

    Raises:
        RefusedError: it is none: the 400 that says what is wrong with it.
    """
    kinds = {item.wire: item.kind for item in backend.converter.fields_of(schema)}
    wanted = {
        name: _PLAIN.get(kinds.get(name), str)(text)
        for name, text in call.query.items()
        if text  # "" stands for no value (§1)
    }
    try:
        return backend.converter.structure(wanted, schema)
    except ResponseDecodeError as error:
        what = f"the query is not a {schema.vendor_name}"
        raise RejectedError(400, what, error.problems) from error


def with_blanks(backend: Backend, answer: AnySchema, *attributes: str) -> AnySchema:
    """Return the same answer, whose named attributes are written as null or [] where they have no value."""
    blanks: dict[str, object] = {
        item.wire: [] if item.many else None
        for item in backend.converter.fields_of(type(answer))
        if item.attribute in attributes and getattr(answer, item.attribute) in (None, ())
    }
    return evolve(answer, extra={**answer.extra, **blanks})


def _as_int(text: str) -> Any:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else text


def _as_bool(text: str) -> Any:
    return {"true": True, "false": False}.get(text, text)


_LONGEST = 18
"""Digits of a number in a query: what every store can count with."""

_PLAIN: Mapping[Any, Callable[[str], Any]] = {int: _as_int, bool: _as_bool}
"""How text of a query becomes the JSON value that a body would have."""
