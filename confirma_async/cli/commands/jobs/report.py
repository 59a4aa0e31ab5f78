"""``confirma report``: writes a page about a job for a bookkeeper."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from confirma_async.bulk.reporting.file_facts import with_file_facts
from confirma_async.bulk.reporting.summary import summarize
from confirma_async.cli import options
from confirma_async.cli.journals import Whose, chosen, which, whose
from confirma_async.cli.language.choice import ngettext
from confirma_async.cli.language.figures import count, plain
from confirma_async.cli.output.pages.report import DOCTYPE, page
from confirma_async.cli.output.render import print_result
from confirma_async.cli.remembered import from_text, with_mappings
from confirma_async.formats import ColumnMapping, ReadOptions


@click.command(short_help="Write a report of a job as one HTML page.")
@which
@click.option(
    "--html",
    "target",
    type=options.FILE,
    required=True,
    metavar="FILE",
    help="Where to write the page; it replaces one that is there, and nothing else.",
)
@click.option(
    "--mapping",
    type=options.FILE,
    help="The TOML file that names the columns of your tables; as the run read them unless given.",
)
@whose
@options.language
@options.as_json
def report(which: str | None, whose: Whose, target: Path, mapping: Path | None, as_json: bool) -> None:
    """Write a report of a run as one HTML page: of the latest run, unless one or a whole journal is named.

    Each invoice is counted once, by where it stands now. Those that need attention are named with buyer,
    amount, file and cell: the files of the run are read once more for that, since the journal keeps no names.
    The page needs nothing else: send it, print it, keep it.

    \b
    Example:
      confirma report --html report.html
    """
    refuse_another_file(target)
    with chosen(which, whose) as found:
        summary, name, run = summarize(found.journal, found.run), found.name, found.latest
    said = ReadOptions(mapping=None if mapping is None else ColumnMapping.from_toml(mapping))
    inputs = run.inputs if run else ()
    reading = with_mappings([Path(each) for each in inputs], said, from_text(run.reading if run else ""))
    summary = with_file_facts(summary, inputs, reading)
    written = page(summary, name, datetime.datetime.now().astimezone())
    target.write_text(written, encoding="utf-8")
    sentence = ngettext("{target}: {count} invoice", "{target}: {count} invoices", summary.count)
    print_result(
        sentence.format(target=target, count=plain(count(summary.count))),
        {"page": str(target), "invoices": summary.count},
        as_json=as_json,
    )


def refuse_another_file(target: Path) -> None:
    """Raise an error if the page would replace a file of another kind, such as a journal."""
    if not target.is_file():
        return
    with target.open("rb") as file:
        start = file.read(len(DOCTYPE))
    if start and start != DOCTYPE.encode():
        raise click.BadParameter(
            f"{target} is no HTML page, and is left alone; name another file", param_hint="--html"
        )
