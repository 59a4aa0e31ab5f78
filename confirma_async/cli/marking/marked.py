"""Writes a marked copy of a table that a run has read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from attrs import evolve, frozen

from confirma_async.cli.journals import Chosen
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.marking import messages
from confirma_async.cli.marking.copies import remember
from confirma_async.cli.marking.csv_copy import write_csv
from confirma_async.cli.marking.findings import findings
from confirma_async.cli.remembered import from_text, with_mappings
from confirma_async.converters import Converter
from confirma_async.formats import FileFormat, ReadOptions
from confirma_async.formats.reader import format_of


@frozen
class Marked:
    """A marked copy that was written, with the number of its records.

    Attributes:
        file: The path of the copy.
        accepted: The number of records that need no correction.
        open: The number of the other records.
    """

    file: Path
    accepted: int
    open: int


def write_marked(found: Chosen, target: Path, of: Path | None, converter: Converter) -> Marked:
    """Write a copy of a table that shows in each line what became of it.

    Args:
        found: The run that has read the table.
        target: The path of the copy.
        of: The file of the table, if the run has read several.
        converter: Encodes invoices, so that they can be compared with what was sent.

    Raises:
        click.UsageError: it is not clear which file is meant, or there is a file at the path of the copy.
        InputError: the table cannot be read.
        OSError: the copy cannot be written.
    """
    run = found.latest
    if run is None:
        raise click.UsageError(_(messages.NO_INPUT))
    file = _file(run.inputs, of)
    reading = with_mappings([file], ReadOptions(), from_text(run.reading))
    reading = evolve(reading, mapping=reading.mappings.get(str(file.resolve())))
    kind = format_of(file, reading)
    if kind not in {FileFormat.CSV, FileFormat.EXCEL}:
        raise click.UsageError(_(messages.NO_TABLE).format(file=file))
    _refuse(target, file)
    records = findings(file, reading, found, run, converter)
    if kind is FileFormat.EXCEL:
        from confirma_async.cli.marking.excel_copy import write_excel  # it needs openpyxl

        write_excel(file, reading, target, records)
    else:
        write_csv(file, reading, target, records)
    remember(found.path, run.number, file, target)
    accepted = sum(each.is_accepted for each in records)
    return Marked(target, accepted, len(records) - accepted)


def _file(inputs: Sequence[str], of: Path | None) -> Path:
    """Return the file to copy: the named one, or the only one of the run."""
    files = [Path(name) for name in inputs if Path(name).is_absolute()]  # what was piped in has no path
    if of is not None:
        files = [of]
    if not files:
        raise click.UsageError(_(messages.NO_INPUT))
    if len(files) > 1:
        raise click.UsageError(_(messages.SEVERAL_INPUTS).format(files=", ".join(map(str, files))))
    if not files[0].is_file():
        raise click.UsageError(_(messages.GONE).format(file=files[0]))
    return files[0]


def _refuse(target: Path, file: Path) -> None:
    if target.resolve() == file.resolve():
        raise click.UsageError(_(messages.IS_INPUT).format(file=target))
    if target.exists():
        raise click.UsageError(_(messages.IS_THERE).format(file=target))
    if target.suffix.lower() != file.suffix.lower():
        raise click.UsageError(
            _(messages.ANOTHER_KIND).format(file=target, suffix=file.suffix, source=file.name)
        )
