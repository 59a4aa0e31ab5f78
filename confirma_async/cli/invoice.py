"""``confirma invoice``: one invoice, its case, and what became of it."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from confirma_async.bulk import State
from confirma_async.bulk.rulings import on_receipt
from confirma_async.cli import options
from confirma_async.cli.connection import Connection, connected
from confirma_async.cli.exits import Exit
from confirma_async.cli.records import Form, Sheet, as_list, show_list
from confirma_async.cli.render import print_json
from confirma_async.client import Confirma
from confirma_async.formats import read_document
from confirma_async.schemas import DistributionRecord, InvoiceReceipt, SalesInvoiceRequest

DISTRIBUTIONS = Sheet(
    title="Invoices",
    shown=(
        "invoice_number",
        "invoice_date",
        "status",
        "method",
        "payment_control_status",
        "case_id",
        "distributed_at",
        "error",
    ),
    more=("created_at",),
)


@click.group(short_help="One invoice: create it, ask about it, act on it.")
def invoice() -> None:
    """One invoice: create it, ask about it, act on it."""


@invoice.command(short_help="Send one invoice.")
@options.json_file
@connected
@options.as_json
def create(file: Path, connection: Connection, as_json: bool) -> Exit:
    """Send one invoice: FILE holds a SalesInvoiceRequest in wire form as JSON; - is standard input.

    No journal is kept, so nothing guards against sending it twice: for more than one invoice, and for a
    script that may run again, use confirma submit.

    Exit code 0: taken; 1: refused or rejected; 4: it may have arrived, look it up first.
    """
    document = read_document(file, SalesInvoiceRequest, connection.converter)
    options.remark(document.remarks)
    receipt = connection.ask(lambda confirma: confirma.invoices.create(document.value))
    ruling = on_receipt(receipt)
    if as_json:
        print_json(connection.converter.unstructure(receipt))
    else:
        _show_receipt(document.value, receipt, ruling.state, ruling.detail)
    return {State.ACCEPTED: Exit.ACCEPTED, State.REJECTED: Exit.REJECTED}.get(ruling.state, Exit.UNKNOWN)


def _show_receipt(
    sent: SalesInvoiceRequest, receipt: InvoiceReceipt, state: State, detail: str | None
) -> None:
    number = sent.invoice.header.number
    word = f" ({receipt.status})" if receipt.status else ""
    match state:
        case State.ACCEPTED:
            click.echo(f"Invoice {number} was taken{word}.")
        case State.REJECTED:
            click.echo(f"Invoice {number} was rejected{word}: {detail or 'no reason was given'}")
        case _:
            click.echo(f"Whether invoice {number} was taken is not clear: {detail}")
    click.echo(f"See what becomes of it: confirma invoice distribution --invoice {number}")


@invoice.command(short_help="Show what became of invoices.")
@options.invoice_number
@options.period("invoice date")
@click.option("--fetch-type", metavar="WORD", help="Passed on as given; its values are not documented.")
@connected
@as_list
def distribution(
    invoice_number: str | None,
    from_date: datetime.date | None,
    to_date: datetime.date | None,
    fetch_type: str | None,
    connection: Connection,
    form: Form,
) -> Exit:
    """Show what became of invoices: status, method, payment control, case.

    Without dates the service takes the last 30 days. A longer period is asked for in parts.

    \b
      confirma invoice distribution --from 2026-11-01 --to 2026-11-30
      confirma invoice distribution --invoice 1042 --json
    """  # noqa: D301 (click's own mark for a paragraph to leave as it is)

    async def read(confirma: Confirma) -> list[DistributionRecord]:
        listing = confirma.invoices.distributions(
            invoice_number=invoice_number, from_date=from_date, to_date=to_date, fetch_type=fetch_type
        )
        return [record async for record in listing]

    show_list(connection.ask(read), DISTRIBUTIONS, form, connection.converter)
    return Exit.ACCEPTED
