"""Prints records of the service: a table for people, JSON for machines, CSV for spreadsheets."""

from __future__ import annotations

import datetime
import enum
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import wraps
from itertools import chain
from operator import attrgetter
from typing import Any, Literal, TypeVar

import click
from attrs import field, frozen
from rich.console import Console
from rich.markup import escape

from confirma_async.cli import options
from confirma_async.cli.options.bundle import Decorator
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json, print_table, table
from confirma_async.cli.output.terminal import Terminal
from confirma_async.converters import Converter
from confirma_async.errors import ResponseDecodeError
from confirma_async.pagination import Pager
from confirma_async.privacy import visible
from confirma_async.schemas.values import ZERO
from confirma_async.schemas.wire import Schema
from confirma_async.validation.sums import EXACT

A = TypeVar("A")
R = TypeVar("R")

_FORMULA = re.compile(r"""(^|[,;|\t\n])(?=[\s"']*[=+\-@\uff0b\uff0d\uff1d\uff20])""")
"""Places where a spreadsheet, with whichever delimiter, may find a cell that begins like a formula."""


_HEADINGS: Mapping[str, str] = {
    "invoice_number": "Invoice",
    "original_invoice_number": "Invoice",
    "case_id": "Case",
    "settlement_id": "Settlement",
    "source_identifier": "Identifier",
    "payment_control_status": "Payment control",
    "capital_amount": "Capital",
    "interest_amount": "Interest",
    "fees_amount": "Fees",
    "other_amount": "Other",
    "allocated_amount": "Allocated",
    "e_invoice_address_name": "Name",
    "e_invoice_address": "Address",
    "e_invoice_address_type": "Type",
    "e_invoice_operator_id": "Operator",
    "e_invoice_operator_name": "Operator's name",
}
"""The headings of tables for people, for attributes whose own names are not suitable."""


class Layout(enum.Enum):
    """The form in which a list is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    EXCEL = "excel"


def as_list(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options --json, --csv and --excel to a command, which takes ``layout``."""

    @wraps(command)
    def with_layout(*args: Any, as_json: bool, as_csv: bool, as_excel: bool, **kwargs: Any) -> R:
        if as_json + as_csv + as_excel > 1:
            raise click.UsageError("--json, --csv and --excel exclude each other")
        wanted = {Layout.JSON: as_json, Layout.CSV: as_csv, Layout.EXCEL: as_excel, Layout.TABLE: True}
        return command(*args, layout=next(each for each, is_wanted in wanted.items() if is_wanted), **kwargs)

    return options.as_json(
        click.option("--csv", "as_csv", is_flag=True, help="Print CSV for spreadsheets.")(
            excel_option(with_layout)
        )
    )


excel_option: Decorator = click.option(
    "--excel", "as_excel", is_flag=True, help="Print CSV as Excel opens it in Finland: ; and decimal comma."
)


@frozen(kw_only=True)
class RecordColumns:
    """How records of one kind are printed.

    Attributes:
        title: The title of a table of them.
        shown: The attributes that a table for people has, in order.
        more: The attributes that only CSV has.
        amount: The attribute that is summed up below a table, by the currency of each record.
    """

    title: str
    shown: Sequence[str] = field(converter=tuple[str, ...])
    more: Sequence[str] = field(default=(), converter=tuple[str, ...])
    amount: str | None = None


async def collected(listing: Pager[Any, A]) -> tuple[list[A], ResponseDecodeError | None]:
    """Read the records of a list; return them, with the error about those that could not be read."""
    records: list[A] = []
    try:
        async for record in listing:
            records.append(record)  # noqa: PERF401 (what came before an error is kept)
    except ResponseDecodeError as error:
        if not records:
            raise
        return records, error
    return records, None


def show_list(
    records: Sequence[Schema],
    sheet: RecordColumns,
    layout: Layout,
    converter: Converter,
    *,
    rows: Sequence[object] | None = None,
) -> None:
    """Print the records of a list.

    Args:
        records: The records that the service answered with.
        sheet: The columns of table and CSV.
        layout: The form in which to print them.
        converter: Writes the records as JSON in their wire form.
        rows: The rows of table and CSV, if they are not the records themselves.
    """
    rows = records if rows is None else rows
    match layout:
        case Layout.JSON:
            print_json([converter.unstructure(record) for record in records])
        case Layout.CSV | Layout.EXCEL:
            names = [*sheet.shown, *sheet.more]
            lines = ([getattr(row, name) for name in names] for row in rows)
            print_csv(names, lines, for_excel=layout is Layout.EXCEL)
        case Layout.TABLE:
            console = Terminal(highlight=False)
            print_records(console, sheet, rows)
            console.print(escape(_summary(sheet, rows)), soft_wrap=True)


