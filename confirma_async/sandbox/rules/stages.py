"""The stages of an unpaid invoice: their order, days and fees."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from confirma_async.sandbox.rules.money.amounts import ZERO_AMOUNT
from confirma_async.schemas.wire import Evidence


class Route(StrEnum):
    """Which service an unpaid invoice lives through (contract §9)."""

    LIFECYCLE = "LIFECYCLE"
    DEBT_COLLECTION = "DEBT_COLLECTION"


class Stage(StrEnum):
    """Where a case stands. The stages are named in words (contract §9); these spellings are assumed."""

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
class RouteStage:
    """One stage of a route.

    Attributes:
        route: Whose.
        stage: Which.
        after_days: When it comes: days after the due date; of DEBT_COLLECTION, after the case was opened.
        fee: What it adds to the costs, in the case's currency.
        description: What the timeline says.
        basis: The sentence of the contract behind it. Days and fees are assumed.
        evidence: How well that is known; None where the step is assumed.
    """

    route: Route
    stage: Stage
    after_days: int
    fee: Decimal = ZERO_AMOUNT
    description: str
    basis: str = "agreed on with the client"
    evidence: Evidence | None = None


def _way(route: Route, basis: str, *stages: tuple[Stage, int, str, str]) -> Sequence[RouteStage]:
    """Return a route from its stages, each with its days, its fee and what the timeline says."""
    return [
        RouteStage(
            route=route,
            stage=stage,
            after_days=days,
            fee=Decimal(fee),
            description=description,
            basis=basis,
            evidence=Evidence.DOCUMENTED,
        )
        for stage, days, fee, description in stages
    ]


STEPS: Sequence[RouteStage] = (
    *_way(
        Route.LIFECYCLE,
        "§9: Lifecycle: payment control on; unpaid past due → overdue → reminder(s) → collection",
        (Stage.PAYMENT_CONTROL, 0, "0.00", "The invoice is under payment control."),
        (Stage.OVERDUE, 1, "0.00", "The due date has passed."),
        (Stage.REMINDER, 8, "5.00", "A reminder was sent."),
        (Stage.SECOND_REMINDER, 22, "5.00", "A second reminder was sent."),
        (Stage.COLLECTION, 36, "30.00", "The case was taken to collection."),
    ),
    *_way(
        Route.DEBT_COLLECTION,
        "§9: Debt collection: reminder letter, control, further reminders, formal notice, collection",
        (Stage.REMINDER_LETTER, 0, "5.00", "The agency sent a reminder letter."),
        (Stage.CONTROL, 10, "0.00", "The agency controls the payments."),
        (Stage.FURTHER_REMINDER, 24, "5.00", "A further reminder was sent."),
        (Stage.FORMAL_NOTICE, 38, "15.00", "A formal notice was sent."),
        (Stage.COLLECTION, 52, "30.00", "The case was taken to collection."),
    ),
)
"""The ways of unpaid invoices. The first step of a route is taken when the case is opened."""
