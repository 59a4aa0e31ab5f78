"""Prints results: tables for people, and JSON for machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

import click
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from confirma_async.cli.flags import in_flags
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.output.printer import json_document, say
from confirma_async.errors import Problem
from confirma_async.privacy import visible

if TYPE_CHECKING:
    from confirma_async.formats import Identity

_MESSAGES = frozenset({"message", "detail", "remark", "remedy"})
"""The keys of JSON results whose values are messages of the library."""

NARROW = 60
"""The least width of a terminal for a table, in columns; in a narrower one, rows are printed as lines."""

ROWS = 20
"""The greatest number of rows of a table for people; --json and the journal have all."""


def print_json(value: object) -> None:
    """Print one JSON document; decimals are exact numbers, and its messages name options."""
    click.echo(json_document(_with_options(value)))  # bytes: UTF-8, whatever the terminal takes


def print_result(sentence: str, facts: object, *, as_json: bool) -> None:
    """Print a result: a sentence for people, or JSON for machines."""
    if as_json:
        print_json(facts)
    else:
        say(sentence)


def _with_options(value: Any) -> Any:
    """Return a JSON value, with options in place of parameters in its messages."""
    if isinstance(value, Mapping):
        named = cast("Mapping[str, Any]", value)
        return {
            name: in_flags(below) if name in _MESSAGES and isinstance(below, str) else _with_options(below)
            for name, below in named.items()
        }
    return [*map(_with_options, cast("Sequence[Any]", value))] if isinstance(value, list | tuple) else value


def _is_too_narrow(console: Console, made: Table) -> bool:
    """Say whether a terminal is so narrow that words in a table's headings would be broken."""
    words = [max((len(word) for word in str(column.header).split()), default=0) for column in made.columns]
    return console.width < NARROW or console.width < sum(words) + 3 * len(words) + 1


def table(title: str, *columns: str) -> Table:
    """Return an empty table in the style of all tables."""
    made = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def print_table(console: Console, made: Table, rows: Sequence[Sequence[str]]) -> None:
    """Print a table, or its cells as lines if the terminal is too narrow; empty columns are left out.

    Args:
        console: The terminal to print to.
        made: The table, with its columns, but without rows.
        rows: The cells of each row, in rich's markup.
    """
    kept = [index for index in range(len(made.columns)) if not rows or any(row[index] for row in rows)]
    made.columns = [made.columns[index] for index in kept]
    rows = [[row[index] for index in kept] for row in rows]
    if not _is_too_narrow(console, made):
        for row in rows:
            made.add_row(*row)
        console.print(made)
        return
    if made.title:
        console.print(made.title, style="bold")
    headings = [str(column.header) for column in made.columns]
    for index, row in enumerate(rows):
        if index:
            console.print()
        for heading, cell in zip(headings, row, strict=True):
            if cell:
                console.print(f"{escape(heading)}: {cell}" if heading else cell, highlight=False)


def print_rows(console: Console, made: Table, rows: Iterable[Sequence[object]], total: int) -> None:
    """Print a table of at most ``ROWS`` rows, and say how many more there are."""
    shown = [
        [escape("" if cell is None else visible(str(cell))) for cell in row] for row in islice(rows, ROWS)
    ]
    print_table(console, made, shown)
    _print_left_out(console, total)


def _print_left_out(console: Console, total: int) -> None:
    if total > ROWS:
        from confirma_async.cli.language.figures import count, plain

        left_out = _("... and {count} more; --json lists them").format(count=plain(count(total - ROWS)))
        console.print(left_out, highlight=False)


def print_sayings(console: Console, title: str, said: Sequence[tuple[str, str]]) -> None:
    """Print at most ``ROWS`` sentences about records, each below the place of its record.

    It prints lines rather than a table, so that places are not broken, and sentences have the whole width.
    """
    if not said:
        return
    console.print(title, style="bold")
    before = None
    for record, sentence in said[:ROWS]:
        if record != before:
            console.print(Text(visible(record)), soft_wrap=True)
        before = record
        console.print(Padding(Text(visible(sentence)), (0, 0, 0, 2)))
    _print_left_out(console, len(said))


def record_in_words(place: object, number: object, *more: str, what: str | None = None) -> str:
    """Return a record in words, by which a person can find it: its place, its number, and more."""
    name = f"{what} {number}" if what else _("invoice {number}").format(number=number)
    named = [] if number is None else [name]
    return ", ".join((str(place), *named, *more))


def print_numbers(console: Console, numbers: Mapping[Identity, int]) -> None:
    """Print the whole numbers that were assigned to documents, with the documents' own numbers."""
    if numbers:
        rows = ((who.original, str(who.type), number) for who, number in numbers.items())
        made = table(_("Numbers given"), _("In the file"), _("Type"), _("Sent as"))
        print_rows(console, made, rows, len(numbers))


def problem_as_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON."""
    return {"path": problem.path, "rule": problem.rule, "message": problem.message}


def numbers_as_json(numbers: Mapping[Identity, int]) -> list[dict[str, Any]]:
    """Return the assigned numbers as JSON."""
    return [
        {"seller": who.seller, "type": str(who.type), "original": who.original, "number": number}
        for who, number in numbers.items()
    ]