def warn_of_default_window(found: Sequence[object], from_date: datetime.date | None) -> None:
    """Warn, if nothing was found, that without a period the service looks at the last 30 days only."""
    if not found and from_date is None:
        say("confirma: without --from the service looks at the last 30 days only; name a period", err=True)


def print_records(console: Console, sheet: RecordColumns, rows: Sequence[object]) -> None:
    """Print a table of records, without empty columns; print nothing if all are empty."""
    columns = {name: [getattr(row, name) for row in rows] for name in sheet.shown}
    columns = {name: values for name, values in columns.items() if any(value is not None for value in values)}
    if not columns:
        return
    made = table(sheet.title)
    for name, values in columns.items():
        made.add_column(_heading(name), justify=_justified(values), overflow="fold")
    print_table(
        console, made, [[_cell(value) for value in cells] for cells in zip(*columns.values(), strict=True)]
    )


def print_facts(console: Console, title: str, facts: Mapping[str, object]) -> None:
    """Print names and values as a table; values that are None are left out."""
    known = {name: value for name, value in facts.items() if value is not None}
    made = table(title, "", "")
    made.show_header = False
    made.columns[1].justify = _justified(known.values())
    print_table(console, made, [[name, _cell(value)] for name, value in known.items()])


def text(value: object) -> str:
    """Return a value as text, whatever the language: amounts with two decimals, dates as ISO 8601."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:.2f}" if _is_whole_in_cents(value) else f"{value:f}"
        case datetime.datetime():
            return value.isoformat().replace("+00:00", "Z")
        case datetime.date():
            return value.isoformat()
        case _:
            return str(value)


def _is_whole_in_cents(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -2


def _heading(name: str) -> str:
    return _HEADINGS.get(name) or name.replace("_", " ").capitalize()


def _justified(values: Iterable[object]) -> Literal["left", "right"]:
    """Return the alignment of a column: right for amounts."""
    return "right" if all(value is None or isinstance(value, Decimal) for value in values) else "left"


def _cell(value: object) -> str:
    """Return a value as the locale writes it, with control characters made visible, for a table."""
    return escape(visible(_in_locale(value)))


def _in_locale(value: object) -> str:
    from confirma_async.cli.language import figures

    match value:
        case Decimal():
            return figures.plain(figures.amount(value))
        case datetime.datetime():
            return figures.plain(figures.moment(value))
        case datetime.date():
            return figures.day(value)
        case _:
            return text(value)


def _summary(sheet: RecordColumns, rows: Sequence[object]) -> str:
    count = f"{sheet.title}: {len(rows) or 'none'}"
    if sheet.amount is None or not rows:
        return count
    sums: dict[str, Decimal] = {}
    for amount, currency in map(attrgetter(sheet.amount, "currency"), rows):
        if amount is not None:
            sums[text(currency)] = EXACT.add(sums.get(text(currency), ZERO), amount)
    return ", ".join(
        [count, *(f"{_in_locale(total)} {currency}".rstrip() for currency, total in sums.items())]
    )


def print_csv(names: Sequence[str], lines: Iterable[Iterable[object]], *, for_excel: bool) -> None:
    """Print CSV that spreadsheets can open, however long it is.

    Args:
        names: The names of the columns.
        lines: The values of each line.
        for_excel: Whether to write decimal commas and semicolons, as Excel reads them in Finland, and a byte
            order mark, by which Excel recognises UTF-8.
    """
    mark, delimiter, decimal = ("\ufeff", ";", ",") if for_excel else ("", ",", ".")
    out = sys.stdout.buffer  # UTF-8, whatever the terminal takes
    out.write(mark.encode())
    for line in chain([names], lines):
        out.write(f"{delimiter.join(_csv_cell(value, decimal) for value in line)}\n".encode())
    sys.stdout.flush()  # here, where its failure can still be reported


def _csv_cell(value: object, decimal: str) -> str:
    """Return a value as a cell of CSV: each text is quoted, and none looks like a formula to a spreadsheet.

    Quotes alone do not help: a spreadsheet with another delimiter finds them inside a cell, and ignores them.
    """
    if isinstance(value, Decimal | float):
        return text(value).replace(".", decimal)
    if not isinstance(value, str):
        return text(value)
    return '"{}"'.format(harmless(value).replace('"', '""'))


def harmless(value: str) -> str:
    """Return a text so changed that no spreadsheet takes it for a formula."""
    return _FORMULA.sub(r"\1'", visible(value))
