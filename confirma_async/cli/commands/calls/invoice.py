"""``confirma invoice``: one invoice, its case, and what became of it."""

from __future__ import annotations

import datetime
from pathlib import Path

import click
from attrs import asdict, frozen

from confirma_async.bulk import State
from confirma_async.bulk.evidence.classification import Receipts, classify_answer
from confirma_async.cli import options
from confirma_async.cli.commands.calls.actions import action
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.options.bundle import bundle
from confirma_async.cli.options.connection import Connection, connected
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json
from confirma_async.cli.output.tables import (
    Layout,
    RecordColumns,
    as_list,
    collected,
    print_facts,
    print_records,
    show_list,
    warn_of_default_window,
)
from confirma_async.cli.output.terminal import Terminal
from confirma_async.client import Confirma
from confirma_async.errors import ResponseDecodeError
from confirma_async.schemas import Case, DistributionRecord, InvoiceReceipt, SalesInvoiceRequest
from confirma_async.session.answers.decoding import Reply
from confirma_async.validation import Checks

_OK = 200

DISTRIBUTIONS = RecordColumns(
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
_CASE_PAYMENTS = RecordColumns(title="Payments", shown=("payment_date", "amount", "reference"))
_CASE_EVENTS = RecordColumns(title="Events", shown=("date", "code", "description"))
_CASE_TIMELINE = RecordColumns(title="Timeline", shown=("date", "stage", "description"))


@click.group(short_help="One invoice: create it, ask about it, act on it.")
def invoice() -> None:
    """One invoice: create it, ask about it, act on it."""


invoice.add_command(action)


@invoice.command(short_help="Send one invoice.")
@options.json_file
@options.checks
@connected
@options.as_json
def create(file: Path, checks: Checks, connection: Connection, as_json: bool) -> Exit:
    """Send one invoice: FILE holds a SalesInvoiceRequest in wire form as JSON; - is standard input.

    No journal is kept, so nothing guards against sending it twice: for more than one invoice, and for a
    script that may run again, use confirma submit.

    Exit code 0: taken; 1: refused or rejected; 4: it may have arrived, look it up first.
    """
    sent = options.judged(file, SalesInvoiceRequest, connection.converter, checks)
    receipt = connection.send(
        lambda confirma: confirma.invoices.create(sent, validate=checks.validate, allow=checks.allow)
    )
    answer = connection.converter.unstructure(receipt)
    found = classify_answer(
        Reply(status=_OK, found=answer), sent.invoice.header.number, Receipts.of(connection.converter)
    )
    if as_json:
        print_json(answer)
    else:
        _show_receipt(sent, receipt, found.state, found.detail)
    return {State.ACCEPTED: Exit.ACCEPTED, State.REJECTED: Exit.REJECTED}.get(found.state, Exit.UNKNOWN)


def _show_receipt(
    sent: SalesInvoiceRequest, receipt: InvoiceReceipt, state: State, detail: str | None
) -> None:
    number, date = sent.invoice.header.number, sent.invoice.header.date
    word = f" ({receipt.status})" if receipt.status else ""
    match state:
        case State.ACCEPTED:
            say(f"Invoice {number} was taken{word}.")
        case State.REJECTED:
            say(f"Invoice {number} was rejected{word}: {detail or 'no reason was given'}")
        case _:
            say(f"Whether invoice {number} was taken is not clear: {detail}")
    period = f"--from {date} --to {date}"  # without it, the service looks at the last 30 days only
    say(f"See what becomes of it: confirma invoice distribution --invoice {number} {period}")


@invoice.command(short_help="Show a debt collection case.")
@click.argument("case_id", metavar="[CASE]", type=options.whole_number, required=False)
@options.invoice_number
@connected
@options.as_json
def case(case_id: int | None, invoice_number: int | None, connection: Connection, as_json: bool) -> None:
    """Show balance, payments, events and timeline of a case.

    CASE is its number, which confirma invoice distribution shows for each invoice; or name the invoice.

    \b
      confirma invoice case 7
      confirma invoice case --invoice 1042
    """
    details = connection.ask(lambda confirma: confirma.invoices.case(case_id, invoice_number=invoice_number))
    if as_json:
        print_json(connection.converter.unstructure(details))
    elif details.case is not None:
        _show_case(details.case)
    else:
        say("The answer holds no case.")


def _show_case(found: Case) -> None:
    console = Terminal(highlight=False)
    summary, balance = found.summary, found.balance
    if summary is not None:
        facts = {
            "Status": summary.status,
            "Stage": summary.stage,
            "Opened": summary.created_at,
            "Closed": summary.closed_at,
            "Days open": summary.active_days,
            "Creditor": summary.creditor,
            "Agency": summary.agency,
            "Currency": summary.currency,
        }
        print_facts(console, f"Case {'' if summary.case_id is None else summary.case_id}".rstrip(), facts)
    if balance is not None:
        owed = {
            "Capital": balance.capital_amount,
            "Interest": balance.interest_amount,
            "Costs": balance.costs_amount,
            "Total": balance.total_amount,
        }
        print_facts(console, "Balance", owed)
    print_records(console, _CASE_PAYMENTS, found.payments)
    print_records(console, _CASE_EVENTS, found.events)
    print_records(console, _CASE_TIMELINE, found.timeline)


@frozen(kw_only=True)
class _AskedInvoices:
    """The invoices to ask the service about.

    Attributes:
        invoice_number: The number of a single invoice.
        from_date: The first invoice date.
        to_date: The last invoice date.
        fetch_type: The query parameter ``fetchType``, whose values are not documented.
    """

    invoice_number: int | None
    from_date: datetime.date | None
    to_date: datetime.date | None
    fetch_type: str | None


@invoice.command(short_help="Show what became of invoices.")
@bundle(
    "asked",
    _AskedInvoices,
    options.invoice_number,
    options.period("invoice date"),
    click.option("--fetch-type", metavar="WORD", help="Passed on as given; its values are not documented."),
)
@click.option("--v2", is_flag=True, help="Ask version 2, which answers by pages (provisional).")
@connected
@as_list
def distribution(asked: _AskedInvoices, v2: bool, connection: Connection, layout: Layout) -> None:
    """Show what became of invoices: status, method, payment control, case.

    Without dates the service takes the last 30 days. A longer period is asked for in parts.

    \b
      confirma invoice distribution --from 2026-11-01 --to 2026-11-30
      confirma invoice distribution --invoice 1042 --json
    """

    async def read(confirma: Confirma) -> tuple[list[DistributionRecord], ResponseDecodeError | None]:
        verb = confirma.invoices.distributions_v2 if v2 else confirma.invoices.distributions
        return await collected(verb(**asdict(asked)))

    found, error = connection.ask(read)
    show_list(found, DISTRIBUTIONS, layout, connection.converter)
    warn_of_default_window(found, asked.from_date)
    if error is not None:
        raise error
