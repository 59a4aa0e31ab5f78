"""``confirma report``: a job for a bookkeeper, as one page."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from confirma_async.bulk.reporting.summary import summarize
from confirma_async.cli import options
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.journals import Whose, chosen, which, whose
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json
from confirma_async.cli.output.report_page import DOCTYPE, page


@click.command(short_help="Write a report of a job as one HTML page.")
@which
@click.option(
    "--html",
    "target",
    type=options.NamedPath(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="Where to write the page; it replaces one that is there, and nothing else.",
)
@whose
@options.as_json
def report(which: str | None, whose: Whose, target: Path, as_json: bool) -> Exit:
    """Write a report of a run as one HTML page: of the latest run, unless one or a whole journal is named.

    Totals by state and currency, throughput and latency, what was rejected and refused, by reason with the
    invoice numbers, and what is unknown. The page needs nothing else: send it, print it, keep it.

    \b
    Example:
      confirma report --html report.html
    """
    refuse_another_file(target)
    with chosen(which, whose) as found:
        summary, name = summarize(found.journal, found.run), found.name
    written = page(summary, name, datetime.datetime.now().astimezone())
    target.write_text(written, encoding="utf-8")
    if as_json:
        print_json({"page": str(target), "invoices": summary.count})
    else:
        say(f"{target}: {summary.count} invoices")
    return Exit.ACCEPTED


def refuse_another_file(target: Path) -> None:
    """Refuse to write over a journal or an input file that was named by mistake."""
    if not target.is_file():
        return
    with target.open("rb") as file:
        start = file.read(len(DOCTYPE))
    if start and start != DOCTYPE.encode():
        raise click.BadParameter(
            f"{target} is no HTML page, and is left alone; name another file", param_hint="--html"
        )
