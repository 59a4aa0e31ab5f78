"""Which schemas of a document have the kind of an attribute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confirma_async.comparison.reading import ContractDocument
from confirma_async.contract.value_forms import FORMS
from confirma_async.converters.value_types import is_open_enum, is_schema
from confirma_async.schemas.values import InvoiceNumber, InvoiceNumberText

_DATES = frozenset({"date", "date-time"})


def accepts(kind: Any, schema: Mapping[str, Any], document: ContractDocument) -> bool:
    """Say whether values of a schema are of a kind; one that says nothing of its type may be."""
    form = {"type": "object"} if is_schema(kind) else FORMS[str if is_open_enum(kind) else kind]
    wanted, types = _types(form, document), _types(schema, document)
    if kind in {InvoiceNumber, InvoiceNumberText}:  # each is read from text and from a number
        wanted |= {"number", "string"}
    if types and not types & wanted:
        return False
    formats, dates = document.formats(schema), document.formats(form) & _DATES
    return not formats or bool(formats & dates) if dates else not formats & _DATES


def _types(schema: Mapping[str, Any], document: ContractDocument) -> frozenset[str]:
    """Return the types that a schema names, those of whole and other numbers as one."""
    return frozenset("number" if each == "integer" else each for each in document.types(schema))


def types_in_words(document: ContractDocument, schema: Mapping[str, Any]) -> str:
    """Return what a schema says of its type."""
    types = ", ".join(sorted(document.types(schema))) or "anything"
    formats = ", ".join(sorted(each for each in document.formats(schema) if each))
    return f"{types} ({formats})" if formats else types
