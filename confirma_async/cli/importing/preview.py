"""Shows the first invoices of a file as they will be sent, and the totals of the file."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from attrs import define, field

from confirma_async.bulk.job.preparation import prepare
from confirma_async.bulk.models import RefusedRecord
from confirma_async.cli.importing import texts
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.messages import problem_in_words, translated
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_sayings, record_in_words
from confirma_async.cli.output.terminal import Terminal
from confirma_async.converters import Converter
from confirma_async.formats import ReadInvoice, ReadOptions, read, read_files
from confirma_async.schemas import InvoiceAmounts, SalesInvoiceRequest
from confirma_async.validation import Checks
from confirma_async.validation.prices import price_faults

_SHOWN = 3


@define
class Preview:
    """What a job would do with the invoices of a file.

    Attributes:
        first: The first invoices that can be sent.
        count: How many invoices can be sent.
        refused: How many invoices cannot be sent.
        totals: The sum of the invoices that can be sent, by currency.
        problems: What is wrong: the place of the record, and the problem.
        remarks: What was decided while reading: the place of the record, and the decision.
        warnings: What looks wrong: the place of the record, and the problem.
        asks_for_money: Whether any invoice has an amount or a price.
    """

    first: list[SalesInvoiceRequest] = field(factory=list[SalesInvoiceRequest])
    count: int = 0
    refused: int = 0
    totals: dict[str, Decimal] = field(factory=dict[str, Decimal])
    problems: list[tuple[str, str]] = field(factory=list[tuple[str, str]])
    remarks: list[tuple[str, str]] = field(factory=list[tuple[str, str]])
    warnings: list[tuple[str, str]] = field(factory=list[tuple[str, str]])
    asks_for_money: bool = False

    @property
    def can_be_sent(self) -> bool:
        """Whether there are invoices to send, and at least one has an amount or a price."""
        return self.count > 0 and self.asks_for_money


def preview(file: Path, reading: ReadOptions, converter: Converter, checks: Checks) -> Preview:
    """Read a file as a job does, and check every invoice.

    Raises:
        InputError: the file as a whole cannot be read.
    """
    next(iter(read(file, reading, converter)), None)  # a job would report it as a refused record
    found = Preview()
    for index, record in enumerate(read_files([file], reading, converter), 1):
        ready = prepare(record, index, converter, checks)
        if isinstance(ready, RefusedRecord):
            found.refused += 1
            where = record_in_words(ready.place, ready.number)
            found.problems += [(where, problem_in_words(problem)) for problem in ready.problems]
            continue
        found.count += 1
        where = record_in_words(ready.place, ready.key.number)
        found.remarks += [(where, translated(remark)) for remark in ready.remarks]
        found.warnings += [(where, problem_in_words(warning)) for warning in ready.warnings]
        if ready.amount is not None:
            found.totals[ready.currency] = found.totals.get(ready.currency, Decimal(0)) + ready.amount
        if isinstance(record, ReadInvoice):
            found.asks_for_money = found.asks_for_money or _asks_for_money(record.request)
            found.warnings += [
                (where, problem_in_words(each)) for each in record.located(price_faults(record.request))
            ]
            if len(found.first) < _SHOWN:
                found.first.append(record.request)
    return found


def show(found: Preview, ignored: Sequence[str], target: str) -> None:
    """Print what a job would do with a file.

    Args:
        found: What the job would do.
        ignored: The titles of the columns that are passed over.
        target: The service that the invoices would be sent to, in words.
    """
    console = Terminal()
    if found.first:
        say(_(texts.AS_SENT).format(shown=len(found.first), count=found.count))
        for request in found.first:
            for line in _in_words(request):
                say(line)
    for title, said in (
        (texts.REMARKS, found.remarks),
        (texts.WARNINGS, found.warnings),
        (texts.REFUSED, found.problems),
    ):
        print_sayings(console, _(title), said)
    if found.count and not found.asks_for_money:
        say(_(texts.NOTHING_ASKED))
    if ignored:
        say(_(texts.PASSED_OVER).format(titles=", ".join(ignored)))
    say(texts.totals_in_words(found.count, found.totals, found.refused, target))


def _asks_for_money(request: SalesInvoiceRequest) -> bool:
    invoice = request.invoice
    whole = invoice.amounts or InvoiceAmounts()
    amounts = [whole.net_amount, whole.gross_amount]
    for row in invoice.rows:
        amounts += [row.net_amount, row.gross_amount, row.unit_price]
    return any(amount is not None for amount in amounts)


def _in_words(request: SalesInvoiceRequest) -> tuple[str, str]:
    invoice = request.invoice
    header, parties, amounts = invoice.header, invoice.parties, invoice.amounts or InvoiceAmounts()
    buyer = None if parties is None or parties.buyer_party is None else parties.buyer_party.name
    sums = [amounts.net_amount, amounts.vat_amount, amounts.gross_amount]
    method = None if request.distribution is None else request.distribution.method
    rates = sorted({row.vat_percentage for row in invoice.rows if row.vat_percentage is not None})
    return (
        f"  {texts.invoice_in_words(header.number, buyer, sums, header.currency_code)}",
        f"    {texts.terms_in_words(header.due_date, method, rates)}",
    )
