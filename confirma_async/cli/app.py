"""The commands, and what every one of them does with an error: a sentence and an exit code."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import sys
from collections.abc import Sequence

import click

from confirma_async._version import __version__
from confirma_async.cli.demo import demo
from confirma_async.cli.exits import Exit
from confirma_async.cli.sandbox import sandbox
from confirma_async.cli.status import status
from confirma_async.cli.submit import submit
from confirma_async.cli.validate import validate
from confirma_async.errors import ConfirmaError, JournalError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="confirma")
@click.option("-v", "--verbose", is_flag=True, help="Log every call on standard error.")
def confirma(verbose: bool) -> None:
    """Send sales invoices through Confirma, each exactly once.

    \b
    Exit codes:
      0    all accepted
      1    some refused or rejected
      2    the command, a file or the configuration cannot be used
      3    paused; the same command goes on
      70   a fault of the SDK itself
      130  interrupted; the same command goes on
    """  # noqa: D301 (click's own mark for a paragraph to leave as it is)
    _set_up_logging(verbose=verbose)


def _set_up_logging(*, verbose: bool) -> None:
    """The commands say what matters in their results; the log is for those who ask for it."""
    logger = logging.getLogger("confirma_async")
    logger.propagate = False
    logger.handlers[:] = [logging.StreamHandler() if verbose else logging.NullHandler()]
    logger.setLevel(logging.INFO if verbose else logging.WARNING)


for _command in (submit, validate, status, sandbox, demo):
    confirma.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code; never lets a traceback out."""
    try:
        code = confirma.main(args=list(arguments), prog_name="confirma", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt, asyncio.CancelledError):
        return _complain("stopped at once; the same command goes on", Exit.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.INTERRUPTED
    except JournalError as error:
        return _complain(str(error), Exit.PAUSED if error.resumable else Exit.USAGE)
    except ConfirmaError as error:
        return _complain(str(error), Exit.USAGE)
    except sqlite3.Error as error:
        return _complain(f"a file of the sandbox: {error}; the same command goes on", Exit.PAUSED)
    except OSError as error:
        return _complain(f"{error.filename or 'a file'}: {error.strerror or error}", Exit.USAGE)
    except Exception as error:
        if os.environ.get("CONFIRMA_DEBUG"):
            raise
        return _complain(
            f"a fault of the SDK itself ({type(error).__name__}); nothing recorded is lost. "
            "Set CONFIRMA_DEBUG=1 to see where, and please report it",
            Exit.INTERNAL,
        )
    return int(code or Exit.ACCEPTED)


def _complain(message: str, code: Exit) -> Exit:
    click.echo(f"confirma: {message}", err=True)
    return code
