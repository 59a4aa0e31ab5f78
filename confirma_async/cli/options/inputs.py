"""The options for input files, and for how they are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from attrs import evolve, field, fields, frozen

from confirma_async import bounds
from confirma_async.cli import options
from confirma_async.cli.options.attributes import OptionOf, object_of
from confirma_async.cli.options.bundle import Decorator, bundle
from confirma_async.cli.remembered import with_mappings
from confirma_async.formats import ColumnMapping, FileFormat, Spooled, expand
from confirma_async.formats.models import ReadOptions
from confirma_async.validation import Checks


@frozen(kw_only=True)
class Inputs:
    """The input files, and how they are read and checked.

    Attributes:
        files: The input files.
        reading: How the library reads them.
        number_from: The first whole number to assign to documents without one of their own; None assigns
            none.
        checks: How strictly the rules are applied.
    """

    files: Sequence[Path | Spooled] = ()
    reading: ReadOptions = field(factory=ReadOptions)
    number_from: int | None = None
    checks: Checks = field(factory=Checks)

    def of(self, files: Sequence[Path | Spooled], before: ReadOptions = ReadOptions()) -> Inputs:
        """Return inputs of the given files, each read as is remembered for it.

        Args:
            files: Files, and folders of files.
            before: How the run that is repeated has read the files.

        Raises:
            InputError: a file does not exist.
            ConfigurationError: a mapping beside a file cannot be read.
        """
        found = expand(files)
        return evolve(self, files=found, reading=with_mappings(found, self.reading, before))


class FormatName(click.Choice[FileFormat]):
    """The name of a file format on the command line."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:  # noqa: ARG002 (click's signature)
        """Return the name by which a user chooses a format."""
        return choice.value if isinstance(choice, FileFormat) else str(choice)


def format_option(meaning: str, *, without: FileFormat | None = None) -> OptionOf:
    """Make the option --format.

    Args:
        meaning: The help of the option.
        without: A format that the command cannot read.
    """
    choices = FormatName([choice for choice in FileFormat if choice is not without])
    return OptionOf(fields(ReadOptions).file_format, meaning, read=choices)


format_alone: Decorator = object_of(
    "reading", ReadOptions, format_option("What the file is; found out unless given.")
)
"""Gives a command the option for the format of its only file; it takes ``reading``, the ``ReadOptions``."""

mapping_option: OptionOf = OptionOf(
    fields(ReadOptions).mapping,
    "A TOML file that names the columns of your own tables.",
    read=options.FILE,
)
"""The option --mapping: a file that says what the columns of a table are."""


def _reading(file_format: FileFormat | None, mapping: Path | None, reading: ReadOptions) -> ReadOptions:
    return evolve(
        reading,
        file_format=file_format,
        mapping=None if mapping is None else ColumnMapping.from_toml(mapping),
    )


number_from: Decorator = click.option(
    "--number-from",
    type=options.WholeRange(bounds.FIRST_NUMBER),
    metavar="N",
    help="Give whole numbers from N on to documents whose own number is none.",
)

_READING: Decorator = bundle(
    "reading",
    _reading,
    format_option("What the files are; found out per file unless given."),
    mapping_option,
    object_of(
        "reading",
        ReadOptions,
        OptionOf(
            fields(ReadOptions).decimal_comma,
            "How numbers are written as text in tables; found out per file unless given.",
        ),
        OptionOf(
            fields(ReadOptions).attach_anywhere,
            "Attach files from outside the folder of the table, too.",
        ),
        OptionOf(
            fields(ReadOptions).attach_private,
            "Fetch attachments by URL from this machine and private networks, too.",
        ),
        OptionOf(
            fields(ReadOptions).due_days,
            "Days to the due date, for UBL and Finvoice invoices that state none.",
        ),
    ),
)

input_options: Decorator = bundle(
    "inputs",
    Inputs,
    options.checks,
    number_from,
    _READING,
    parameters=("checks", "number_from", "reading"),
)
"""Gives a command the options for reading files; it takes ``inputs``, ``Inputs`` without files."""

input_files: Decorator = bundle("inputs", Inputs, options.files, options.checks, number_from, _READING)
"""Gives a command files and the options for reading them; it takes ``inputs``, ``Inputs`` with these
files."""
