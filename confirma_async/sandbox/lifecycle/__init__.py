"""What the service does, as rules and plain functions: no clock, no storage.

``invoices`` leads an invoice up to its delivery, ``cases`` an unpaid one from there on, in the ``stages`` of
``Terms``; ``interest``, ``allocation`` and ``settlement`` say what becomes of the money, ``actions`` what the
seven actions do, ``accounting`` how records reach the books. Every rule names the sentence of the wire
contract it lives by, or says that it is this project's own.
"""

from collections.abc import Sequence

from confirma_async.sandbox.lifecycle import (
    accounting,
    accounts,
    actions,
    allocation,
    cases,
    interest,
    money,
    register,
    settlement,
)
from confirma_async.sandbox.lifecycle.actions import ACTIONS
from confirma_async.sandbox.lifecycle.invoices import RULES, SERVICES, TRANSITIONS, Facts, Rule, Transition
from confirma_async.sandbox.lifecycle.principle import Principle
from confirma_async.sandbox.lifecycle.stages import STEPS, Route, Stage, Step
from confirma_async.sandbox.lifecycle.terms import Terms

PRINCIPLES: Sequence[Principle] = (
    *accounts.PRINCIPLES,
    *cases.PRINCIPLES,
    *money.PRINCIPLES,
    *interest.PRINCIPLES,
    *allocation.PRINCIPLES,
    *actions.PRINCIPLES,
    *(Principle(what=it.what, lives_by=it.lives_by, evidence=it.evidence) for it in ACTIONS.values()),
    *settlement.PRINCIPLES,
    *accounting.PRINCIPLES,
    *register.PRINCIPLES,
)
"""All that the sandbox lives by beyond the tables ``RULES``, ``TRANSITIONS`` and ``STEPS``."""

__all__ = [
    "ACTIONS",
    "PRINCIPLES",
    "RULES",
    "SERVICES",
    "STEPS",
    "TRANSITIONS",
    "Facts",
    "Principle",
    "Route",
    "Rule",
    "Stage",
    "Step",
    "Terms",
    "Transition",
]
