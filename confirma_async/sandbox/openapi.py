"""The OpenAPI 3.1 document of the contract, made from the endpoint table and the schemas.

Every path, parameter and property carries ``x-evidence``: ``documented``, ``example`` or ``provisional``.
What is provisional is this project's reading, and the document says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import attrs

from confirma_async._version import __version__
from confirma_async.contract import (
    CASE,
    CREATE_CLIENT,
    CREATE_INVOICE_ACTIONS,
    OPERATIONS,
    Operation,
    Overrides,
    TokenKind,
)
from confirma_async.contract.places import WHOLE, usual_place
from confirma_async.contract.value_forms import FORMS
from confirma_async.converters import Converter, Field
from confirma_async.converters.value_types import is_schema
from confirma_async.schemas.values import OpenEnum
from confirma_async.schemas.wire import EVIDENCE, Evidence, Schema

Json: TypeAlias = dict[str, Any]

EVIDENCE_KEY = "x-evidence"

_ERROR = "SandboxError"

_ALWAYS: Mapping[int, str] = {
    400: "The request is not what the contract says; documented.",
    401: "The token is missing, unknown or expired; documented.",
    403: "The token is of the other kind. The status is documented, that it is for this is provisional.",
    413: "The body is too large. Of the sandbox only.",
}

_SOMETIMES: Mapping[Operation[object], Mapping[int, str]] = {
    CREATE_CLIENT: {409: "The business code was onboarded before; provisional."},
    CREATE_INVOICE_ACTIONS: {
        402: "The invoice has no case; provisional.",
        404: "There is no such invoice or case; provisional.",
    },
    CASE: {404: "There is no such case; provisional."},
}

_FAULTS: Mapping[int, str] = {
    429: "Too many requests. Of the sandbox only, where the fault was ordered.",
    500: "A server error. Of the sandbox only, where the fault was ordered; so are 502 and 504.",
    503: "Unavailable for a moment. Of the sandbox only, where the fault was ordered.",
}


def document(overrides: Overrides | None = None) -> Json:
    """Return the document, with paths and names corrected.

    Args:
        overrides: Corrections of provisional paths and names.
    """
    corrected = overrides or Overrides()
    converter = Converter(corrected.names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Confirma Finance Integrations API, as read by confirma-sdk",
            "version": __version__,
            "description": "Not the vendor's document. Made from a public reference that is incomplete: "
            "what is marked provisional is a reading and may be wrong. Error bodies are provisional "
            "throughout.",
        },
        "paths": _paths(corrected, converter),
        "components": {
            "securitySchemes": {
                "client": _key("The token of a client."),
                "provisioning": _key("The provisioning token, which onboards clients."),
            },
            "schemas": {
                _ERROR: _error(),
                **{cls.__name__: _schema(cls, converter, corrected) for cls in _reachable(converter)},
            },
        },
    }


def _key(description: str) -> Json:
    return {
        "type": "apiKey",
        "in": "header",
        "name": "X-Api-Key",
        "description": description,
        EVIDENCE_KEY: _word(Evidence.DOCUMENTED),
    }


def _word(evidence: Evidence) -> str:
    return evidence.name.lower()


def _paths(overrides: Overrides, converter: Converter) -> Json:
    paths: dict[str, Json] = {}
    for operation in map(overrides.applied, OPERATIONS.values()):
        place = paths.setdefault(operation.path, {})
        place[operation.method.lower()] = _operation(operation, converter, overrides)
    return paths


def _operation(operation: Operation[object], converter: Converter, overrides: Overrides) -> Json:
    scheme = "provisioning" if operation.token is TokenKind.PROVISIONING else "client"
    described: Json = {
        "operationId": operation.name,
        "summary": operation.page,
        EVIDENCE_KEY: _confirmed(overrides, operation.name) or _word(operation.evidence),
        "security": [{scheme: []}],
        "responses": _responses(operation, converter, overrides),
    }
    if operation.query is not None:
        described["parameters"] = [
            _parameter(operation.query, item, overrides) for item in converter.fields_of(operation.query)
        ]
    if operation.request is not None:
        described["requestBody"] = {"required": True, "content": _json(_reference(operation.request))}
    return described


def _parameter(query: type[Schema], item: Field, overrides: Overrides) -> Json:
    return {
        "name": item.wire,
        "in": "query",
        "required": item.required,
        "schema": _of_kind(item.kind),
        EVIDENCE_KEY: _evidence_of(query, item, overrides),
    }


def _responses(operation: Operation[object], converter: Converter, overrides: Overrides) -> Json:
    answer = _reference(operation.response)
    found: Json = {"type": "array", "items": answer} if operation.bare_array else answer
    if place := overrides.lists.get(operation.name):
        found = _with_list_at(operation, place, converter, overrides)
    shown = "" if operation.answer_shown else " The vendor does not show it: provisional."
    responses: dict[str, Json] = {"200": {"description": f"The answer.{shown}", "content": _json(found)}}
    if operation.no_content:
        responses["204"] = {"description": "There is none; documented."}
    errors = {**_ALWAYS, **_SOMETIMES.get(operation, {}), **_FAULTS}
    for status in sorted(errors):
        responses[str(status)] = {
            "description": errors[status],
            "content": _json({"$ref": f"#/components/schemas/{_ERROR}"}),
        }
    return responses


def _with_list_at(
    operation: Operation[object], place: str, converter: Converter, overrides: Overrides
) -> Json:
    """Return the answer of an operation whose list stands elsewhere than its schema says."""
    described: Json = {}
    listed: Json = {"type": "array", "items": _reference(operation.response)}
    if not operation.bare_array:
        described = _schema(operation.response, converter, overrides)
        listed = described["properties"].pop(usual_place(operation, converter))
    if place == WHOLE:
        return listed
    *outer, last = place.split(".")
    inside = described
    for name in outer:
        inside = inside.setdefault("properties", {}).setdefault(name, {"type": "object"})
    inside.setdefault("properties", {})[last] = listed
    return {"type": "object", **described}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _reference(cls: type[Schema]) -> Json:
    return {"$ref": f"#/components/schemas/{cls.__name__}"}


def _schema(cls: type[Schema], converter: Converter, overrides: Overrides) -> Json:
    fields = converter.fields_of(cls)
    described: Json = {
        "type": "object",
        "title": cls.vendor_name or cls.__name__,
        "properties": {item.wire: _property(cls, item, overrides) for item in fields},
    }
    if required := [item.wire for item in fields if item.required]:
        described["required"] = required
    return described


def _property(cls: type[Schema], item: Field, overrides: Overrides) -> Json:
    one = _of_kind(item.kind)
    value: Json = {"type": "array", "items": one} if item.many else one
    nullable = value if item.required else {"anyOf": [value, {"type": "null"}]}
    return {**nullable, EVIDENCE_KEY: _evidence_of(cls, item, overrides)}


def _evidence_of(cls: type[Schema], item: Field, overrides: Overrides) -> str:
    shipped = _word(attrs.fields_dict(cls)[item.attribute].metadata[EVIDENCE])
    return _confirmed(overrides, f"{cls.__name__}.{item.attribute}") or shipped


def _confirmed(overrides: Overrides, name: str) -> str | None:
    return "confirmed by the user" if overrides.confirms(name) else None


def _of_kind(kind: Any) -> Json:
    if kind in FORMS:
        return dict(FORMS[kind])
    if issubclass(kind, OpenEnum):
        known = [str(word) for word in kind]
        return {"anyOf": [{"type": "string", "enum": known}, {"type": "string"}]}
    return _reference(kind)


def _error() -> Json:
    text = {"type": "string"}
    return {
        "type": "object",
        "title": "An error, in the sandbox's form; the vendor documents none",
        EVIDENCE_KEY: _word(Evidence.PROVISIONAL),
        "required": ["message"],
        "properties": {
            "message": text,
            "errors": {
                "type": "array",
                "items": {"type": "object", "properties": {"field": text, "message": text}},
            },
        },
    }


def _reachable(converter: Converter) -> list[type[Schema]]:
    """Return every schema that a body is made of, by name."""
    found: dict[str, type[Schema]] = {}
    waiting = [cls for each in OPERATIONS.values() for cls in (each.request, each.response) if cls]
    while waiting:
        cls = waiting.pop()
        if cls.__name__ not in found:
            found[cls.__name__] = cls
            waiting += [item.kind for item in converter.fields_of(cls) if is_schema(item.kind)]
    return [found[name] for name in sorted(found)]
