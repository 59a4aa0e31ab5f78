"""``confirma demo``: sends examples to a sandbox that loses two answers on purpose."""

from __future__ import annotations

import importlib.resources
import shlex
import sys
import tempfile
from pathlib import Path

import click

from confirma_async.bulk import JobOptions
from confirma_async.cli import options
from confirma_async.cli.commands.jobs.sending.submit import send
from confirma_async.cli.commands.jobs.sending.submit_request import SubmitRequest
from confirma_async.cli.errors.exit_codes import Exit, of_report
from confirma_async.cli.options.connection import Connection
from confirma_async.cli.options.destination import Destination
from confirma_async.cli.options.inputs import Inputs
from confirma_async.cli.options.jobs import JobSettings
from confirma_async.cli.options.send_mode import Sending
from confirma_async.cli.output.printer import say
from confirma_async.cli.running.stopping import signals
from confirma_async.contract import Overrides
from confirma_async.formats import InputError, expand
from confirma_async.sandbox import Fault
from confirma_async.session.pipeline import DEFAULT_TIMEOUT
from confirma_async.session.rate.ratelimit import RateLimit

RATE = 60.0
"""The rate in calls per second, which is slow enough to watch."""

LOST_ANSWERS = 2

_AFTERWORD = """
{lost} answers were lost on purpose, after the invoices had arrived: they were looked up, not sent twice.
Submit the same files to the same sandbox once more, and nothing is sent:
  {again}"""


@click.command(short_help="Show the main job on examples, on this machine only.")
@click.argument(
    "folder", required=False, type=options.NamedPath(path_type=Path, exists=True, file_okay=False)
)
@options.as_json
def demo(folder: Path | None, as_json: bool) -> Exit:
    """Submit examples to a sandbox on this machine and show what became of each.

    FOLDER holds the files to submit; the examples that come with the SDK unless given. Two answers are
    lost on purpose after the invoice has arrived: they are looked up, and not sent twice. The examples
    hold one invoice that is wrong on purpose, so refusals are no failure here: exit code 0.
    """
    examples = folder or _examples()
    journal = Path(tempfile.mkdtemp(prefix="confirma-demo-")) / "demo.journal"
    request = SubmitRequest(
        destination=Destination(
            connection=Connection(variables={}, overrides=Overrides(), timeout=DEFAULT_TIMEOUT),
            sandbox=True,
            journal=journal,
        ),
        inputs=Inputs(files=expand([examples])),
        sending=Sending(
            job=JobSettings(
                limit=RateLimit(per_second=RATE, concurrency=8), options=JobOptions(settle_seconds=2.0)
            )
        ),
        as_json=as_json,
        faults={Fault.RESET_AFTER_COMMIT: LOST_ANSWERS},
    )
    report = signals.run(send, request)
    if report.accepted >= LOST_ANSWERS and not as_json:
        again = [sys.argv[0], "submit", str(examples), "--sandbox", "--journal", str(journal)]
        say(_AFTERWORD.format(lost=LOST_ANSWERS, again=shlex.join(again)), lines=True)
    code = of_report(report)
    return Exit.ACCEPTED if code is Exit.REJECTED and report.accepted else code


def _examples() -> Path:
    """Return the folder of the examples: in the installed package, or beside the packages in a checkout."""
    package = importlib.resources.files("confirma_async")
    for folder in (Path(str(package)) / "examples", Path(str(package)).parent / "examples"):
        if folder.is_dir():
            return folder
    raise InputError("the examples are not installed; name a folder of files")
