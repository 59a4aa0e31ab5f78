"""What the seven actions do to a case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType

from attrs import evolve, frozen

from confirma_async.sandbox.rules import cases
from confirma_async.sandbox.rules.cases import CaseStatus, SandboxCase
from confirma_async.sandbox.rules.money.amounts import ZERO_AMOUNT, AmountByKind
from confirma_async.sandbox.rules.terms import Terms
from confirma_async.schemas import Action, ActionCode, ActionData
from confirma_async.schemas.wire import Evidence

PROCESSED_AFTER = timedelta(minutes=5)
"""From an action's arrival to its effect. Assumed: the vendor gives no figure."""

PENDING = "PENDING"
"""What the answer says of an action: they are queued as pending (contract §5); the spelling is assumed."""


@frozen
class ActionEffect:
    """What an action has done.

    Attributes:
        case: The case afterwards.
        description: What its history says.
        paid: With a direct payment, how it was allocated.
    """

    case: SandboxCase
    description: str
    paid: AmountByKind | None = None


@frozen(kw_only=True)
class ActionRule:
    """What one code does.

    Attributes:
        effect: The function from a case, the action's data, the day and the terms to the effect.
        needs: The attribute of the data that the code makes no sense without.
        what: The same in words.
        basis: The sentence of the contract behind it.
        evidence: How well that is known; None where the effect is assumed.
    """

    effect: Callable[[SandboxCase, ActionData, date, Terms], ActionEffect]
    needs: str | None = None
    what: str
    basis: str = "§5: the code is the vendor's, its effect is assumed"
    evidence: Evidence | None = None


def process(case: SandboxCase, action: Action, today: date, terms: Terms) -> ActionEffect:
    """Carry out an action; what its history says of it ends with the comment.

    Args:
        case: The case before the action.
        action: The action, as it was sent.
        today: The day on which it is carried out.
        terms: Timing, fees and rates.
    """
    if case.status is CaseStatus.CLOSED and action.code != ActionCode.COMMENT:
        effect = ActionEffect(case, "Refused: the case is closed.")
    else:
        effect = ACTIONS[action.code].effect(case, action.data, today, terms)
    comment = f" {action.comment}" if action.comment else ""
    return evolve(effect, description=effect.description + comment)


def _comment(case: SandboxCase, data: ActionData, today: date, terms: Terms) -> ActionEffect:  # noqa: ARG001 (one form)
    return ActionEffect(case, "A comment was left.")


def _withdraw(case: SandboxCase, data: ActionData, today: date, terms: Terms) -> ActionEffect:  # noqa: ARG001 (one form)
    return ActionEffect(cases.withdraw(case, today, terms), "The creditor withdrew the case.")


def _due_date(case: SandboxCase, data: ActionData, today: date, terms: Terms) -> ActionEffect:
    day = data.due_date or case.due_date
    moved = cases.move_due_date(case, day, today, terms)
    return ActionEffect(moved, f"The due date was moved to {day}.")


def _payment_plan(case: SandboxCase, data: ActionData, today: date, terms: Terms) -> ActionEffect:  # noqa: ARG001 (one form)
    until = today + terms.payment_plan
    held = cases.hold(case, CaseStatus.PAYMENT_PLAN, today, until)
    return ActionEffect(held, f"A payment plan holds the case until {until}.")


def _objection(case: SandboxCase, data: ActionData, today: date, terms: Terms) -> ActionEffect:  # noqa: ARG001 (one form)
    held = cases.hold(case, CaseStatus.OBJECTED, today, None)
    return ActionEffect(held, "The debtor objects; the case is on hold.")


def _pause(case: SandboxCase, data: ActionData, today: date, terms: Terms) -> ActionEffect:  # noqa: ARG001 (one form)
    until = today + terms.pause
    held = cases.hold(case, CaseStatus.PAUSED, today, until)
    return ActionEffect(held, f"The case is paused until {until}.")


def _direct_payment(case: SandboxCase, data: ActionData, today: date, terms: Terms) -> ActionEffect:
    amount = data.amount or ZERO_AMOUNT
    if data.currency not in {None, case.currency}:
        return ActionEffect(case, "Refused: the payment is in another currency than the case.")
    stated = _stated(cases.accrue(case, today, terms).open, data)
    paid, split = cases.pay(case, amount, today, terms, stated=stated)
    return ActionEffect(paid, f"{amount} {case.currency} was paid to the creditor.", split)


def _stated(claim: AmountByKind, data: ActionData) -> AmountByKind | None:
    """Return the allocation that the outstanding amounts say, where they fit the amount to the cent."""
    outstanding = AmountByKind(
        capital=data.outstanding_capital_amount or ZERO_AMOUNT,
        interest=data.outstanding_interest_amount or ZERO_AMOUNT,
        fees=data.outstanding_costs_amount or ZERO_AMOUNT,
    )
    split = claim.minus(outstanding)
    fits = split.total == data.amount and min(split.capital, split.interest, split.fees) >= 0
    return split if fits else None


ACTIONS: Mapping[ActionCode, ActionRule] = MappingProxyType(
    {
        ActionCode.COMMENT: ActionRule(
            effect=_comment, what="COMMENT is kept in the history and changes nothing"
        ),
        ActionCode.WITHDRAW: ActionRule(
            effect=_withdraw, what="WITHDRAW waives all that is open and closes the case"
        ),
        ActionCode.DUEDATE: ActionRule(
            effect=_due_date,
            needs="due_date",
            what="DUEDATE moves the due date of the case, not that of the invoice; the steps to come and the "
            "interest are counted from it",
            basis="§5: DUEDATE (the case's due date, not the invoice's); what is counted from it is assumed",
            evidence=Evidence.DOCUMENTED,
        ),
        ActionCode.PAYMENTPLAN: ActionRule(
            effect=_payment_plan, what="PAYMENTPLAN holds the case for the time of a payment plan"
        ),
        ActionCode.OBJECTION: ActionRule(
            effect=_objection, what="OBJECTION holds the case until a person resumes it"
        ),
        ActionCode.PAUSE: ActionRule(effect=_pause, what="PAUSE holds the case for a while"),
        ActionCode.DIRECTPAYMENT: ActionRule(
            effect=_direct_payment,
            needs="amount",
            what="DIRECTPAYMENT reduces what is open, as its outstanding amounts say where they fit the "
            "amount; it is not settled, since the creditor has it already",
        ),
    }
)
"""The seven actions."""
