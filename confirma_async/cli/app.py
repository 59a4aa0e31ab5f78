"""The commands, and what every one of them does with an error: a sentence and an exit code."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

import click

from confirma_async._version import __version__
from confirma_async.cli.changes import Changes
from confirma_async.cli.exits import Exit

_COMMANDS: Mapping[str, str] = {
    "submit": "submit",
    "validate": "validate",
    "columns": "columns",
    "status": "status",
    "jobs": "jobs",
    "retry": "retry",
    "resolve": "resolve",
    "report": "report",
    "export": "export",
    "journal": "journal",
    "invoice": "invoice",
    "payments": "payments",
    "settlements": "payments",
    "ledger": "accounting",
    "accounting-payment": "accounting",
    "accounting-invoice": "accounting",
    "finvoice": "finvoice",
    "token": "token",
    "client": "client",
    "doctor": "doctor",
    "sandbox": "sandbox",
    "openapi": "openapi",
    "demo": "demo",
}
"""Every command, in the order of a help text, and the module of this package that it stands in."""


class Commands(click.Group):
    """Loads a command when it is called for: none waits for what the others import."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """The names of all commands."""
        return [*_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (likewise)
        """Loads one."""
        if cmd_name not in _COMMANDS:
            return None
        home = importlib.import_module(f"confirma_async.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(home, cmd_name.replace("-", "_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command that is called for, or says which one may be meant."""
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-"):
            near = get_close_matches(name, _COMMANDS)
            meant = f"did you mean {' or '.join(near)}?" if near else "confirma --help lists those there are"
            ctx.fail(f"there is no command {name}; {meant}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="confirma")
@click.option("-v", "--verbose", is_flag=True, help="Log every call on standard error.")
def confirma(verbose: bool) -> None:
    """Send sales invoices through Confirma, each exactly once.

    \b
    Exit codes:
      0    all accepted
      1    something refused or rejected
      2    the command, a file, the key or the configuration cannot be used
      3    paused, or not to be had now; the same command goes on
      4    it may have taken effect: find out before giving the command again
      5    the journal was deleted or replaced while the job ran: see to it first
      70   a fault of the SDK itself
      130  interrupted; the same command goes on
      141  nobody read the output to its end, as with | head
    """  # noqa: D301 (click's own mark for a paragraph to leave as it is)
    _set_up_logging(verbose=verbose)


def _set_up_logging(*, verbose: bool) -> None:
    """The commands say what matters in their results; the log is for those who ask for it."""
    logger = logging.getLogger("confirma_async")
    logger.propagate = False
    logger.handlers[:] = [logging.StreamHandler() if verbose else logging.NullHandler()]
    logger.setLevel(logging.INFO if verbose else logging.WARNING)


def every_command(
    group: click.Group = confirma, *words: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words it is called by: ``("invoice", "create")``."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from every_command(command, *words, name)
        elif command is not None:
            yield (*words, name), command


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code; never lets a traceback out.

    With ``--json``, an error is told as JSON on standard output as well.
    """
    changes = Changes()
    try:
        code = confirma.main(args=list(arguments), prog_name="confirma", standalone_mode=False, obj=changes)
    except (OSError, SystemExit) as error:  # the latter is how rich says that a pipe is broken
        if changes.made:  # a file would have been opened before
            return _unprinted(error)
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            return _failed(error, as_json="--json" in arguments)
        _give_up_output()
        return Exit.UNREAD
    except (Exception, KeyboardInterrupt, asyncio.CancelledError) as error:  # noqa: BLE001 (the last resort)
        return _failed(error, as_json="--json" in arguments)
    return int(code or Exit.ACCEPTED)


def _failed(error: BaseException, *, as_json: bool) -> Exit:
    """Says what went wrong, and returns the exit code for it."""
    from confirma_async.cli.failures import explained
    from confirma_async.cli.render import print_json

    failure = explained(error)
    try:
        if isinstance(error, click.ClickException):
            error.show()  # with the usage of the command
        else:
            click.echo(f"confirma: {failure.message}", err=True)
        if as_json:
            print_json({"error": failure.message, "exit_code": int(failure.code), **failure.details})
    except OSError:  # nobody reads it; the exit code says enough
        _give_up_output()
    return failure.code


def _unprinted(error: BaseException) -> Exit:
    """Says that a command has done its work, where its result could not be printed."""
    _give_up_output()
    reason = (error.strerror if isinstance(error, OSError) else None) or "its reader has gone"
    with contextlib.suppress(OSError):
        click.echo(
            f"confirma: the service has taken it, but the result could not be printed ({reason.lower()}); "
            "see what became of it before you give the command again",
            err=True,
        )
    return Exit.UNKNOWN


def _give_up_output() -> None:
    """Lets go of what could not be printed: Python would try once more at exit, and complain."""
    with contextlib.suppress(OSError, AttributeError):  # there may be none at all
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
