"""Invoice actions: what a creditor asks for once an invoice is on its way (contract §5).

``Action`` is the wire's form. One class per code says what that action needs; ``as_action`` makes the wire's
form of it.
"""

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

import attrs
from attrs import field, frozen

from confirma_async.schemas.values import ActionCode, Amount, InvoiceNumber, action_code
from confirma_async.schemas.wire import Answer, E, P, Schema, vendor


@vendor("Action Data", section="5")
@frozen(kw_only=True)
class ActionData(Schema):
    """Which invoice or case an action is about, and what its code needs.

    Attributes:
        due_date: With DUEDATE: the new due date of the case, not of the invoice.
        payment_method: With DIRECTPAYMENT, as are all that follow; e.g. ``Bankgiro``.
        amount: What was paid to the creditor directly.
        outstanding_capital_amount: What is left of the capital after it.
        outstanding_interest_amount: What is left of the interest after it.
        outstanding_costs_amount: What is left of the costs after it.
    """

    invoice_number: InvoiceNumber | None = field(default=None, metadata=E)
    case_id: int | None = field(default=None, metadata=E)
    due_date: date | None = field(default=None, metadata=E)
    payment_method: str | None = field(default=None, metadata=E)
    amount: Amount | None = field(default=None, metadata=E)
    currency: str | None = field(default=None, metadata=E)
    payment_date: date | None = field(default=None, metadata=E)
    reference: str | None = field(default=None, metadata=E)
    outstanding_capital_amount: Amount | None = field(default=None, metadata=E)
    outstanding_interest_amount: Amount | None = field(default=None, metadata=E)
    outstanding_costs_amount: Amount | None = field(default=None, metadata=E)


@vendor("Action", section="5")
@frozen(kw_only=True)
class Action(Schema):
    """One action as the wire has it; for codes that have no class of their own yet."""

    code: ActionCode = field(converter=action_code, metadata=E)
    comment: str | None = field(default=None, metadata=E)
    data: ActionData = field(metadata=E)


@vendor("Create an Invoice Action", section="5")
@frozen(kw_only=True)
class InvoiceActions(Schema):
    """Actions to create. They are queued as pending, then processed (documented)."""

    actions: Sequence[Action] = field(default=(), eq=tuple, metadata=E)


@vendor("Action Receipt", section="5")
@frozen(kw_only=True)
class ActionReceipt(Answer):
    """What the service says of one action. Every name is provisional."""

    code: ActionCode | None = field(
        default=None, converter=attrs.converters.optional(action_code), metadata=P
    )
    invoice_number: InvoiceNumber | None = field(default=None, metadata=P)
    case_id: int | None = field(default=None, metadata=P)
    status: str | None = field(default=None, metadata=P)


@vendor("Actions Receipt", section="5")
@frozen(kw_only=True)
class ActionsReceipt(Answer):
    """The answer to "Create an Invoice Action". The vendor does not show it: every name is provisional."""

    message: str | None = field(default=None, metadata=P)
    actions: Sequence[ActionReceipt] = field(default=(), eq=tuple, metadata=P)


@frozen(kw_only=True)
class TypedAction:
    """An action whose code is known.

    Attributes:
        invoice_number: The invoice it is about.
        case_id: The case it is about.
        comment: What to say with it.
    """

    code: ClassVar[ActionCode]

    invoice_number: int | None = None
    case_id: int | None = None
    comment: str | None = None

    def as_action(self) -> Action:
        """Return the wire's form."""
        data = {
            item.name: getattr(self, item.name) for item in attrs.fields(type(self)) if item.name != "comment"
        }
        return Action(code=self.code, comment=self.comment, data=ActionData(**data))


@frozen(kw_only=True)
class Comment(TypedAction):
    """Says something about the invoice or case."""

    code = ActionCode.COMMENT


@frozen(kw_only=True)
class Withdraw(TypedAction):
    """Withdraws it: nothing is to be collected any more."""

    code = ActionCode.WITHDRAW


@frozen(kw_only=True)
class DueDate(TypedAction):
    """Moves the due date of the case, not that of the invoice.

    Attributes:
        due_date: The new due date. Required here, since the action says nothing without it.
    """

    code = ActionCode.DUEDATE

    due_date: date


@frozen(kw_only=True)
class PaymentPlan(TypedAction):
    """Asks for a payment plan; what it should be goes into the comment."""

    code = ActionCode.PAYMENTPLAN


@frozen(kw_only=True)
class Objection(TypedAction):
    """Tells that the debtor objects."""

    code = ActionCode.OBJECTION


@frozen(kw_only=True)
class Pause(TypedAction):
    """Pauses it."""

    code = ActionCode.PAUSE


@frozen(kw_only=True)
class DirectPayment(TypedAction):
    """Tells that the debtor has paid the creditor directly.

    Attributes:
        amount: What was paid. Required here, since the action says nothing without it.
        currency: ISO 4217.
        payment_date: When it was paid.
        payment_method: How, e.g. ``Bankgiro``.
        reference: The reference it was paid with.
        outstanding_capital_amount: What is left of the capital after it.
        outstanding_interest_amount: What is left of the interest after it.
        outstanding_costs_amount: What is left of the costs after it.
    """

    code = ActionCode.DIRECTPAYMENT

    amount: Amount
    currency: str | None = None
    payment_date: date | None = None
    payment_method: str | None = None
    reference: str | None = None
    outstanding_capital_amount: Amount | None = None
    outstanding_interest_amount: Amount | None = None
    outstanding_costs_amount: Amount | None = None
