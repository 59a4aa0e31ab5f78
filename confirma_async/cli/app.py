"""The group of all commands; runs one of them, and turns errors into messages and exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

import click

from confirma_async._version import __version__
from confirma_async.cli.command_group import CommandGroup
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.language.choice import LANGUAGES, choose
from confirma_async.cli.language.help_texts import speak, translated
from confirma_async.cli.running.side_effects import SideEffects
from confirma_async.cli.running.stopping import signals

_COMMANDS: Mapping[str, str] = {
    "import": "jobs.sending.import_file",
    "submit": "jobs.sending.submit",
    "worker": "jobs.sending.worker",
    "validate": "jobs.validate",
    "columns": "jobs.columns",
    "status": "jobs.status",
    "jobs": "jobs.runs",
    "retry": "jobs.sending.retry",
    "resolve": "jobs.resolve",
    "report": "jobs.report",
    "export": "jobs.export",
    "journal": "jobs.journal",
    "invoice": "calls.invoice",
    "payments": "calls.payments",
    "settlements": "calls.payments",
    "ledger": "calls.accounting",
    "accounting-payment": "calls.accounting",
    "accounting-invoice": "calls.accounting",
    "finvoice": "calls.finvoice",
    "token": "calls.token",
    "client": "calls.client",
    "api": "calls.api",
    "contract": "tools.contract",
    "mirror": "mirror.group",
    "reconcile": "mirror.reconcile",
    "explain": "mirror.reconcile",
    "doctor": "tools.doctor",
    "sandbox": "tools.sandbox",
    "openapi": "tools.sandbox",
    "demo": "tools.demo",
}
"""Every command, in the order of the help text, and its module below ``commands``."""


@click.group(
    cls=CommandGroup,
    modules=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="confirma")
@click.option("-v", "--verbose", is_flag=True, help="Log every call on standard error.")
@click.option(
    "--language",
    type=click.Choice([*LANGUAGES]),
    help="The language of what people read; that of the locale unless given.",
)
def confirma(verbose: bool, language: str | None) -> None:
    """Send sales invoices through Confirma, each exactly once.

    \b
    Exit codes:
      0    all accepted
      1    something refused or rejected
      2    the command, a file, the key or the configuration cannot be used
      3    paused, or not to be had now; the same command goes on
      4    it may have taken effect: find out before giving the command again
      5    the journal was deleted or replaced while the job ran: see to it first
      6    another run is at work on the same mirror
      70   a fault of the SDK itself
      130  interrupted, or its terminal closed; the same command goes on
      141  nobody reads the output any more, as with | head; the same command goes on
    """
    if language:
        choose(language)
    _set_up_logging(verbose=verbose)


def _set_up_logging(*, verbose: bool) -> None:
    """Write the log to standard error if the user asks for it; otherwise write none."""
    logger = logging.getLogger("confirma_async")
    logger.propagate = False
    logger.handlers[:] = [_log_handler() if verbose else logging.NullHandler()]
    logger.setLevel(logging.INFO if verbose else logging.WARNING)
    for other in ("procrastinate", "psycopg"):  # else Python would write their tracebacks to standard error
        logging.getLogger(other).addHandler(logging.NullHandler())


def _log_handler() -> logging.Handler:
    from confirma_async.cli.output.printer import LogFormatter

    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter())
    return handler


def every_command(
    group: click.Group = confirma, *words: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command that does something, with its words: ``("invoice", "create")``."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            if command.invoke_without_command:
                yield (*words, name), command
            yield from every_command(command, *words, name)
        elif command is not None:
            yield (*words, name), command


def run(arguments: Sequence[str]) -> int:
    """Run one command line, and return its exit code; no error leaves this function.

    With ``--json``, an error is printed as JSON on standard output as well.
    """
    try:
        return _run(arguments)
    finally:
        for stream in (sys.stdout, sys.stderr):
            _let_go(stream)


def _run(arguments: Sequence[str]) -> int:
    changes, as_json = SideEffects(arguments), "--json" in arguments
    choose(_named_language(arguments))  # before an error of the command line, or help, is printed
    speak(in_english=as_json)
    try:
        group = translated(confirma)
        code = group.main(args=list(arguments), prog_name="confirma", standalone_mode=False, obj=changes)
    except (OSError, SystemExit) as error:  # the latter is how rich and click say that a pipe is broken
        if changes.made:  # a file would have been opened before
            return _unprinted(error)
        if isinstance(error, OSError) and not _unread(error):
            return _failed(error, as_json=as_json)
        _give_up(sys.stdout)
        return Exit.INTERRUPTED if signals.received else Exit.UNREAD
    except (click.Abort, KeyboardInterrupt, asyncio.CancelledError) as error:
        if signals.before_beginning(arguments):
            return Exit.ACCEPTED
        return _unprinted(error) if changes.made else _failed(error, as_json=as_json)
    except Exception as error:  # noqa: BLE001 (the last resort)
        return _failed(error, as_json=as_json)
    return int(code or Exit.ACCEPTED)


def _named_language(arguments: Sequence[str]) -> str | None:
    """Return the last language that a command line names; None if it names none."""
    named = [
        value if sign else following
        for word, following in zip(arguments, [*arguments[1:], ""], strict=False)
        for name, sign, value in [word.partition("=")]
        if name == "--language"
    ]
    return next((code for code in reversed(named) if code in LANGUAGES), None)


def _failed(error: BaseException, *, as_json: bool) -> Exit:
    """Print what went wrong, and return the exit code for it."""
    from confirma_async.cli.errors.error_messages import explained, told
    from confirma_async.cli.output.printer import say
    from confirma_async.cli.output.render import print_json

    failure, message = explained(error), told(error)
    try:
        if isinstance(error, click.ClickException):
            shown = io.StringIO()
            error.show(shown)  # with the usage of the command
            usage, _message, _end = shown.getvalue().rpartition(error.format_message())
            say(f"{usage}{message}", err=True, lines=True)
        else:
            say(f"confirma: {message}", err=True, lines=True)
        if as_json:
            print_json({"error": failure.message, "exit_code": int(failure.code), **failure.details})
    except OSError:  # nobody reads it; the exit code says enough
        _give_up(sys.stdout)
    return failure.code


def _unprinted(error: BaseException) -> Exit:
    """Print that the command has changed something at the service, but could not print its result."""
    from confirma_async.cli.output.printer import say

    _give_up(sys.stdout)
    match error:
        case OSError():
            reason = (error.strerror or "it failed").lower()
        case SystemExit():
            reason = "its reader has gone"
        case _:
            reason = "it was interrupted"
    with contextlib.suppress(OSError):
        say(
            f"confirma: the service has taken it, but the result could not be printed ({reason}); "
            "see what became of it before you give the command again",
            err=True,
        )
    return Exit.UNKNOWN


def _unread(error: OSError) -> bool:
    """Say whether nobody reads the output any more: the pipe is broken, or the terminal is closed."""
    return isinstance(error, BrokenPipeError) or (error.errno == errno.EIO and _terminal_closed())


def _terminal_closed() -> bool:
    try:
        import termios
    except ImportError:  # Windows has another way
        return False
    for stream in (sys.stdout, sys.stderr):
        try:
            termios.tcgetattr(stream.fileno())
        except termios.error as error:
            if error.args[0] == errno.EIO:
                return True
        except (OSError, AttributeError, ValueError):  # there is none
            continue
    return False


def _let_go(stream: TextIO | None) -> None:
    """Drop what cannot be printed, since Python would try once more at its exit, and print an error."""
    try:
        if stream is not None:
            stream.flush()
    except (OSError, ValueError):
        _give_up(stream)


def _give_up(stream: TextIO | None) -> None:
    """Drop what is printed from now on, and what is still in the buffer of a stream."""
    if stream is not None:  # there may be none at all
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
