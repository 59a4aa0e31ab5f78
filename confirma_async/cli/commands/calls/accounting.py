"""``confirma ledger``, ``accounting-payment``, ``accounting-invoice``: the accounting system."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import click

from confirma_async.cli import options
from confirma_async.cli.commands.calls.written_once import Once, WriteDescription, once_options, write_once
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.options.connection import Connection, connected
from confirma_async.cli.options.destination import connected_for_account
from confirma_async.cli.output.tables import Layout, RecordColumns, as_list, show_list
from confirma_async.client import Confirma
from confirma_async.contract import SUBMIT_LEDGER, SUBMIT_PAYMENTS
from confirma_async.schemas import LedgerSubmission, PaymentSubmission, TransferStatus

LEDGERS = RecordColumns(
    title="Ledgers",
    shown=(
        "source_identifier",
        "document_date",
        "document_name",
        "document_status",
        "sync_date",
        "status",
        "description",
    ),
)
PAYMENTS = RecordColumns(
    title="Payments",
    shown=("source_identifier", "invoice_number", "payment_date", "sync_date", "status", "description"),
)
INVOICES = RecordColumns(
    title="Invoices",
    shown=("source_identifier", "invoice_number", "invoice_date", "sync_date", "status", "description"),
)

_filters = click.option(
    "--filter",
    "filters",
    metavar="NAME=VALUE",
    multiple=True,
    callback=options.name_and_value,
    help="A query parameter, passed on as given; none is documented. May be repeated.",
)


_STATUS_CODES = (
    "Exit code 0: all are in the accounting system; 1: some failed, by our reading; 3: some are on their way."
)


@click.group(short_help="Ledgers for the accounting system.")
def ledger() -> None:
    """Ledgers for the accounting system."""


@ledger.command("submit", short_help="Submit a ledger.")
@options.json_file
@once_options
@connected_for_account
@options.as_json
def submit_ledger(file: Path, once: Once, connection: Connection, as_json: bool) -> Exit:
    """Submit the ledger of FILE: the wire form of "Accounting > Ledger" as JSON; - is standard input.

    The account's journal knows it by its identifier, or by --key: run again, the command sends nothing twice.

    Exit code 0: taken; 1: refused or rejected; 3: not sent; 4: it may have arrived, and is not sent again.
    """
    ledger = options.judged(file, LedgerSubmission, connection.converter, once.checks).ledgers
    return write_once(
        lambda outbox: outbox.accounting.submit_ledger(ledger, key=once.key, **once.arguments),
        WriteDescription(
            SUBMIT_LEDGER,
            f"ledger {ledger.ledger_identifier or 'without an identifier'}",
            "confirma ledger status",
        ),
        connection=connection,
        once=once,
        as_json=as_json,
    )


@click.group(short_help="Payments for the accounting system.")
def accounting_payment() -> None:
    """Payments for the accounting system."""


@accounting_payment.command("submit", short_help="Submit payments.")
@options.json_file
@once_options
@connected_for_account
@options.as_json
def submit_payments(file: Path, once: Once, connection: Connection, as_json: bool) -> Exit:
    """Submit the payments of FILE: the wire form of "Accounting > Payment" as JSON; - is standard input.

    The account's journal knows them by their identifiers, or by --key: run again, the command sends nothing
    twice.

    Exit code 0: taken; 1: refused or rejected; 3: not sent; 4: they may have arrived, and are not sent again.
    """
    payments = options.judged(file, PaymentSubmission, connection.converter, once.checks).payments
    return write_once(
        lambda outbox: outbox.accounting.submit_payments(payments, key=once.key, **once.arguments),
        WriteDescription(
            SUBMIT_PAYMENTS,
            f"{len(payments)} payment{'' if len(payments) == 1 else 's'}",
            "confirma accounting-payment status",
        ),
        connection=connection,
        once=once,
        as_json=as_json,
    )


@click.group(short_help="Invoices on their way to the accounting system.")
def accounting_invoice() -> None:
    """Invoices on their way to the accounting system.

    They are sent there by confirma submit, if processing.accountingInvoiceEnabled is set on them.
    """


def _add_status(
    group: click.Group,
    what: str,
    sheet: RecordColumns,
    ask: Callable[[Confirma, Mapping[str, str]], Awaitable[object]],
    *remarks: str,
) -> None:
    """Add a command to a group that shows the transfer status of ledgers, payments or invoices."""
    meaning = f"Show how the transfer of {what} stands."

    @group.command("status", short_help=meaning, help="\n\n".join((meaning, *remarks, _STATUS_CODES)))
    @_filters
    @connected
    @as_list
    def status(filters: Mapping[str, str], connection: Connection, layout: Layout) -> Exit:
        answer = connection.ask(lambda confirma: ask(confirma, filters))
        records: Sequence[TransferStatus] = getattr(answer, what)
        show_list(records, sheet, layout, connection.converter)
        if any(record.has_failed for record in records):
            return Exit.REJECTED
        return Exit.PAUSED if any(record.is_pending for record in records) else Exit.ACCEPTED


_add_status(
    ledger, "ledgers", LEDGERS, lambda confirma, filters: confirma.accounting.ledger_statuses(filters)
)
_add_status(
    accounting_payment,
    "payments",
    PAYMENTS,
    lambda confirma, filters: confirma.accounting.payment_statuses(filters),
)
_add_status(
    accounting_invoice,
    "invoices",
    INVOICES,
    lambda confirma, filters: confirma.accounting.invoice_statuses(filters),
    "The vendor's page is not shown to us: path and names are provisional.",
)
