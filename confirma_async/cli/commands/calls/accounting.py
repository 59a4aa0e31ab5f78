"""``confirma ledger``, ``accounting-payment``, ``accounting-invoice``: the accounting system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from confirma_async.cli import options
from confirma_async.cli.connection import Connection, connected
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json
from confirma_async.cli.output.tables import Layout, RecordColumns, as_list, show_list
from confirma_async.formats import read_document
from confirma_async.schemas import AccountingReceipt, LedgerSubmission, PaymentSubmission, TransferStatus
from confirma_async.validation import Checks

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


@click.group(short_help="Ledgers for the accounting system.")
def ledger() -> None:
    """Ledgers for the accounting system."""


@ledger.command("submit", short_help="Submit a ledger.")
@options.json_file
@options.checks
@connected
@options.as_json
def submit_ledger(file: Path, checks: Checks, connection: Connection, as_json: bool) -> Exit:
    """Submit the ledger of FILE: the wire form of "Accounting > Ledger" as JSON; - is standard input.

    Exit code 0: taken; 1: refused; 4: it may have arrived, look at confirma ledger status first.
    """
    document = read_document(file, LedgerSubmission, connection.converter)
    options.judge(document, checks)
    ledger = document.value.ledgers
    receipt = connection.send(
        lambda confirma: confirma.accounting.submit_ledger(
            ledger, validate=checks.validate, allow=checks.allow
        )
    )
    sentence = f"The service has taken ledger {ledger.ledger_identifier or 'without an identifier'}"
    return _taken(receipt, sentence, "confirma ledger status", connection, as_json=as_json)


@ledger.command("status", short_help="Show how the transfer of ledgers stands.")
@_filters
@connected
@as_list
def ledger_status(filters: Mapping[str, str], connection: Connection, layout: Layout) -> Exit:
    """Show how the transfer of ledgers stands.

    Exit code 0: all are in the accounting system; 1: some failed, by our reading; 3: some are on their way.
    """
    answer = connection.ask(lambda confirma: confirma.accounting.ledger_statuses(filters))
    show_list(answer.ledgers, LEDGERS, layout, connection.converter)
    return _exit_of(answer.ledgers)


@click.group(short_help="Payments for the accounting system.")
def accounting_payment() -> None:
    """Payments for the accounting system."""


@accounting_payment.command("submit", short_help="Submit payments.")
@options.json_file
@options.checks
@connected
@options.as_json
def submit_payments(file: Path, checks: Checks, connection: Connection, as_json: bool) -> Exit:
    """Submit the payments of FILE: the wire form of "Accounting > Payment" as JSON; - is standard input.

    Exit code 0: taken; 1: refused; 4: they may have arrived, look at accounting-payment status first.
    """
    document = read_document(file, PaymentSubmission, connection.converter)
    options.judge(document, checks)
    payments = document.value.payments
    receipt = connection.send(
        lambda confirma: confirma.accounting.submit_payments(
            payments, validate=checks.validate, allow=checks.allow
        )
    )
    sentence = f"The service has taken {len(payments)} payment{'' if len(payments) == 1 else 's'}"
    return _taken(receipt, sentence, "confirma accounting-payment status", connection, as_json=as_json)


@accounting_payment.command("status", short_help="Show how the transfer of payments stands.")
@_filters
@connected
@as_list
def payment_status(filters: Mapping[str, str], connection: Connection, layout: Layout) -> Exit:
    """Show how the transfer of payments stands.

    Exit code 0: all are in the accounting system; 1: some failed, by our reading; 3: some are on their way.
    """
    answer = connection.ask(lambda confirma: confirma.accounting.payment_statuses(filters))
    show_list(answer.payments, PAYMENTS, layout, connection.converter)
    return _exit_of(answer.payments)


@click.group(short_help="Invoices on their way to the accounting system.")
def accounting_invoice() -> None:
    """Invoices on their way to the accounting system.

    They are sent there by confirma submit, if processing.accountingInvoiceEnabled is set on them.
    """


@accounting_invoice.command("status", short_help="Show how the transfer of invoices stands.")
@_filters
@connected
@as_list
def invoice_status(filters: Mapping[str, str], connection: Connection, layout: Layout) -> Exit:
    """Show how the transfer of invoices stands.

    The vendor's page is not shown to us: path and names are provisional.

    Exit code 0: all are in the accounting system; 1: some failed, by our reading; 3: some are on their way.
    """
    answer = connection.ask(lambda confirma: confirma.accounting.invoice_statuses(filters))
    show_list(answer.invoices, INVOICES, layout, connection.converter)
    return _exit_of(answer.invoices)


def _taken(
    receipt: AccountingReceipt, sentence: str, next_command: str, connection: Connection, *, as_json: bool
) -> Exit:
    if as_json:
        print_json(connection.converter.unstructure(receipt))
    else:
        say(f"{sentence}.")
        say(f"To see whether the accounting system takes it: {next_command}")
    return Exit.ACCEPTED


def _exit_of(records: Sequence[TransferStatus]) -> Exit:
    if any(record.has_failed for record in records):
        return Exit.REJECTED
    return Exit.PAUSED if any(record.is_pending for record in records) else Exit.ACCEPTED
