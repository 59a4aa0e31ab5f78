"""What the service does, as rules and plain functions: no clock, no storage.

``invoices`` leads an invoice up to its delivery, ``cases`` an unpaid one from there on, in the ``stages`` of
``Terms``. ``money`` says what becomes of what is paid, ``actions`` what the seven actions do, ``accounting``
how records reach the books. Every rule names the sentence of the wire contract that it is based on, or says
that it is this project's own.
"""

from collections.abc import Sequence

from confirma_async.sandbox.rules import (
    accounting,
    accounts,
    actions,
    cases,
    einvoice_directory,
)
from confirma_async.sandbox.rules.actions import ACTIONS
from confirma_async.sandbox.rules.assumption import Assumption
from confirma_async.sandbox.rules.invoices import (
    RULES,
    SERVICES,
    TRANSITIONS,
    RoutingFacts,
    Transition,
)
from confirma_async.sandbox.rules.money import allocation, amounts, interest, settlement
from confirma_async.sandbox.rules.stages import STEPS, RouteStage

ASSUMPTIONS: Sequence[Assumption] = (
    *accounts.ASSUMPTIONS,
    *cases.ASSUMPTIONS,
    *amounts.ASSUMPTIONS,
    *interest.ASSUMPTIONS,
    *allocation.ASSUMPTIONS,
    *actions.ASSUMPTIONS,
    *(Assumption(what=it.what, basis=it.basis, evidence=it.evidence) for it in ACTIONS.values()),
    *settlement.ASSUMPTIONS,
    *accounting.ASSUMPTIONS,
    *einvoice_directory.ASSUMPTIONS,
)
"""All that the sandbox assumes beyond the tables ``RULES``, ``TRANSITIONS`` and ``STEPS``."""

__all__ = [
    "ASSUMPTIONS",
    "RULES",
    "SERVICES",
    "STEPS",
    "TRANSITIONS",
    "Assumption",
    "RouteStage",
    "RoutingFacts",
    "Transition",
]
