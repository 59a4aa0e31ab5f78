"""``confirma contract``: shows the contract, and compares it with the service."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import click
from rich.markup import escape

from confirma_async.cli import options
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.options.connection import Connection, connected
from confirma_async.cli.output.pages.rendering import rendered
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json, print_rows, print_sayings, table
from confirma_async.cli.output.terminal import Terminal
from confirma_async.comparison import ContractComparison, compare
from confirma_async.contract import OPERATIONS, Overrides, schema_classes
from confirma_async.converters import wire_names
from confirma_async.privacy import visible
from confirma_async.schemas.wire import EVIDENCE


@click.group(short_help="What is known of the contract, and what is not.")
def contract() -> None:
    """Show the contract in force, find out what differs, and write down what to correct."""


@contract.command(short_help="Show the contract in force.")
@click.argument("word", required=False, metavar="[WORD]")
@options.overrides
@options.as_json
def show(word: str | None, overrides: Overrides, as_json: bool) -> None:
    """Show every path and name in force, how well it is known, and what was overridden.

    WORD leaves only those that hold it.

    \b
      confirma contract show settlement --overrides overrides.toml
    """
    rows = [*_operations(overrides), *_names(overrides)]
    if word is not None:
        rows = [row for row in rows if re.search(re.escape(word), " ".join(map(str, row)), re.IGNORECASE)]
    if as_json:
        keys = ("fact", "in_force", "evidence", "shipped")
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        made = table("The contract in force", "Fact", "In force", "Evidence", "Overridden")
        print_rows(Terminal(), made, rows, len(rows))


_OUT = click.option(
    "--write",
    "out",
    type=options.FILE,
    help="Write the overrides that follow to this file.",
)
_HTML = click.option("--html", type=options.FILE, help="Write a page to this file.")


@contract.command(short_help="Compare the service with the contract.")
@_OUT
@_HTML
@connected
@options.as_json
def check(out: Path | None, html: Path | None, connection: Connection, as_json: bool) -> Exit:
    """Ask the service harmless questions, and compare what comes back with the contract.

    Nothing is written there, no token is renewed, and nothing is marked as fetched. What is told are names,
    kinds and counts, never a value.

    Exit code 0: nothing differs; 1: something does.
    """
    return _show(connection.ask(lambda confirma: confirma.contract.check()), out, html, as_json=as_json)


@contract.command("import", short_help="Compare the vendor's own document with the contract.")
@click.argument("file", metavar="FILE", type=options.NamedPath(path_type=Path))
@_OUT
@_HTML
@options.overrides
@options.as_json
def import_document(
    file: Path, out: Path | None, html: Path | None, overrides: Overrides, as_json: bool
) -> Exit:
    """Compare FILE, the vendor's OpenAPI 3.0 or 3.1 as JSON or YAML, with the contract, and correct it.

    \b
      confirma contract import vendor.json --write overrides.toml

    FILE may be a folder of Markdown pages that hold the document in blocks.

    Exit code 0: nothing differs; 1: something does.
    """
    return _show(compare(file, overrides), out, html, as_json=as_json)


def _show(found: ContractComparison, out: Path | None, html: Path | None, *, as_json: bool) -> Exit:
    if out is not None:
        out.write_text(found.to_toml(), encoding="utf-8")
    if html is not None:
        html.write_text(rendered("comparison.html.j2", {"found": found}), encoding="utf-8")
    if as_json:
        print_json(found.to_dict())
    else:
        console = Terminal(highlight=False)
        said = [
            (f"{each.what} of {each.about}", each.message + ("" if each.sure else " (doubtful)"))
            for each in found.differences
        ]
        if said:
            print_sayings(console, "Differs from the contract", said)
        counts = ", ".join(f"{count} {standing}" for standing, count in found.counts.items())
        console.print(
            f"Compared with {escape(visible(found.source))}: {counts or 'nothing'}.", soft_wrap=True
        )
        if out is not None:
            say(f"Overrides are in {out}; look them over, and give them with --overrides.")
    return Exit.REJECTED if found.differences else Exit.ACCEPTED


def _evidence(overrides: Overrides, name: str, mark: str) -> str:
    return "confirmed by you" if overrides.confirms(name) else mark


def _operations(overrides: Overrides) -> list[tuple[str, str, str, str | None]]:
    rows: list[tuple[str, str, str, str | None]] = []
    for operation in OPERATIONS.values():
        now, before = (f"{each.method} {each.path}" for each in (overrides.applied(operation), operation))
        mark = _evidence(overrides, operation.name, operation.evidence.name.lower())
        rows.append((operation.name, now, mark, before if now != before else None))
        if place := overrides.lists.get(operation.name):
            rows.append((f"the list of {operation.name}", place, mark, "where the schema has it"))
        for kind, tables in (("header", overrides.headers), ("parameter", overrides.query)):
            names = tables.get(operation.name, {})
            rows += [(f"{kind} {name} of {operation.name}", "sent", mark, "none") for name in names]
    return rows


def _names(overrides: Overrides) -> list[tuple[str, str, str, str | None]]:
    rows: list[tuple[str, str, str, str | None]] = []
    for cls in schema_classes().values():
        shipped = wire_names(cls)
        for attribute, wire in wire_names(cls, overrides.names).items():
            name = f"{cls.__name__}.{attribute}"
            mark = attrs.fields_dict(cls)[attribute].metadata[EVIDENCE].name.lower()
            before = shipped[attribute]
            rows.append((name, wire, _evidence(overrides, name, mark), before if before != wire else None))
    return rows
