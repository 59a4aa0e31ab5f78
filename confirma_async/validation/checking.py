"""All rules at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Inexact, InvalidOperation, getcontext, setcontext
from functools import cache
from operator import attrgetter
from typing import Any, TypeAlias

from confirma_async.errors import Problem
from confirma_async.schemas import (
    InvoiceActions,
    LedgerSubmission,
    PaymentSubmission,
    SalesInvoiceRequest,
    Settlements,
)
from confirma_async.schemas.wire import Schema
from confirma_async.validation import rules
from confirma_async.validation.accounting import ACTION_RULES, LEDGER_RULES, PAYMENT_RULES, SETTLEMENT_RULES
from confirma_async.validation.invoice import INVOICE_RULES
from confirma_async.validation.libraries import warn_of_missing_libraries
from confirma_async.validation.sums import EXACT
from confirma_async.validation.values import WRONG_TYPES, type_problems

_Whole: TypeAlias = Callable[[Any], Iterable[Problem]]

_INVOICE: Callable[[SalesInvoiceRequest], Any] = attrgetter("invoice")


def _itself(obj: Schema) -> Schema:
    return obj


_Checks: TypeAlias = tuple[str, Callable[[Any], Any], Sequence[_Whole]]

_WHOLES: Mapping[type[Schema], _Checks] = {
    SalesInvoiceRequest: ("$.invoice", _INVOICE, INVOICE_RULES),
    InvoiceActions: ("$", _itself, ACTION_RULES),
    LedgerSubmission: ("$", _itself, LEDGER_RULES),
    PaymentSubmission: ("$", _itself, PAYMENT_RULES),
    Settlements: ("$", _itself, SETTLEMENT_RULES),
}
"""The rules about an object as a whole: where it stands, how to come to it, and what must hold."""


@cache
def _checks_of(cls: type) -> _Checks:
    """The rules for objects of a class, which may be a subclass of one that has some."""
    return next((_WHOLES[base] for base in cls.__mro__ if base in _WHOLES), ("$", _itself, ()))


def check(obj: Schema) -> list[Problem]:
    """Returns everything that is wrong with a request or an answer, found without asking the service.

    The types of values are not judged here but where a request is written (``Converter.unstructure``);
    a rule that meets a value of the wrong type passes it over, so that this never raises. Rules whose
    library is not installed are off, see ``missing_libraries``.
    """
    warn_of_missing_libraries()
    found = type_problems(obj)
    cls: type = type(obj)
    place, subject_of, checks = _checks_of(cls)
    subject = subject_of(obj)
    callers = getcontext()
    setcontext(EXACT)
    try:
        for holds in checks:
            try:
                found += holds(subject)
            except Inexact:
                wanted = "amounts must be small enough to be added exactly"
                found.append(Problem(place, rules.AMOUNT_SIZE.id, wanted))
            except (*WRONG_TYPES, InvalidOperation):
                continue
    finally:
        setcontext(callers)
    return found
