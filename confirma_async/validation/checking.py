"""All rules at once."""

from __future__ import annotations

from decimal import Inexact, InvalidOperation, getcontext, setcontext
from functools import cache

from confirma_async.errors import Problem
from confirma_async.schemas import SalesInvoiceRequest
from confirma_async.schemas.wire import Schema
from confirma_async.validation import accounting, invoice, rules
from confirma_async.validation.libraries import warn_of_missing_libraries
from confirma_async.validation.sums import EXACT
from confirma_async.validation.values.value_rules import WRONG_TYPES, type_problems

REGISTERED = (accounting, invoice)
"""The modules that register what must hold of whole objects (``rules.about``)."""


@cache
def _groups_of(cls: type) -> tuple[rules.RuleGroup, ...]:
    """Return the rules for objects of a class, which may be a subclass of one that has some."""
    return next((tuple(rules.CHECKS[base]) for base in cls.__mro__ if base in rules.CHECKS), ())


def check(obj: Schema) -> list[Problem]:
    """Return everything that is wrong with a request or an answer, found without asking the service.

    The types of values are not judged here but where a request is written (``Converter.unstructure``);
    a rule that meets a value of the wrong type passes it over, so that this never raises. Rules whose
    library is not installed are off, see ``missing_libraries``.
    """
    warn_of_missing_libraries()
    found = type_problems(obj)
    cls: type = type(obj)
    subject, place = (obj.invoice, "$.invoice") if isinstance(obj, SalesInvoiceRequest) else (obj, "$")
    callers = getcontext()
    setcontext(EXACT)
    try:
        for group in _groups_of(cls):
            if group.unless is not None and group.unless(subject):
                continue
            for holds in group.each:
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
