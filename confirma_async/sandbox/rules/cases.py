"""A case: what is owed on an invoice under payment control, and where it stands. Pure: no clock, no storage.

Each function takes a case and gives the case that it becomes, with an event of its history where one is due.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

from attrs import evolve, field, frozen

from confirma_async.sandbox.rules.money import interest
from confirma_async.sandbox.rules.money.amounts import WIDE, ZERO_AMOUNT, AmountByKind, allocate
from confirma_async.sandbox.rules.stages import Route, RouteStage, Stage
from confirma_async.sandbox.rules.terms import Terms

FIRST_CASE = 7_000_000
"""Case numbers start above this, so that no test mistakes one for an invoice number."""


class CaseStatus(StrEnum):
    """Whether a case goes on. The spellings are assumed: the vendor shows the field and no word in it."""

    OPEN = "OPEN"
    PAUSED = "PAUSED"
    PAYMENT_PLAN = "PAYMENT_PLAN"
    OBJECTED = "OBJECTED"
    CLOSED = "CLOSED"


@frozen
class SandboxEvent:
    """One thing that happened to a case; of a new stage, the stage."""

    code: str
    description: str
    stage: Stage | None = None


@frozen(kw_only=True)
class SandboxCase:
    """What is owed on one invoice.

    Attributes:
        id: The case's number.
        client: The client's name in the sandbox.
        number: The invoice's number.
        route: The service that the case goes through.
        creditor: The name of the creditor.
        currency: The currency of all its sums (ISO 4217).
        reference: The reference number that the debtor names.
        collectable: Whether the case may reach the stage COLLECTION.
        opened_at: When the case was opened.
        due_date: The case's due date, which may move; the invoice's stays.
        percentage: Interest in per cent a year; None is the client's own rate.
        stage: The last step taken.
        status: Whether it goes on.
        base: The day from which the days of the steps are counted.
        held_since: When it was put on hold.
        held_until: When the hold ends by itself; None waits for a person.
        closed_on: When nothing was open any more.
        charged: All that was ever claimed, without the interest that runs.
        waived: The part of it that was credited or withdrawn.
        paid: The part of it that was paid.
        interest_units: The interest so far, in exact units; see ``interest.units``.
        interest_until: The day up to which interest was counted.
    """

    id: int
    client: str
    number: str
    route: Route
    creditor: str | None
    currency: str
    reference: str
    collectable: bool
    opened_at: datetime
    due_date: date
    percentage: Decimal | None
    stage: Stage | None = None
    status: CaseStatus = CaseStatus.OPEN
    base: date
    held_since: date | None = None
    held_until: date | None = None
    closed_on: date | None = None
    charged: AmountByKind
    waived: AmountByKind = field(factory=AmountByKind)
    paid: AmountByKind = field(factory=AmountByKind)
    interest_units: Decimal = ZERO_AMOUNT
    interest_until: date

    @property
    def total(self) -> AmountByKind:
        """What is claimed: charges and the interest that has run, less what was waived."""
        run = AmountByKind(interest=interest.amount_of(self.interest_units))
        return self.charged.plus(run).minus(self.waived)

    @property
    def open(self) -> AmountByKind:
        """What is left to pay, as of the day up to which interest has run."""
        return self.total.minus(self.paid)


def accrue(case: SandboxCase, today: date, terms: Terms) -> SandboxCase:
    """Let interest run up to a day; a closed case bears none."""
    if case.status is CaseStatus.CLOSED or today <= case.interest_until:
        return case
    run = interest.units(
        case.open.capital,
        case.interest_until,
        today,
        case.percentage,
        terms.reference_rates,
        terms.margin_points,
    )
    return evolve(case, interest_units=WIDE.add(case.interest_units, run), interest_until=today)


def due_of(case: SandboxCase, terms: Terms) -> datetime | None:
    """Return when something happens to the case by itself; None while nothing does."""
    if case.status is CaseStatus.CLOSED:
        return None
    if case.held_since is not None:
        return None if case.held_until is None else _midnight(case.held_until)
    following = next_step(case, terms)
    if following is None or following.after_days > (date.max - case.base).days:  # no calendar goes that far
        return None
    return _midnight(case.base + timedelta(days=following.after_days))


def next_step(case: SandboxCase, terms: Terms) -> RouteStage | None:
    """Return the step after the case's stage; None at the end of the way."""
    route = [step for step in terms.steps if step.route is case.route]
    stages = [step.stage for step in route]
    if case.stage is not None and case.stage not in stages:  # the terms were changed on the way
        return None
    position = 0 if case.stage is None else stages.index(case.stage) + 1
    if position == len(route):
        return None
    step = route[position]
    return None if step.stage is Stage.COLLECTION and not case.collectable else step


