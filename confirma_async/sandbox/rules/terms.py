"""The terms of a client: stages, fees, rates. Each client has its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType

from attrs import field, frozen

from confirma_async import bounds
from confirma_async.bounds import within
from confirma_async.errors import ConfigurationError
from confirma_async.sandbox.rules.money.amounts import ORDER
from confirma_async.sandbox.rules.money.interest import MARGIN, REFERENCE_RATES
from confirma_async.sandbox.rules.stages import STEPS, Route, RouteStage
from confirma_async.schemas import AllocationType

FRIDAY = 4


def _read_only(rates: Mapping[date, Decimal]) -> Mapping[date, Decimal]:
    return MappingProxyType(dict(rates))


@frozen(kw_only=True)
class Terms:
    """Timing, fees and rates. The vendor says that clients have rules of their own; the figures are assumed.

    Attributes:
        steps: The stages of unpaid invoices with their days and fees.
        allocation_order: What a payment covers first: all three kinds, once each.
        reference_rates: Per cent a year by the day it begins to hold; a rate holds until the next.
        margin_points: Percentage points above the reference rate: the client's own rate.
        settlement_weekday: When settlement runs are made; from 0, which is Monday, to 6.
        pause: How long a PAUSE action holds a case.
        payment_plan: How long a PAYMENTPLAN action holds a case.
        token_lifetime: How long a token lives; None is for ever.

    Raises:
        ConfigurationError: a value makes no sense.
    """

    steps: Sequence[RouteStage] = field(default=STEPS, converter=tuple[RouteStage, ...])
    allocation_order: Sequence[AllocationType] = field(default=ORDER, converter=tuple[AllocationType, ...])
    reference_rates: Mapping[date, Decimal] = field(default=REFERENCE_RATES, converter=_read_only)
    margin_points: Decimal = MARGIN
    settlement_weekday: int = field(default=FRIDAY, validator=within(bounds.WEEKDAY))
    pause: timedelta = timedelta(days=14)
    payment_plan: timedelta = timedelta(days=90)
    token_lifetime: timedelta | None = None

    def __attrs_post_init__(self) -> None:
        if sorted(self.allocation_order) != sorted(ORDER):
            raise ConfigurationError("an order of allocation names FEES, INTEREST and CAPITAL, once each")
        for route in Route:
            days = [step.after_days for step in self.steps if step.route is route]
            if not days or days != sorted(days):
                raise ConfigurationError(f"{route} needs steps, the earlier ones first")
        if not self.reference_rates:
            raise ConfigurationError("the table of reference rates needs at least one rate")


DEFAULT_TERMS = Terms()
