"""Tables of the commands, their exit codes and what the doctor looks at."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence

import click

from confirma_async.cli.app import confirma, every_command
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.options.connection import connected
from confirma_async.doctor import CHECKS, Health
from docs.tables.markup import code, member_docs, table


def commands() -> str:
    """Return every command with its options, from the commands themselves."""
    context = click.Context(confirma, info_name="confirma", **confirma.context_settings)
    parts = [
        "Options before any command:\n\n",
        table(("Option", "Meaning"), _options(confirma, context)),
        "\nOptions of a connection, which every command takes that makes a call of its own:\n\n",
        table(("Option", "Meaning"), _connection()),
    ]
    for words, command in every_command():
        name = " ".join(words)
        inner = click.Context(command, info_name=name, parent=context)
        usage = " ".join(command.collect_usage_pieces(inner))
        parts.append(f"\n### confirma {name}\n\n`confirma {name} {usage}`\n\n{_help(command)}\n\n")
        rows = _options(command, inner)
        own = [row for row in rows if row not in _connection()] if {*_connection()} <= {*rows} else rows
        parts.append(table(("Option", "Meaning"), own))
        if len(own) < len(rows):
            parts.append("\nAnd the options of a connection.\n")
    return "".join(parts)


@functools.cache
def _connection() -> Sequence[tuple[str, str]]:
    """Return the options that say where calls go."""
    bare = click.command(connected(lambda **_options: None))
    return _options(bare, click.Context(bare))[:-1]  # the last one is --help


def _help(command: click.Command) -> str:
    return "\n\n".join(_paragraph(it) for it in inspect.cleandoc(command.help or "").split("\n\n"))


def _paragraph(text: str) -> str:
    lines = text.splitlines()
    if lines[0] == "\b":  # click's own mark for lines to leave as they are
        return "\n".join(["```text", *(line.strip() for line in lines[1:]), "```"])
    return " ".join(text.split())


def _options(command: click.Command, context: click.Context) -> Sequence[tuple[str, str]]:
    options = [each for each in command.get_params(context) if isinstance(each, click.Option)]
    records = [option.get_help_record(context) for option in options]
    return [(code(record[0]), record[1]) for record in records if record is not None]


def exit_codes() -> str:
    """Return every exit code."""
    docs = member_docs(Exit)
    return table(
        ("Code", "Name", "Meaning"), [(each.value, code(each.name), docs[each.name]) for each in Exit]
    )


def checks() -> str:
    """Return every check of the go-live check."""
    rows = [(code(check.name), check.meaning, ", ".join(map(code, check.needs))) for check in CHECKS]
    return table(("Check", "What must hold", "Not looked at without"), rows)


def healths() -> str:
    """Return how each thing can stand."""
    docs = member_docs(Health)
    return table(("Health", "Meaning"), [(code(it.value), docs[it.name]) for it in Health])