def advance_case(case: SandboxCase, today: date, terms: Terms) -> tuple[SandboxCase, SandboxEvent]:
    """Carry out what is due: the end of a hold, or the next step.

    Raises:
        ValueError: nothing is due.
    """
    if case.held_since is not None:
        return resume(case, today), SandboxEvent("RESUMED", "The case goes on.")
    step = next_step(case, terms)
    if step is None:
        raise ValueError("nothing is due")
    case = accrue(case, today, terms)
    charged = case.charged.plus(AmountByKind(fees=step.fee))
    event = SandboxEvent(step.stage, step.description, step.stage)
    return evolve(case, stage=step.stage, charged=charged), event


def hold(case: SandboxCase, status: CaseStatus, today: date, until: date | None) -> SandboxCase:
    """Put a case on hold; an earlier hold ends.

    Args:
        case: The case.
        status: The kind of hold.
        today: The first day of the hold.
        until: The day on which the hold ends by itself; None waits for a person.
    """
    return evolve(resume(case, today), status=status, held_since=today, held_until=until)


def resume(case: SandboxCase, today: date) -> SandboxCase:
    """End a hold; later steps are put off by as many days as the hold has lasted."""
    if case.held_since is None:
        return case
    base = case.base + (today - case.held_since)
    return evolve(case, status=CaseStatus.OPEN, base=base, held_since=None, held_until=None)


def move_due_date(case: SandboxCase, due_date: date, today: date, terms: Terms) -> SandboxCase:
    """Move the due date of a case; interest runs from the new date on, and earlier interest stays.

    Args:
        case: The case.
        due_date: The new due date; where it is in the past, days and interest count from today.
        today: The day of the change.
        terms: Timing, fees and rates.
    """
    case = resume(accrue(case, today, terms), today)
    day = max(due_date, today)
    return evolve(case, due_date=due_date, base=day, interest_until=day)


def pay(
    case: SandboxCase, amount: Decimal, today: date, terms: Terms, *, stated: AmountByKind | None = None
) -> tuple[SandboxCase, AmountByKind]:
    """Register a payment and say how it was allocated.

    Args:
        case: The case that is paid.
        amount: The amount in the case's currency, above 0.
        today: The day of the payment.
        terms: Timing, fees and rates.
        stated: The allocation, where an action states it; None to allocate by the terms.
    """
    case = accrue(case, today, terms)
    split = stated or allocate(case.open, amount, terms.allocation_order)
    return settle_up(evolve(case, paid=case.paid.plus(split)), today), split


def take_back(case: SandboxCase, split: AmountByKind, today: date, terms: Terms) -> SandboxCase:
    """Take a payment back; a case that the payment had closed is open again.

    Args:
        case: The case.
        split: The allocation of the payment.
        today: The day of the change.
        terms: Timing, fees and rates.
    """
    case = accrue(case, today, terms)
    reopened = evolve(case, paid=case.paid.minus(split))
    if reopened.status is CaseStatus.CLOSED and reopened.open.total > 0:
        since = max(today, case.interest_until)  # while it was closed it bore no interest
        reopened = evolve(reopened, status=CaseStatus.OPEN, closed_on=None, interest_until=since)
    return reopened


def credit(case: SandboxCase, amount: Decimal, today: date, terms: Terms) -> SandboxCase:
    """Credit the capital; where no capital is left, waive the open interest and fees.

    Args:
        case: The case.
        amount: The amount of the credit note, in the case's currency.
        today: The day of the credit note.
        terms: Timing, fees and rates.
    """
    case = accrue(case, today, terms)
    case = evolve(case, waived=case.waived.plus(AmountByKind(capital=amount)))
    if case.total.capital <= 0:
        case = evolve(case, waived=case.waived.plus(_open_extras(case)))
    return settle_up(case, today)


def withdraw(case: SandboxCase, today: date, terms: Terms) -> SandboxCase:
    """Waive all that is open, which closes the case."""
    case = accrue(case, today, terms)
    capital = max(case.open.capital, ZERO_AMOUNT)
    waived = case.waived.plus(_open_extras(case)).plus(AmountByKind(capital=capital))
    return settle_up(evolve(case, waived=waived), today)


def settle_up(case: SandboxCase, today: date) -> SandboxCase:
    """Close a case of which nothing is open."""
    if case.status is CaseStatus.CLOSED or case.open.total > 0:
        return case
    return evolve(resume(case, today), status=CaseStatus.CLOSED, closed_on=today)


def _open_extras(case: SandboxCase) -> AmountByKind:
    return AmountByKind(interest=max(case.open.interest, ZERO_AMOUNT), fees=max(case.open.fees, ZERO_AMOUNT))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
