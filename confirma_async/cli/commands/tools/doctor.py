"""``confirma doctor``: checks before going live."""

from __future__ import annotations

from pathlib import Path

import click
from attrs import asdict
from rich.console import Console
from rich.markup import escape

from confirma_async.cli import options
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.messages import translated
from confirma_async.cli.options.connection import Connection, connected
from confirma_async.cli.output.render import print_result
from confirma_async.cli.output.terminal import Terminal
from confirma_async.cli.running.stopping import signals
from confirma_async.doctor import Finding, Health, Setup, run_checks

_MARKS = {
    Health.GOOD: ("✓", "ok", "green"),
    Health.DOUBTFUL: ("!", "!", "yellow"),
    Health.BAD: ("✗", "x", "red"),
    Health.SKIPPED: ("-", "-", "dim"),
}


@click.command(short_help="Check everything that the first invoice will need.")
@connected
@click.option(
    "--folder",
    type=options.NamedPath(path_type=Path),
    help="Where journals will be kept; in your data directory unless given.",
)
@options.language
@options.as_json
def doctor(connection: Connection, folder: Path | None, as_json: bool) -> Exit:
    """Check key, environment, network, clock and machine, and say what to do about each.

    Nothing is sent but a question whether the key is valid.

    Exit code 0: nothing stands in the way; 1: something does.
    """
    setup = Setup(
        variables=connection.variables,
        key_file=connection.key_file,
        overrides=connection.overrides,
        timeout=connection.timeout,
        folder=folder and folder.resolve(),
    )
    findings = signals.run(_examined, setup, not as_json)
    failed = [finding for finding in findings if finding.health is Health.BAD]
    wrong = _("{count} of these must be put right.").format(count=len(failed))
    print_result(
        wrong if failed else _("Ready to send."),
        {"healthy": not failed, "findings": [asdict(finding) for finding in findings]},
        as_json=as_json,
    )
    return Exit.REJECTED if failed else Exit.ACCEPTED


async def _examined(setup: Setup, visible: bool) -> list[Finding]:
    console = Terminal(soft_wrap=True, highlight=False, quiet=not visible)
    findings: list[Finding] = []
    async for finding in run_checks(setup):
        findings.append(finding)
        _print(console, finding)
    return findings


def _print(console: Console, finding: Finding) -> None:
    mark, plain, colour = _MARKS[finding.health]
    ascii_only = console.options.ascii_only
    console.print(
        f"[{colour}]{plain if ascii_only else mark}[/] {finding.check}: {escape(translated(finding.message))}"
    )
    if finding.remedy:
        console.print(f"  {'->' if ascii_only else '→'} {escape(translated(finding.remedy))}")
