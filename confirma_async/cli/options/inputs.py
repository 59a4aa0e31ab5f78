"""The options that say how input files are read."""

from __future__ import annotations

from pathlib import Path

import click

from confirma_async import bounds
from confirma_async.cli.options import FILE, WholeRange
from confirma_async.cli.options.bundle import Decorator, bundle
from confirma_async.formats import ColumnMapping, FileFormat, ReadOptions


def _read_options(
    form: str | None,
    mapping: Path | None,
    decimal_comma: bool | None,
    attach_anywhere: bool,
    attach_private: bool,
    due_days: int,
) -> ReadOptions:
    return ReadOptions(
        file_format=None if form is None else FileFormat(form),
        mapping=None if mapping is None else ColumnMapping.from_toml(mapping),
        decimal_comma=decimal_comma,
        attach_anywhere=attach_anywhere,
        attach_private=attach_private,
        due_days=due_days,
    )


number_from: Decorator = click.option(
    "--number-from",
    type=WholeRange(bounds.FIRST_NUMBER),
    metavar="N",
    help="Give whole numbers from N on to documents whose own number is none.",
)

input_options: Decorator = bundle(
    "reading",
    _read_options,
    number_from,
    click.option(
        "--format",
        "form",
        type=click.Choice([form.value for form in FileFormat]),
        help="What the files are; found out per file unless given.",
    ),
    click.option(
        "--mapping",
        type=FILE,
        help="A TOML file that names the columns of your own tables.",
    ),
    click.option(
        "--decimal-comma/--no-decimal-comma",
        default=None,
        help="How numbers are written as text in tables; found out per file unless given.",
    ),
    click.option(
        "--attach-anywhere",
        is_flag=True,
        help="Attach files from outside the folder of the table, too.",
    ),
    click.option(
        "--attach-private",
        is_flag=True,
        help="Fetch attachments by URL from this machine and private networks, too.",
    ),
    click.option(
        "--due-days",
        type=WholeRange(bounds.DUE_DAYS),
        default=ReadOptions().due_days,
        show_default=True,
        help="Days to the due date, for UBL and Finvoice invoices that state none.",
    ),
)
"""Gives a command the options of reading; it takes ``number_from`` and ``reading``, the ``ReadOptions``."""
