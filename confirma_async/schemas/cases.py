"""Debt collection cases (contract §5)."""

from collections.abc import Sequence

from attrs import field, frozen

from confirma_async.schemas.values import Amount, InvoiceNumberText, Moment
from confirma_async.schemas.wire import Answer, E, P, Schema, vendor


@vendor("Case Query", section="5")
@frozen(kw_only=True)
class CaseQuery(Schema):
    """The query of "Retrieve case details"; that a case identifier is required is the vendor's text."""

    case_id: int | None = field(default=None, metadata=P)
    invoice_number: InvoiceNumberText | None = field(default=None, metadata=P)


@vendor("Case Summary", section="5")
@frozen(kw_only=True)
class CaseSummary(Answer):
    """Where a case stands.

    Attributes:
        created_at: A date-time in the vendor's example.
        closed_at: A plain date in the vendor's example.
        active_days: Days that it has been open.
        creditor: Who is owed.
        currency: ISO 4217.
        agency: Who collects.
    """

    case_id: int | None = field(default=None, metadata=E)
    status: str | None = field(default=None, metadata=E)
    stage: str | None = field(default=None, metadata=E)
    created_at: Moment | None = field(default=None, metadata=E)
    closed_at: Moment | None = field(default=None, metadata=E)
    active_days: int | None = field(default=None, metadata=E)
    creditor: str | None = field(default=None, metadata=E)
    currency: str | None = field(default=None, metadata=E)
    agency: str | None = field(default=None, metadata=E)


@vendor("Case Balance", section="5")
@frozen(kw_only=True)
class CaseBalance(Answer):
    """What is owed, in the case's currency."""

    capital_amount: Amount | None = field(default=None, metadata=E)
    interest_amount: Amount | None = field(default=None, metadata=E)
    costs_amount: Amount | None = field(default=None, metadata=P)
    total_amount: Amount | None = field(default=None, metadata=P)


@vendor("Case Payment", section="5")
@frozen(kw_only=True)
class CasePayment(Answer):
    """One payment to a case. The vendor names the contents in words; every name is provisional."""

    payment_date: Moment | None = field(default=None, metadata=P)
    amount: Amount | None = field(default=None, metadata=P)
    reference: str | None = field(default=None, metadata=P)


@vendor("Case Event", section="5")
@frozen(kw_only=True)
class CaseEvent(Answer):
    """One event of a case. The vendor names the contents in words; every name is provisional."""

    date: Moment | None = field(default=None, metadata=P)
    code: str | None = field(default=None, metadata=P)
    description: str | None = field(default=None, metadata=P)


@vendor("Case Timeline Entry", section="5")
@frozen(kw_only=True)
class CaseTimelineEntry(Answer):
    """One step of the invoice's way. The vendor names the contents in words; every name is provisional."""

    date: Moment | None = field(default=None, metadata=P)
    stage: str | None = field(default=None, metadata=P)
    description: str | None = field(default=None, metadata=P)


@vendor("Case", section="5")
@frozen(kw_only=True)
class Case(Answer):
    """A case with its balance and its history."""

    summary: CaseSummary | None = field(default=None, metadata=E)
    balance: CaseBalance | None = field(default=None, metadata=E)
    payments: Sequence[CasePayment] = field(default=(), eq=tuple, metadata=P)
    events: Sequence[CaseEvent] = field(default=(), eq=tuple, metadata=P)
    timeline: Sequence[CaseTimelineEntry] = field(default=(), eq=tuple, metadata=P)


@vendor("Case Details", section="5")
@frozen(kw_only=True)
class CaseDetails(Answer):
    """The answer to "Retrieve case details".

    Attributes:
        case: The case. None where an answer lacks it; that is noted in its ``drift``.
    """

    case: Case | None = field(metadata=E)
