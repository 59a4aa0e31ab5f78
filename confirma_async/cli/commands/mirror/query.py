"""``confirma mirror query``: queries the mirror by SQL that can only read."""

from __future__ import annotations

import sys
from decimal import Decimal

import click
from rich.markup import escape
from rich.table import Table

from confirma_async import bounds
from confirma_async.cli import options
from confirma_async.cli.commands.mirror.place import db as db_option
from confirma_async.cli.output.printer import json_line, say
from confirma_async.cli.output.tables import Layout, as_list, print_csv, text
from confirma_async.cli.output.terminal import Terminal
from confirma_async.cli.running.stopping import signals
from confirma_async.mirror.query import MOST, QueryResult, ask
from confirma_async.mirror.store.views import VIEWS
from confirma_async.privacy import visible

_SHOWN = 100
"""The greatest number of rows of a table for people; --csv and --json have all."""

_TABLES = "".join(f"  {view.name:<20} {', '.join(view.columns)}\n" for view in VIEWS)


@click.command(short_help="Ask the mirror in SQL; it can only be read.")
@click.argument("question", required=False)
@db_option
@click.option(
    "--most",
    type=options.WholeRange(bounds.PAGE_SIZE),
    default=MOST,
    show_default=True,
    help="Rows of the answer at most.",
)
@click.option("--tables", is_flag=True, help="Say what there is to ask: each table with its columns.")
@as_list
def query(question: str | None, db: str | None, most: int, tables: bool, layout: Layout) -> None:
    """Ask the mirror in SQL. Only SELECT is answered.

    Amounts are whole hundredths, in columns that end in _cents, so that every sum is exact; they are shown as
    amounts, without that ending. --tables lists tables and columns.

    \b
    Example:
      confirma mirror query "SELECT currency, sum(amount_cents) AS paid_cents FROM payments GROUP BY currency"
    """
    if tables:
        say(_TABLES.rstrip("\n"), lines=True)
        return
    if not question:
        raise click.UsageError("ask something: a SELECT; --tables says what there is")
    with signals.interrupting():
        answer = ask(question, db, most=most)
    if layout in {Layout.CSV, Layout.EXCEL}:
        print_csv(answer.columns, answer.rows, for_excel=layout is Layout.EXCEL)
    elif layout is Layout.JSON:
        lines = (json_line(dict(zip(answer.columns, row, strict=True))) for row in answer.rows)
        sys.stdout.buffer.writelines(lines)
        sys.stdout.flush()  # here, where a failure can still be reported
    else:
        _show(answer)
    if answer.cut:
        say(f"confirma: there are more than {most} rows; --most shows more of them", err=True)


def _show(answer: QueryResult) -> None:
    made = Table(header_style="bold")
    for place, name in enumerate(answer.columns):
        numbers = all(isinstance(row[place], int | float | Decimal | None) for row in answer.rows)
        made.add_column(escape(visible(name)), justify="right" if numbers else "left", overflow="fold")
    for row in answer.rows[:_SHOWN]:
        made.add_row(*(escape(visible(text(value))) for value in row))
    console = Terminal(highlight=False)
    console.print(made)
    if len(answer.rows) > _SHOWN:
        console.print(f"... and {len(answer.rows) - _SHOWN} more; --csv and --json list them")
