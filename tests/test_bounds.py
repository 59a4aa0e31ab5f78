"""Every number of the public API: what is beyond its bounds is a ConfigurationError that names it."""

import datetime
import math
from decimal import Decimal

import pytest

from confirma_async import Confirma, RateLimit, RetryPolicy, Sandbox, bounds
from confirma_async.bounds import Bounds
from confirma_async.bulk import JobOptions
from confirma_async.doctor import Setup
from confirma_async.errors import ConfigurationError
from confirma_async.formats import ReadOptions, assign
from confirma_async.mirror.reconciliation.kinds import Horizons
from confirma_async.pagination import windows
from confirma_async.sandbox import Fault, VirtualClock
from confirma_async.sandbox.faults import Faults
from confirma_async.sandbox.rules.terms import Terms

TODAY = datetime.date(2026, 11, 1)

NUMBERS = {
    "RateLimit.per_second": (bounds.PER_SECOND, lambda value: RateLimit(per_second=value)),
    "RateLimit.burst": (bounds.BURST, lambda value: RateLimit(burst=value)),
    "RateLimit.concurrency": (bounds.CONCURRENCY, lambda value: RateLimit(concurrency=value)),
    "RetryPolicy.attempts": (bounds.ATTEMPTS, lambda value: RetryPolicy(attempts=value)),
    "RetryPolicy.base_seconds": (bounds.BACKOFF, lambda value: RetryPolicy(base_seconds=value)),
    "RetryPolicy.cap_seconds": (bounds.BACKOFF, lambda value: RetryPolicy(cap_seconds=value)),
    "RetryPolicy.budget": (bounds.BUDGET, lambda value: RetryPolicy(budget=value)),
    "Confirma.timeout": (bounds.TIMEOUT, lambda value: Confirma("k", timeout=value)),
    "Confirma.answer_limit_bytes": (
        bounds.ANSWER_LIMIT,
        lambda value: Confirma("k", answer_limit_bytes=value),
    ),
    "bulk.settle_seconds": (bounds.SETTLE, lambda value: JobOptions(settle_seconds=value)),
    "bulk.max_consecutive_rejections": (
        bounds.MAX_CONSECUTIVE_REJECTIONS,
        lambda value: JobOptions(max_consecutive_rejections=value),
    ),
    "bulk.expected": (bounds.EXPECTED, lambda value: JobOptions(expected=value)),
    "ReadOptions.due_days": (bounds.DUE_DAYS, lambda value: ReadOptions(due_days=value)),
    "Horizons.listed_days": (bounds.HORIZON, lambda value: Horizons(listed_days=value)),
    "Horizons.settled_banking_days": (bounds.HORIZON, lambda value: Horizons(settled_banking_days=value)),
    "assign.start": (bounds.NUMBER, lambda value: assign([], value)),
    "windows.days": (bounds.WINDOW, lambda value: [*windows(TODAY, TODAY, value)]),
    "distributions_v2.page": (
        bounds.PAGE,
        lambda value: Confirma("k").invoices.distributions_v2(page=value),
    ),
    "distributions_v2.page_size": (
        bounds.PAGE_SIZE,
        lambda value: Confirma("k").invoices.distributions_v2(page_size=value),
    ),
    "Setup.timeout": (bounds.TIMEOUT, lambda value: Setup(timeout=value)),
    "Sandbox.port": (bounds.PORT, lambda value: Sandbox(port=value)),
    "Terms.settlement_weekday": (bounds.WEEKDAY, lambda value: Terms(settlement_weekday=value)),
    "faults.times": (bounds.TIMES, lambda value: Faults().add(Fault.LATENCY, times=value)),
    "faults.probability": (bounds.PROBABILITY, lambda value: Faults().add(Fault.LATENCY, probability=value)),
    "faults.seconds": (bounds.FAULT_SECONDS, lambda value: Faults().add(Fault.LATENCY, seconds=value)),
    "faults.records": (bounds.PAGE_SIZE, lambda value: Faults().add(Fault.CUT_LIST, records=value)),
    "faults.skipped": (bounds.SKIPPED, lambda value: Faults().add(Fault.CUT_LIST, skipped=value)),
    "faults.retry_after": (
        bounds.FAULT_SECONDS,
        lambda value: Faults().add(Fault.UNAVAILABLE, retry_after=value),
    ),
}
"""Each with what makes something of it. None, where it has a meaning of its own, is not among them."""

ODD = [math.nan, math.inf, -math.inf, 1e308, -1e308, 10**400, -(10**400), True, b"3", Decimal(3), 1j]


def outside(limits: Bounds):
    """Just beyond either end."""
    step = 1 if limits.whole else 1e-6
    return [limits.least if limits.above else limits.least - step, limits.most + step]


@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_beyond_is_refused_by_the_name_of_the_parameter(name):
    limits, make = NUMBERS[name]
    for value in [*outside(limits), *ODD, *([1.5] if limits.whole else [])]:
        with pytest.raises(ConfigurationError, match=f"^{name.rpartition('.')[2]} must be a "):
            make(value)


@pytest.mark.parametrize("name", NUMBERS)
def test_both_ends_are_taken(name):
    limits, make = NUMBERS[name]
    make(limits.most)
    make(1e-6 if limits.above else limits.least)


def test_bounds_read_as_words():
    assert str(bounds.TIMEOUT) == "a number of seconds above 0 and at most 86,400"
    assert str(bounds.CONCURRENCY) == "a whole number of calls from 1 to 10,000"


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, 86_400.1, "30"])
async def test_the_timeout_of_a_single_call_too(value):
    async with Confirma("k", base_url="http://127.0.0.1:1") as confirma:
        with pytest.raises(ConfigurationError, match="timeout must be"):
            await confirma.onboarding.validate_token(timeout=value)


@pytest.mark.parametrize("value", [math.nan, 1e308, math.inf, 10**400, -1])
def test_a_clock_that_cannot_go_there_says_so(value):
    with pytest.raises(ConfigurationError, match="a virtual clock goes"):
        VirtualClock().advance(days=value)


def test_every_number_that_a_caller_gives_is_in_the_table():
    """A new one has to be held against bounds too."""
    import inspect

    from confirma_async.client import ClientOptions
    from confirma_async.sandbox.faults import FaultRule

    numeric = {"int", "float", "int | None", "float | None", "float | str | None"}
    for made in (
        RateLimit,
        RetryPolicy,
        JobOptions,
        ReadOptions,
        FaultRule,
        Horizons,
        Terms,
        Setup,
        ClientOptions,
    ):
        for name, kind in inspect.get_annotations(made).items():
            if str(kind) in numeric and name != "status":  # of a fault; a choice of a few
                assert any(known.endswith(f".{name}") for known in NUMBERS), f"{made.__name__}.{name}"
