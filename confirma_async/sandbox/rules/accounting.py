"""The transfer of records to the accounting system, and its failures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from confirma_async.sandbox.rules.assumption import Assumption
from confirma_async.sandbox.rules.money.amounts import ZERO_AMOUNT, added
from confirma_async.schemas import Ledger
from confirma_async.schemas.accounting import PENDING, SYNCED
from confirma_async.schemas.wire import Evidence

SYNCED_AFTER = timedelta(minutes=15)
"""From submission to the accounting system. Assumed: the vendor gives no figure."""

FAILED = 2
"""The number of a failure. Assumed: the vendor says that a failed state exists, and not its number."""

PROVIDERS = ("Netvisor", "Procountor", "NetBaron")
"""The accounting systems that can be connected (contract §7)."""

UPCOMING = ("Fennoa", "Fivaldi", "Talenom")
"""Those that the vendor announces (contract §7)."""

ASSUMPTIONS: Sequence[Assumption] = (
    Assumption(
        what=f"A record is pending ({PENDING}), then synced ({SYNCED})",
        basis="§7: status",
        evidence=Evidence.DOCUMENTED,
    ),
    Assumption(
        what=f"A record that cannot be synced fails ({FAILED}), and its description says why",
        basis="§7: a failed state exists; its number is assumed",
        evidence=Evidence.DOCUMENTED,
    ),
    Assumption(
        what=f"{', '.join(PROVIDERS)} take records; {', '.join(UPCOMING)} are announced and take none yet; a "
        "client without a provider has nowhere to send them",
        basis="§7: Providers; what becomes of the records is assumed",
        evidence=Evidence.DOCUMENTED,
    ),
    Assumption(
        what="A ledger whose rows do not balance on netAmount is taken, and fails when it is synced",
        basis="§7: the vendor's example balances on netAmount; the failure is assumed",
    ),
    Assumption(
        what="Invoice data follows after distribution where accountingInvoiceEnabled says so",
        basis="§9: Accounting: invoice data after distribution; the switch is our reading",
    ),
    Assumption(
        what="Ledgers without any get 204, the other statuses an empty list",
        basis="§1: 204 (ledger status, no content); the rest is assumed",
        evidence=Evidence.DOCUMENTED,
    ),
)


class RecordKind(StrEnum):
    """What is sent to the accounting system."""

    INVOICE = "invoice"
    LEDGER = "ledger"
    PAYMENT = "payment"


@frozen(kw_only=True)
class Transfer:
    """How a transfer ended: a number and what it means."""

    status: int
    description: str


def transfer(provider: str | None, refusal: str | None, imbalance: Decimal) -> Transfer:
    """Return how a record fares.

    Args:
        provider: The client's accounting system.
        refusal: What the provider says to everything, where it was set to refuse.
        imbalance: What the rows of a ledger miss to balance.
    """
    if provider not in PROVIDERS:
        why = f"{provider} cannot be connected yet" if provider else "no accounting system is connected"
        return Transfer(status=FAILED, description=why)
    if refusal is not None:
        return Transfer(status=FAILED, description=f"{provider}: {refusal}")
    if imbalance:
        return Transfer(status=FAILED, description=f"{provider}: the rows do not balance on netAmount")
    return Transfer(status=SYNCED, description=f"Synced to {provider}")


def imbalance_of(ledger: Ledger) -> Decimal:
    """Return what the rows miss to add up to zero on ``netAmount``."""
    return added(row.net_amount or ZERO_AMOUNT for row in ledger.ledger_rows)
