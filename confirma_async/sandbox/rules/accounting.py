"""The transfer of records to the accounting system, and its failures."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from confirma_async.sandbox.rules.money.amounts import ZERO_AMOUNT, added
from confirma_async.schemas import Ledger
from confirma_async.schemas.accounting import SYNCED

SYNCED_AFTER = timedelta(minutes=15)
"""From submission to the accounting system. Assumed: the vendor gives no figure."""

FAILED = 2
"""The number of a failure. Assumed: the vendor says that a failed state exists, and not its number."""

PROVIDERS = ("Netvisor", "Procountor", "NetBaron")
"""The accounting systems that can be connected (contract §7)."""

UPCOMING = ("Fennoa", "Fivaldi", "Talenom")
"""Those that the vendor announces (contract §7)."""


class RecordKind(StrEnum):
    """What is sent to the accounting system."""

    INVOICE = "invoice"
    LEDGER = "ledger"
    PAYMENT = "payment"


def transfer(provider: str | None, provider_error: str | None, imbalance: Decimal) -> tuple[int, str]:
    """Return how a record fares: the number of its status, and what that means.

    Args:
        provider: The client's accounting system.
        provider_error: What the provider says to everything, where it was set to reject.
        imbalance: What the rows of a ledger miss to balance.
    """
    if provider not in PROVIDERS:
        why = f"{provider} cannot be connected yet" if provider else "no accounting system is connected"
        return FAILED, why
    if provider_error is not None:
        return FAILED, f"{provider}: {provider_error}"
    if imbalance:
        return FAILED, f"{provider}: the rows do not balance on netAmount"
    return SYNCED, f"Synced to {provider}"


def imbalance_of(ledger: Ledger) -> Decimal:
    """Return what the rows miss to add up to zero on ``netAmount``."""
    return added(row.net_amount or ZERO_AMOUNT for row in ledger.ledger_rows)
