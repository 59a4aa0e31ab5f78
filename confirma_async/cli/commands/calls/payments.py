"""``confirma payments`` and ``confirma settlements``: what was paid, and what was paid out."""

from __future__ import annotations

import contextlib
import datetime
import sys
from collections.abc import Iterator
from decimal import Decimal
from functools import reduce
from types import SimpleNamespace

import click

from confirma_async.cli import options
from confirma_async.cli.options.bundle import bundle
from confirma_async.cli.options.connection import Connection, connected
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.tables import (
    Layout,
    RecordColumns,
    as_list,
    collected,
    show_list,
    warn_of_default_window,
)
from confirma_async.cli.running import side_effects
from confirma_async.cli.running.stopping import signals
from confirma_async.schemas import (
    AllocationType,
    Beneficiary,
    Settlement,
    SettlementAllocation,
)
from confirma_async.schemas.values import ZERO
from confirma_async.validation.sums import EXACT

PAYMENTS = RecordColumns(
    title="Payments",
    shown=("payment_date", "booking_date", "invoice_number", "case_id", "account_name", "amount", "currency"),
    more=("invoice_payment_reference", "original_payment_reference"),
    amount="amount",
)
SETTLEMENTS = RecordColumns(
    title="Allocations",
    shown=(
        "settlement_id",
        "settlement_date",
        "original_invoice_number",
        "capital_amount",
        "interest_amount",
        "fees_amount",
        "other_amount",
        "allocated_amount",
        "currency",
    ),
    more=(
        "settlement_amount",
        "agency",
        "remittance_reference",
        "beneficiary_name",
        "beneficiary_iban",
        "beneficiary_bic",
        "api_fetch_date",
        "allocation_id",
        "allocation_date",
        "case_id",
        "original_payment_reference",
    ),
    amount="allocated_amount",
)

_LOST_IS_LOST = (
    "--unfetched-only marks what it returns as fetched. If the answer is lost on its way, or this command is "
    "stopped before it has printed it, the same question never returns it again. Reading by period "
    "(--from, --to) marks nothing, and can be repeated."
)


@click.command(short_help="Show payments as they are allocated so far.")
@options.period("day")
@connected
@as_list
def payments(
    from_date: datetime.date | None, to_date: datetime.date | None, connection: Connection, layout: Layout
) -> None:
    """Show payments as they are allocated so far. They may still change until they are settled.

    \b
      confirma payments --from 2026-11-01 --to 2026-11-30 --csv > november.csv
    """
    found, error = connection.ask(
        lambda confirma: collected(confirma.payments.list(from_date=from_date, to_date=to_date))
    )
    show_list(found, PAYMENTS, layout, connection.converter)
    if error is not None:
        raise error


def _surely(unfetched_only: bool, yes: bool) -> bool:
    """Ask the user whether what is returned shall be marked as fetched, if it would be.

    Raises:
        click.UsageError: the user says no, or there is no terminal at which to ask.
    """
    if unfetched_only and not yes:
        if not sys.stdin.isatty():
            raise click.UsageError(f"{_LOST_IS_LOST} If it is meant, add --yes.")
        say(_LOST_IS_LOST, err=True)
        if not click.confirm("Is it meant?", err=True):
            raise click.UsageError("nothing was asked; name a period instead: --from, --to")
    return unfetched_only


@click.command(short_help="Show what was paid out to you, with its allocations.")
@options.period("day")
@bundle(
    "unfetched_only",
    _surely,
    click.option(
        "--unfetched-only",
        is_flag=True,
        help="Only what was not retrieved before; an answer that is lost is lost for good. Prefer a period.",
    ),
    click.option("--yes", is_flag=True, help="With --unfetched-only: do not ask whether it is meant."),
)
@connected
@as_list
def settlements(
    from_date: datetime.date | None,
    to_date: datetime.date | None,
    unfetched_only: bool,
    connection: Connection,
    layout: Layout,
) -> None:
    """Show what was paid out to you, one line for each allocation to an invoice.

    Read by period: it can be repeated, and settlement_id distinguishes settlements. Without dates
    the service takes the last 30 days.

    \b
      confirma settlements --from 2026-11-01 --to 2026-11-30 --csv > november.csv
    """
    with signals.changing() if unfetched_only else contextlib.nullcontext():
        found, error = connection.ask(
            lambda confirma: collected(
                confirma.payments.settlements(
                    from_date=from_date, to_date=to_date, unfetched_only=unfetched_only
                )
            )
        )
        if unfetched_only:
            side_effects.note()
    rows = [row for settlement in found for row in _rows(settlement)]
    show_list(found, SETTLEMENTS, layout, connection.converter, rows=rows)
    if not unfetched_only:
        warn_of_default_window(found, from_date)
    if error is not None:
        raise error


def _rows(settlement: Settlement) -> Iterator[SimpleNamespace]:
    """Yield a row for each allocation of a settlement, or one row if it has none."""
    beneficiary = settlement.beneficiary or Beneficiary()
    for allocation in settlement.allocations or (SettlementAllocation(),):
        parts = _parts(allocation)
        yield SimpleNamespace(
            settlement_id=settlement.settlement_id,
            settlement_date=settlement.settlement_date,
            settlement_amount=settlement.settlement_amount,
            agency=settlement.agency,
            remittance_reference=settlement.remittance_reference,
            beneficiary_name=beneficiary.name,
            beneficiary_iban=beneficiary.iban,
            beneficiary_bic=beneficiary.bic,
            api_fetch_date=settlement.api_fetch_date,
            allocation_id=allocation.allocation_id,
            allocation_date=allocation.allocation_date,
            case_id=allocation.case_id,
            original_invoice_number=allocation.original_invoice_number,
            original_payment_reference=allocation.original_payment_reference,
            capital_amount=parts.pop(AllocationType.CAPITAL, None),
            interest_amount=parts.pop(AllocationType.INTEREST, None),
            fees_amount=parts.pop(AllocationType.FEES, None),
            other_amount=reduce(EXACT.add, parts.values()) if parts else None,
            allocated_amount=allocation.allocated_total_amount,
            currency=allocation.currency or settlement.currency,
        )


def _parts(allocation: SettlementAllocation) -> dict[AllocationType | None, Decimal]:
    """Return the parts of an allocation by kind, also those of unknown kinds."""
    parts: dict[AllocationType | None, Decimal] = {}
    for part in allocation.breakdown:
        if part.amount is not None:
            parts[part.type] = EXACT.add(parts.get(part.type, ZERO), part.amount)
    return parts
