"""What each kind of value is in JSON Schema: what an OpenAPI document of the contract says of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

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

FORMS: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    Secret: {"type": "string", "format": "password"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    Decimal: {"type": "number"},
    Amount: {"type": "number", "multipleOf": 0.01, "description": "Money, exact."},
    date: {"type": "string", "format": "date"},
    Moment: {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]},
    InvoiceNumber: {"type": "integer"},
    InvoiceNumberText: {"type": "string"},
    Identifier: {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    BlankText: {"type": "string", "description": "Empty where there is no value."},
    NumericFlag: {"type": "integer", "enum": [0, 1]},
    JsonObject: {"type": "object"},
}
"""What each kind of value is in JSON Schema."""
