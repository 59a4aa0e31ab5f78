"""When settlement runs are made, and what rules and terms must say."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from confirma_async.errors import ConfigurationError
from confirma_async.sandbox import Stage, Terms
from confirma_async.sandbox.rules.assumptions import ASSUMPTIONS, Assumption
from confirma_async.sandbox.rules.money.settlement import next_run
from confirma_async.sandbox.rules.stages import STEPS, RouteStage
from confirma_async.schemas import AllocationType


@pytest.mark.parametrize(
    ("after", "run"),
    [
        (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 6, 12, tzinfo=UTC)),
        (datetime(2026, 3, 6, 11, 59, tzinfo=UTC), datetime(2026, 3, 6, 12, tzinfo=UTC)),
        (datetime(2026, 3, 6, 12, tzinfo=UTC), datetime(2026, 3, 13, 12, tzinfo=UTC)),
        (datetime(2026, 3, 7, tzinfo=UTC), datetime(2026, 3, 13, 12, tzinfo=UTC)),
    ],
)
def test_the_next_run_is_on_the_next_friday_at_noon(after, run):
    assert next_run(after, 4) == run


@pytest.mark.parametrize(
    "terms",
    [
        {"allocation_order": [AllocationType.CAPITAL]},
        {"allocation_order": [AllocationType.CAPITAL] * 3},
        {"reference_rates": {}},
        {"settlement_weekday": 7},
        {"steps": []},
        {"steps": STEPS[::-1]},
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: Any):
    with pytest.raises(ConfigurationError):
        Terms(**terms)


def test_terms_do_not_follow_the_table_they_were_made_from():
    rates = {date(2026, 1, 1): Decimal(1)}
    terms = Terms(reference_rates=rates)
    rates[date(2026, 7, 1)] = Decimal(2)
    assert terms.reference_rates == {date(2026, 1, 1): Decimal(1)}


def test_every_rule_says_whose_word_it_is():
    rules: list[Assumption | RouteStage] = [*ASSUMPTIONS, *STEPS]
    for rule in rules:
        assert rule.basis.startswith(("§", "assumed"))
        assert (rule.evidence is not None) <= rule.basis.startswith("§")


def test_every_stage_is_on_a_way():
    assert {step.stage for step in STEPS} == set(Stage)
