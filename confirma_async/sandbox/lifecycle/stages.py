"""The way of an unpaid invoice: which stage comes when, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from confirma_async.sandbox.lifecycle.money import ZERO
from confirma_async.schemas.wire import Evidence


class Route(StrEnum):
    """Which service an unpaid invoice lives through (contract §9)."""

    LIFECYCLE = "LIFECYCLE"
    DEBT_COLLECTION = "DEBT_COLLECTION"


class Stage(StrEnum):
    """Where a case stands. The stages are named in words (contract §9); these spellings are ours."""

    PAYMENT_CONTROL = "PAYMENT_CONTROL"
    OVERDUE = "OVERDUE"
    REMINDER = "REMINDER"
    SECOND_REMINDER = "SECOND_REMINDER"
    REMINDER_LETTER = "REMINDER_LETTER"
    CONTROL = "CONTROL"
    FURTHER_REMINDER = "FURTHER_REMINDER"
    FORMAL_NOTICE = "FORMAL_NOTICE"
    COLLECTION = "COLLECTION"


@frozen(kw_only=True)
class Step:
    """One stage of a route.

    Attributes:
        route: Whose.
        stage: Which.
        day: When, in days after the due date; of DEBT_COLLECTION, after the case was opened.
        fee: What it adds to the costs, in the case's currency.
        description: What the timeline says.
        lives_by: The sentence of the contract behind it. Days and fees are ours throughout.
        evidence: How well that is known; None where the step is ours.
    """

    route: Route
    stage: Stage
    day: int
    fee: Decimal = ZERO
    description: str
    lives_by: str
    evidence: Evidence | None


_LIFECYCLE = "§9: Lifecycle: unpaid past due → overdue → reminder(s) → collection"
_COLLECTION = "§9: Debt collection: reminder letter first, then control, further reminders, formal notice"

STEPS: Sequence[Step] = (
    Step(
        route=Route.LIFECYCLE,
        stage=Stage.PAYMENT_CONTROL,
        day=0,
        description="The invoice is under payment control.",
        lives_by="§9: Lifecycle: INVOICED, payment control on",
        evidence=Evidence.DOCUMENTED,
    ),
    Step(
        route=Route.LIFECYCLE,
        stage=Stage.OVERDUE,
        day=1,
        description="The due date has passed.",
        lives_by=_LIFECYCLE,
        evidence=Evidence.DOCUMENTED,
    ),
    Step(
        route=Route.LIFECYCLE,
        stage=Stage.REMINDER,
        day=8,
        fee=Decimal("5.00"),
        description="A reminder was sent.",
        lives_by=_LIFECYCLE,
        evidence=Evidence.DOCUMENTED,
    ),
    Step(
        route=Route.LIFECYCLE,
        stage=Stage.SECOND_REMINDER,
        day=22,
        fee=Decimal("5.00"),
        description="A second reminder was sent.",
        lives_by=_LIFECYCLE,
        evidence=Evidence.DOCUMENTED,
    ),
    Step(
        route=Route.LIFECYCLE,
        stage=Stage.COLLECTION,
        day=36,
        fee=Decimal("30.00"),
        description="The case was taken to collection.",
        lives_by=_LIFECYCLE,
        evidence=Evidence.DOCUMENTED,
    ),
    Step(
        route=Route.DEBT_COLLECTION,
        stage=Stage.REMINDER_LETTER,
        day=0,
        fee=Decimal("5.00"),
        description="The agency sent a reminder letter.",
        lives_by=_COLLECTION,
        evidence=Evidence.DOCUMENTED,
    ),
    Step(
        route=Route.DEBT_COLLECTION,
        stage=Stage.CONTROL,
        day=10,
        description="The agency controls the payments.",
        lives_by=_COLLECTION,
        evidence=Evidence.DOCUMENTED,
    ),
    Step(
        route=Route.DEBT_COLLECTION,
        stage=Stage.FURTHER_REMINDER,
        day=24,
        fee=Decimal("5.00"),
        description="A further reminder was sent.",
        lives_by=_COLLECTION,
        evidence=Evidence.DOCUMENTED,
    ),
    Step(
        route=Route.DEBT_COLLECTION,
        stage=Stage.FORMAL_NOTICE,
        day=38,
        fee=Decimal("15.00"),
        description="A formal notice was sent.",
        lives_by=_COLLECTION,
        evidence=Evidence.DOCUMENTED,
    ),
    Step(
        route=Route.DEBT_COLLECTION,
        stage=Stage.COLLECTION,
        day=52,
        fee=Decimal("30.00"),
        description="The case was taken to collection.",
        lives_by="§9: Debt collection: formal notice, collection",
        evidence=Evidence.DOCUMENTED,
    ),
)
"""The ways of unpaid invoices. The first step of a route is taken when the case is opened."""
