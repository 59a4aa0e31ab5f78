"""The options that name the account whose invoices and whose journal are meant."""

from __future__ import annotations

import click
from attrs import evolve

from confirma_async.accounts.owner import AccountName, account_name
from confirma_async.accounts.registry import ACCOUNT_VARIABLE
from confirma_async.cli.options.bundle import Decorator, bundle
from confirma_async.cli.options.connection import Connection, connected

_ACCOUNT = click.option(
    "--account",
    envvar=ACCOUNT_VARIABLE,
    metavar="NAME",
    help=f"The account, instead of {ACCOUNT_VARIABLE}; found by the key unless given.",
)


def _known(account: str | None) -> AccountName:
    return account_name(account or None, new=False)


known_account: Decorator = bundle("account", _known, _ACCOUNT)
"""Gives a command the option of an account that is there; it takes ``account``, the ``AccountName``."""


def _with_account(account: str | None, new_account: str | None, connection: Connection) -> Connection:
    if account and new_account:
        raise click.UsageError("--account and --new-account exclude each other")
    said = account_name(new_account or account, new=bool(new_account))
    return evolve(connection, account=said)


connected_for_account: Decorator = bundle(
    "connection",
    _with_account,
    _ACCOUNT,
    click.option(
        "--new-account", metavar="NAME", help="The same, for an account that is not known here yet."
    ),
    connected,
)
"""Gives a command the options of a connection that is an account's; it takes ``connection``."""
