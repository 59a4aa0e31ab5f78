"""Checks the rest of a record that has problems, so that all of them are reported at once."""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from confirma_async.errors import Problem, ResponseDecodeError
from confirma_async.formats.models import Origins, located
from confirma_async.formats.normalise import normalised
from confirma_async.formats.payload import put, request_from
from confirma_async.schemas import InvoiceType, SalesInvoiceRequest
from confirma_async.validation import Checks, check, rules

_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")

_STAND_INS: Mapping[str, Any] = {
    "number": 1,
    "type": InvoiceType.INVOICE.value,
    "date": "2000-01-01",
    "dueDate": "2000-01-01",
    "currencyCode": "EUR",
}
"""Values for those that a header lacks, so that the rest of the record can be checked."""

_LEAN_ON: Mapping[str, tuple[str, ...]] = {
    rules.DUE_DATE.id: ("date", "dueDate"),
    rules.PAYMENT_REFERENCE.id: ("currencyCode",),
}
"""Rules that are left out if one of these values of the header is missing."""

_OF_SUMS = frozenset(
    rule.id
    for rule in (
        rules.ROW_GROSS,
        rules.ROW_SUMS,
        rules.INVOICE_GROSS,
        rules.VAT_BREAKDOWN,
        rules.VAT_RATE,
        rules.AMOUNT_TO_PAY,
    )
)
_OF_ABSENCE = frozenset({rules.CREDITED_INVOICE.id, rules.AMOUNT_TO_PAY.id})
"""Rules about missing values, which may be on a line of a table that could not be read."""
_NOT_OF_SUMS = frozenset(
    {"xml.date", "xml.type", "xml.base64", "number.whole", "credit-note.original", "table.date", "table.word"}
)
"""Rules whose violation leaves all amounts readable."""


def further_problems(
    values: Mapping[str, Any],
    known: Sequence[Problem],
    origins: Origins,
    *,
    of_table: bool = False,
    read: Callable[[dict[str, Any]], SalesInvoiceRequest] = request_from,
) -> list[Problem]:
    """Return the problems of a record beside those that are known already.

    Args:
        values: The request, as far as it could be read.
        known: The known problems. What they hide, or would report a second time, is left out.
        origins: Where its values stand in the file.
        of_table: Whether it comes from a table.
        read: Makes a request of it.
    """
    tree = copy.deepcopy(dict(values))
    header: Mapping[str, Any] = tree.get("invoice", {}).get("header", {})
    lacking = [name for name in _STAND_INS if not isinstance(header.get(name), type(_STAND_INS[name]))]
    for name in lacking:
        put(tree, f"invoice.header.{name}", _STAND_INS[name])
    try:
        request, _ = normalised(read(tree), of_table=of_table)
    except ResponseDecodeError:
        return []
    silent = {rule for rule, names in _LEAN_ON.items() if not set(names).isdisjoint(lacking)}
    if not all(problem.rule in _NOT_OF_SUMS for problem in known):
        silent |= _OF_SUMS
    if of_table:
        silent |= _OF_ABSENCE
    stand_ins = {f"$.invoice.header.{name}" for name in lacking}
    known_paths = {problem.path for problem in known}
    return [
        located(problem, origins)
        for problem in Checks().refused(check(request))
        if problem.rule not in silent
        and problem.path not in stand_ins
        and (origins.find(problem.path) or problem.path) not in known_paths
    ]


def without(value: object, problems: Sequence[Problem]) -> dict[str, Any]:
    """Return a copy of a record without the values that have problems; empty if it is no object.

    Args:
        value: The record, as it was parsed from JSON.
        problems: Its problems, with JSON paths.
    """
    if not isinstance(value, dict):
        return {}
    try:
        tree: dict[str, Any] = copy.deepcopy(cast("dict[str, Any]", value))
    except RecursionError:  # nested too deeply, which is reported already
        return {}
    for problem in problems:
        *steps, last = [int(index) if index else name for name, index in _STEP.findall(problem.path)] or [""]
        inner: Any = tree
        with contextlib.suppress(LookupError, TypeError):  # what is not there need not go
            for step in steps:
                inner = inner[step]
            if isinstance(last, str):
                del inner[last]
    return tree
