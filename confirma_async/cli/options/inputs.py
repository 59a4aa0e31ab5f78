"""The options that say how input files are read."""

from __future__ import annotations

from pathlib import Path

import click
from attrs import fields

from confirma_async import bounds
from confirma_async.cli.options import FILE, WholeRange
from confirma_async.cli.options.attributes import OptionOf
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
    OptionOf(
        fields(ReadOptions).decimal_comma,
        "--decimal-comma/--no-decimal-comma",
        "How numbers are written as text in tables; found out per file unless given.",
    ),
    OptionOf(
        fields(ReadOptions).attach_anywhere,
        "--attach-anywhere",
        "Attach files from outside the folder of the table, too.",
    ),
    OptionOf(
        fields(ReadOptions).attach_private,
        "--attach-private",
        "Fetch attachments by URL from this machine and private networks, too.",
    ),
    OptionOf(
        fields(ReadOptions).due_days,
        "--due-days",
        "Days to the due date, for UBL and Finvoice invoices that state none.",
    ),
)
"""Gives a command the options of reading; it takes ``number_from`` and ``reading``, the ``ReadOptions``."""
