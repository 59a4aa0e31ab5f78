"""Which schemas of a document have the kind of an attribute."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from confirma_async.comparison.reading import ContractDocument
from confirma_async.converters.value_types import is_open_enum, is_schema
from confirma_async.privacy import Secret
from confirma_async.schemas.values import (
    Amount,
    BlankText,
    Identifier,
    InvoiceNumber,
    InvoiceNumberText,
    JsonObject,
    Moment,
    NumericFlag,
)

_NUMBER, _TEXT = frozenset({"number", "integer"}), frozenset({"string"})

_TYPES: Mapping[Any, frozenset[str]] = {
    str: _TEXT,
    BlankText: _TEXT,
    Secret: _TEXT,
    datetime.date: _TEXT,
    Moment: _TEXT,
    bool: frozenset({"boolean"}),
    int: _NUMBER,
    Decimal: _NUMBER,
    Amount: _NUMBER,
    NumericFlag: _NUMBER,
    InvoiceNumber: _NUMBER | _TEXT,
    InvoiceNumberText: _NUMBER | _TEXT,
    Identifier: _NUMBER | _TEXT,
    JsonObject: frozenset({"object"}),
}
"""The types of JSON Schema that a kind is read from."""

_DATED: Mapping[Any, frozenset[str | None]] = {
    datetime.date: frozenset({"date", None}),
    Moment: frozenset({"date", "date-time", None}),
}
"""The formats of those kinds that have some."""


def accepts(kind: Any, schema: Mapping[str, Any], document: ContractDocument) -> bool:
    """Say whether values of a schema are of a kind; one that says nothing of its type may be."""
    wanted = frozenset({"object"}) if is_schema(kind) else _TEXT if is_open_enum(kind) else _TYPES[kind]
    types = document.types(schema)
    if types and not types & wanted:
        return False
    formats = document.formats(schema)
    if kind in _DATED:
        return not formats or bool(formats & _DATED[kind])
    return kind not in {str, BlankText, Secret} or not formats & {"date", "date-time"}


def types_in_words(document: ContractDocument, schema: Mapping[str, Any]) -> str:
    """Return what a schema says of its type."""
    types = ", ".join(sorted(document.types(schema))) or "anything"
    formats = ", ".join(sorted(each for each in document.formats(schema) if each))
    return f"{types} ({formats})" if formats else types
