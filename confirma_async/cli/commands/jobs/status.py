"""``confirma status``: shows the status of a run, also while it goes on."""

from __future__ import annotations

import click

from confirma_async.bulk import State
from confirma_async.cli import options
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.journals import Whose, chosen, which, whose
from confirma_async.cli.output.render import print_json
from confirma_async.cli.run_status.as_json import status_as_json
from confirma_async.cli.run_status.reading import RunStatus, read_status
from confirma_async.cli.run_status.words import show


@click.command(short_help="Say how a run stands: the latest one, unless another is named.")
@which
@whose
@options.language
@options.as_json
def status(which: str | None, whose: Whose, as_json: bool) -> Exit:
    """Say how a run stands, also while it goes on: the latest one, unless a run or a whole journal is named.

    What earlier runs had decided already counts as decided.

    Exit code 0: all accepted; 1: some refused or rejected; 3: not finished.

    \b
    Examples:
      confirma status
      confirma status 7
      confirma status own.journal
    """
    with chosen(which, whose) as chosen_:
        return show_status(read_status(chosen_), as_json=as_json)


def show_status(found: RunStatus, *, as_json: bool) -> Exit:
    """Print the status of a run or a whole journal; return the exit code for it."""
    if as_json:
        print_json(status_as_json(found))
    else:
        show(found)
    return exit_of(found)


def exit_of(found: RunStatus) -> Exit:
    """Return the exit code for the status of a run or a whole journal."""
    if any(
        found.counts[state.name.lower()] or found.writes.get(state)
        for state in State
        if state not in {State.ACCEPTED, State.REJECTED}
    ):
        return Exit.PAUSED
    bad = found.counts["refused"] or found.counts["rejected"] or found.writes.get(State.REJECTED)
    return Exit.REJECTED if bad else Exit.ACCEPTED
