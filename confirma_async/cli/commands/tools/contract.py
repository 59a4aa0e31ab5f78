"""``confirma contract``: what is known of the contract, and what is not."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import click

from confirma_async.cli import options
from confirma_async.cli.errors.exits import Exit
from confirma_async.cli.output.render import print_json, print_rows, table
from confirma_async.cli.output.terminal import Terminal
from confirma_async.contract import OPERATIONS, Overrides, schema_classes
from confirma_async.converters import wire_names
from confirma_async.schemas.wire import EVIDENCE


@click.group(short_help="What is known of the contract, and what is not.")
def contract() -> None:
    """Show the contract in force, find out what differs, and write down what to correct."""


@contract.command(short_help="Show the contract in force.")
@click.argument("word", required=False, metavar="[WORD]")
@options.overrides_file
@options.as_json
def show(word: str | None, overrides: Path | None, as_json: bool) -> Exit:
    """Show every path and name in force, how well it is known, and what was overridden.

    WORD leaves only those that hold it.

    \b
      confirma contract show settlement --overrides overrides.toml
    """  # noqa: D301 (click's own mark for a paragraph to leave as it is)
    found = options.read_overrides(overrides)
    rows = [*_operations(found), *_names(found)]
    if word is not None:
        rows = [row for row in rows if re.search(re.escape(word), " ".join(map(str, row)), re.IGNORECASE)]
    if as_json:
        keys = ("fact", "in_force", "evidence", "shipped")
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        made = table("The contract in force", "Fact", "In force", "Evidence", "Overridden")
        print_rows(Terminal(), made, rows, len(rows))
    return Exit.ACCEPTED


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
