"""Rules about a ledger, the payments of one submission, invoice actions and settlements, each as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from confirma_async.errors import Problem
from confirma_async.schemas import (
    ActionCode,
    CalculationMode,
    InvoiceActions,
    LedgerSubmission,
    PaymentSubmission,
    Settlements,
)
from confirma_async.schemas.values import ZERO
from confirma_async.validation import rules
from confirma_async.validation.rules import about
from confirma_async.validation.sums import sum_of

LONGEST_DESCRIPTION = 210
"""Characters of a ledger's description at most (contract §7, documented)."""


@about(LedgerSubmission)
def ledger_has_rows(submission: LedgerSubmission) -> Iterator[Problem]:
    """Check that a ledger has rows."""
    if not submission.ledgers.ledger_rows:
        yield Problem("$.ledgers.ledgerRows", rules.NOT_EMPTY.id, "must hold at least one row; add it")


@about(LedgerSubmission)
def description_is_short_enough(submission: LedgerSubmission) -> Iterator[Problem]:
    """Check that a ledger's description is at most 210 characters long."""
    description = submission.ledgers.document_description
    if isinstance(description, str) and len(description) > LONGEST_DESCRIPTION:
        message = f"must be at most {LONGEST_DESCRIPTION} characters, and is {len(description)}; shorten it"
        yield Problem("$.ledgers.documentDescription", rules.LEDGER_DESCRIPTION.id, message)


@about(LedgerSubmission)
def rows_balance(submission: LedgerSubmission) -> Iterator[Problem]:
    """Check that the rows' net amounts add up to zero under GROSS, where every row has one."""
    ledger = submission.ledgers
    if ledger.calculation_mode not in {None, CalculationMode.GROSS}:
        return
    total = sum_of(row.net_amount for row in ledger.ledger_rows)
    if total is not None and total != ZERO:
        message = f"must balance: their netAmount adds up to {total}, not to 0; correct the row that is wrong"
        yield Problem("$.ledgers.ledgerRows", rules.LEDGER_BALANCE.id, message)


@about(PaymentSubmission)
def submission_has_payments(submission: PaymentSubmission) -> Iterator[Problem]:
    """Check that a submission has payments."""
    if not submission.payments:
        yield Problem("$.payments", rules.NOT_EMPTY.id, "must hold at least one payment; add it")


@about(PaymentSubmission)
def payment_identifiers_differ(submission: PaymentSubmission) -> Iterator[Problem]:
    """Check that no two payments of a submission share an identifier: their status is asked for by it."""
    names = [payment.payment_identifier for payment in submission.payments]
    often = {name for name, count in Counter(names).items() if name is not None and count > 1}
    for index, name in enumerate(names):
        if name in often:
            message = "must differ from those of the other payments; give each payment its own"
            place = f"$.payments[{index}].paymentIdentifier"
            yield Problem(place, rules.PAYMENT_IDENTIFIER.id, message)


@about(PaymentSubmission)
def payment_allocations_add_up(submission: PaymentSubmission) -> Iterator[Problem]:
    """Check that a payment's allocations add up to its amount, where all are given."""
    for index, payment in enumerate(submission.payments):
        total = sum_of(part.amount for part in payment.allocations) if payment.allocations else None
        if total is not None and payment.amount is not None and total != payment.amount:
            message = f"must add up to the payment's amount, {payment.amount}, and make {total}; correct one"
            yield Problem(f"$.payments[{index}].allocations", rules.PAYMENT_ALLOCATIONS.id, message)


_NEEDED: Mapping[ActionCode, tuple[str, str]] = {
    ActionCode.DUEDATE: ("due_date", "dueDate"),
    ActionCode.DIRECTPAYMENT: ("amount", "amount"),
}
"""What an action must have, by its code: the attribute and its wire name."""


@about(InvoiceActions)
def there_are_actions(request: InvoiceActions) -> Iterator[Problem]:
    """Check that there is at least one action."""
    if not request.actions:
        yield Problem("$.actions", rules.NOT_EMPTY.id, "must hold at least one action; add it")


@about(InvoiceActions)
def each_names_its_subject(request: InvoiceActions) -> Iterator[Problem]:
    """Check that each action names an invoice or a case."""
    for index, action in enumerate(request.actions):
        if action.data.invoice_number is None and action.data.case_id is None:
            message = "must name the invoice, the case, or both: invoiceNumber, caseId"
            yield Problem(f"$.actions[{index}].data", rules.ACTION_SUBJECT.id, message)


@about(InvoiceActions)
def each_has_what_it_needs(request: InvoiceActions) -> Iterator[Problem]:
    """Check that DUEDATE has a due date, and DIRECTPAYMENT an amount."""
    for index, action in enumerate(request.actions):
        attribute, wire = _NEEDED.get(action.code, ("code", "code"))
        if attribute != "code" and getattr(action.data, attribute) is None:
            message = f"must be there: {action.code} says nothing without it"
            yield Problem(f"$.actions[{index}].data.{wire}", rules.ACTION_NEEDS.id, message)


@about(Settlements)
def allocations_add_up(answer: Settlements) -> Iterator[Problem]:
    """Check that a settlement's allocations add up to its amount, where all are given."""
    for index, settlement in enumerate(answer.settlements):
        total = sum_of(part.allocated_total_amount for part in settlement.allocations)
        if total is None or settlement.settlement_amount is None or total == settlement.settlement_amount:
            continue
        message = f"must be the sum of its allocations, {total}, and is {settlement.settlement_amount}"
        place = f"$.settlements[{index}].settlementAmount"
        yield Problem(place, rules.SETTLEMENT_SUM.id, message)


@about(Settlements)
def breakdowns_add_up(answer: Settlements) -> Iterator[Problem]:
    """Check that an allocation's breakdown adds up to its amount, where all are given."""
    for index, settlement in enumerate(answer.settlements):
        for number, part in enumerate(settlement.allocations):
            total = sum_of(piece.amount for piece in part.breakdown)
            if total is None or part.allocated_total_amount is None or total == part.allocated_total_amount:
                continue
            message = f"must be the sum of its breakdown, {total}, and is {part.allocated_total_amount}"
            place = f"$.settlements[{index}].allocations[{number}].allocatedTotalAmount"
            yield Problem(place, rules.ALLOCATION_SUM.id, message)
