"""``confirma columns``: proposes what the columns of a table are."""

from __future__ import annotations

from pathlib import Path

import click

from confirma_async.cli import options
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.messages import error_in_words
from confirma_async.cli.options.inputs import format_alone
from confirma_async.cli.output.printer import say
from confirma_async.formats import ReadOptions, propose


@click.command(short_help="Propose which column of your own table is which.")
@click.argument("file", type=options.NamedPath(path_type=Path))
@format_alone
def columns(file: Path, reading: ReadOptions) -> Exit:
    """Propose a mapping for a table with column names of its own.

    FILE is CSV, Excel, Parquet or Arrow. The mapping is printed as TOML: save it, correct what it says to be
    unsure, and submit the file with --mapping. Columns are known by their names in Finnish, Swedish and
    English, and else by what stands in them. Nothing is sent. Exit code 0: the mapping can be tried; 1: it
    lacks what every invoice needs.
    """
    proposal = propose(file, reading)
    say(proposal.text.removesuffix("\n"), lines=True)
    for sentence in proposal.unsure:
        unsure = _("unsure: {sentence}").format(sentence=error_in_words(sentence))
        say(f"confirma: {unsure}", err=True)
    return Exit.REJECTED if proposal.missing else Exit.ACCEPTED
