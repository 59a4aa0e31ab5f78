"""All rules at once."""

from __future__ import annotations

from decimal import Inexact, InvalidOperation, getcontext, setcontext

from confirma_async.errors import Problem
from confirma_async.schemas import SalesInvoiceRequest
from confirma_async.validation import rules
from confirma_async.validation.invoice_rules import EXACT, INVOICE_RULES
from confirma_async.validation.libraries import warn_of_missing_libraries
from confirma_async.validation.type_rules import WRONG_TYPES, type_problems


def check(request: SalesInvoiceRequest) -> list[Problem]:
    """Returns everything that is wrong with an invoice, found without asking the service.

    The types of values are not judged here but where the request is written (``Converter.unstructure``);
    a rule that meets a value of the wrong type passes it over, so that this never raises. Rules whose
    library is not installed are off, see ``missing_libraries``.
    """
    warn_of_missing_libraries()
    found = type_problems(request)
    callers = getcontext()
    setcontext(EXACT)
    try:
        for rule in INVOICE_RULES:
            try:
                found += rule(request.invoice)
            except Inexact:
                wanted = "amounts must be small enough to be added exactly"
                found.append(Problem("$.invoice", rules.AMOUNT_SIZE.id, wanted))
            except (*WRONG_TYPES, InvalidOperation):
                continue
    finally:
        setcontext(callers)
    return found
