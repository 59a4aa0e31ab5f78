"""The commands, and what every one of them does with an error: a sentence and an exit code."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Iterator, Sequence

import click

from confirma_async._version import __version__
from confirma_async.cli.accounting import accounting_invoice, accounting_payment, ledger
from confirma_async.cli.client import client
from confirma_async.cli.columns import columns
from confirma_async.cli.demo import demo
from confirma_async.cli.doctor import doctor
from confirma_async.cli.exits import Exit
from confirma_async.cli.failures import Failure, explained
from confirma_async.cli.finvoice import finvoice
from confirma_async.cli.invoice import invoice
from confirma_async.cli.openapi import openapi
from confirma_async.cli.payments import payments, settlements
from confirma_async.cli.render import print_json
from confirma_async.cli.sandbox import sandbox
from confirma_async.cli.status import status
from confirma_async.cli.submit import submit
from confirma_async.cli.token import token
from confirma_async.cli.validate import validate


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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


for _command in (
    submit,
    validate,
    columns,
    status,
    invoice,
    payments,
    settlements,
    ledger,
    accounting_payment,
    accounting_invoice,
    finvoice,
    token,
    client,
    doctor,
    sandbox,
    openapi,
    demo,
):
    confirma.add_command(_command)


def every_command(
    group: click.Group = confirma, *words: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words it is called by: ``("invoice", "create")``."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every_command(command, *words, name)
        else:
            yield (*words, name), command


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code; never lets a traceback out.

    With ``--json``, an error is told as JSON on standard output as well.
    """
    try:
        code = confirma.main(args=list(arguments), prog_name="confirma", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        failure = Failure(error.format_message(), Exit.USAGE)
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.INTERRUPTED
    except (Exception, KeyboardInterrupt, asyncio.CancelledError) as error:  # noqa: BLE001 (the last resort)
        failure = explained(error)
        click.echo(f"confirma: {failure.message}", err=True)
    else:
        return int(code or Exit.ACCEPTED)
    if "--json" in arguments:
        print_json({"error": failure.message, "exit_code": int(failure.code), **failure.details})
    return failure.code
