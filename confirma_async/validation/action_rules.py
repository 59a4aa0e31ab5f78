"""Rules about invoice actions: what each is about, and what its code needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from confirma_async.errors import Problem
from confirma_async.schemas import ActionCode, InvoiceActions
from confirma_async.validation import rules

_NEEDED: Mapping[ActionCode, tuple[str, str]] = {
    ActionCode.DUEDATE: ("due_date", "dueDate"),
    ActionCode.DIRECTPAYMENT: ("amount", "amount"),
}
"""What an action says nothing without, by its code: attribute and wire name."""


def there_are_actions(request: InvoiceActions) -> Iterator[Problem]:
    """There is at least one action."""
    if not request.actions:
        yield Problem("$.actions", rules.NOT_EMPTY.id, "must hold at least one action; add it")


def each_names_its_subject(request: InvoiceActions) -> Iterator[Problem]:
    """Each action names an invoice or a case."""
    for index, action in enumerate(request.actions):
        if action.data.invoice_number is None and action.data.case_id is None:
            told = "must name the invoice, the case, or both: invoiceNumber, caseId"
            yield Problem(f"$.actions[{index}].data", rules.ACTION_SUBJECT.id, told)


def each_has_what_it_needs(request: InvoiceActions) -> Iterator[Problem]:
    """DUEDATE has a due date, DIRECTPAYMENT an amount."""
    for index, action in enumerate(request.actions):
        attribute, wire = _NEEDED.get(action.code, ("code", "code"))
        if attribute != "code" and getattr(action.data, attribute) is None:
            told = f"must be there: {action.code} says nothing without it"
            yield Problem(f"$.actions[{index}].data.{wire}", rules.ACTION_NEEDS.id, told)


ACTION_RULES: Sequence[Callable[[InvoiceActions], Iterator[Problem]]] = (
    there_are_actions,
    each_names_its_subject,
    each_has_what_it_needs,
)
"""Every rule about a request for actions."""
