"""The options that say how input files are read."""

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
    """Which files are read, and how.

    Attributes:
        files: The files.
        reading: How the library reads them.
        number_from: The first whole number to give to documents whose own is none; None gives none.
        checks: How strictly their invoices are held against the rules.
    """

    files: Sequence[Path | Spooled] = ()
    reading: ReadOptions = field(factory=ReadOptions)
    number_from: int | None = None
    checks: Checks = field(factory=Checks)

    def of(self, files: Sequence[Path | Spooled], before: ReadOptions = ReadOptions()) -> Inputs:
        """Return the same for some files, each as it is remembered to be read.

        Args:
            files: The files, and folders of files.
            before: How they were read by the run that is repeated.

        Raises:
            InputError: there is no such file.
            ConfigurationError: a mapping beside a file cannot be read.
        """
        found = expand(files)
        return evolve(self, files=found, reading=with_mappings(found, self.reading, before))


class FormatName(click.Choice[FileFormat]):
    """A format, named by its value."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:  # noqa: ARG002 (click's signature)
        """Return the name of a format."""
        return choice.value if isinstance(choice, FileFormat) else str(choice)


def format_option(meaning: str, *, without: FileFormat | None = None) -> OptionOf:
    """Make the option that names the format of files.

    Args:
        meaning: What its help says.
        without: A format that is not read.
    """
    choices = FormatName([choice for choice in FileFormat if choice is not without])
    return OptionOf(fields(ReadOptions).file_format, meaning, read=choices)


format_alone: Decorator = object_of(
    "reading", ReadOptions, format_option("What the file is; found out unless given.")
)
"""Gives a command the format of its one file; it takes ``reading``, the ``ReadOptions``."""

mapping_option: OptionOf = OptionOf(
    fields(ReadOptions).mapping,
    "A TOML file that names the columns of your own tables.",
    read=options.FILE,
)
"""The option of a file that says what the columns of a table are."""


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
"""Gives a command the options of reading; it takes ``inputs``, the ``Inputs``, without files."""

input_files: Decorator = bundle("inputs", Inputs, options.files, options.checks, number_from, _READING)
"""Gives a command files as well; it takes ``inputs``, the ``Inputs``, with the files as they were named."""
