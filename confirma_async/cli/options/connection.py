"""The options for the target, the key and the time limit of calls, which are the same for every command."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from attrs import evolve, field, frozen

from confirma_async import bounds
from confirma_async.accounts.owner import AccountName
from confirma_async.accounts.registry import ACCOUNT_VARIABLE
from confirma_async.cli import options
from confirma_async.cli.errors import argument_errors
from confirma_async.cli.options.bundle import Decorator, bundle
from confirma_async.cli.output.drift import print_drift
from confirma_async.cli.running import side_effects
from confirma_async.cli.running.stopping import signals
from confirma_async.client import Confirma
from confirma_async.contract import Overrides
from confirma_async.converters import Converter
from confirma_async.credentials import AskedFor, Credentials, FileTokenStore
from confirma_async.errors import ConfigurationError, OutcomeUnknownError
from confirma_async.privacy import Secret, secret
from confirma_async.session.pipeline import DEFAULT_TIMEOUT
from confirma_async.session.rate.ratelimit import RateLimit
from confirma_async.settings import (
    API_KEY_VARIABLE,
    BASE_URL_VARIABLE,
    ENVIRONMENT_VARIABLE,
    PROVISIONING_TOKEN_VARIABLE,
    Environment,
    check_base_url,
    target_from_env,
)

if TYPE_CHECKING:
    from confirma_async.creditors import Creditors, CreditorsOptions

R = TypeVar("R")
T = TypeVar("T")


@frozen(kw_only=True)
class Access:
    """The target, the key and the account of calls.

    Attributes:
        variables: The settings, under the names of the environment variables.
        key_file: The file that holds the key; None if the variables hold it.
        account: The account that the user named, and whether it is new.
    """

    variables: Mapping[str, str] = field(repr=False)  # the key is among them
    key_file: Path | None = None
    account: AccountName = field(factory=AccountName)

    async def key(self) -> Secret | None:
        """Return the key; None if there is none.

        Raises:
            CredentialsError: the file of the key cannot be read.
        """
        if self.key_file is not None:
            return await FileTokenStore(self.key_file).load()
        return secret(self.variables.get(API_KEY_VARIABLE) or None)

    def words(self, *, sandbox: bool) -> list[str]:
        """Return the options that the user gave, for the command line of another command.

        Args:
            sandbox: Whether the command is about the embedded sandbox.
        """
        words = ["--sandbox"] if sandbox else []
        if self.account.name is not None and self.account.name != os.environ.get(ACCOUNT_VARIABLE):
            words += ["--account", self.account.name]
        for option, variable in (("--environment", ENVIRONMENT_VARIABLE), ("--base-url", BASE_URL_VARIABLE)):
            value = self.variables.get(variable)
            if value and value != os.environ.get(variable):
                words += [option, value]
        return words if self.key_file is None else [*words, "--key-file", str(self.key_file)]


@frozen(kw_only=True)
class Connection(Access):
    """The target, the key and the account of calls, with corrections and a time limit.

    Attributes:
        overrides: Corrections of provisional paths and names.
        timeout: Seconds for one call, retries included.
        provisioning_file: The file that holds the provisioning token; None if the variables hold it.
        record: The file to which it is written what answers show about the contract; None to write nothing.
    """

    overrides: Overrides
    timeout: float
    provisioning_file: Path | None = None
    record: Path | None = None

    @cached_property
    def converter(self) -> Converter:
        """Reads and writes the schemas, with the names that the user has corrected."""
        return Converter(self.overrides.names)

    def ask(self, verb: Callable[[Confirma], Awaitable[T]]) -> T:
        """Call a verb whose arguments come from the command line.

        Raises:
            click.UsageError: the service cannot be asked with these arguments.
            OutcomeUnknownError: see ``send``.
        """
        with argument_errors.of_arguments():
            return self._call(verb)

    def send(self, verb: Callable[[Confirma], Awaitable[T]]) -> T:
        """Call a verb that changes something at the service.

        Raises:
            OutcomeUnknownError: the call may have taken effect, also if Ctrl-C stopped it.
        """
        with signals.changing():
            answer = self._call(verb)
            side_effects.note()
        return answer

    def _call(self, verb: Callable[[Confirma], Awaitable[T]]) -> T:
        async def asked() -> T:
            async with self.client() as confirma:
                try:
                    return await verb(confirma)
                finally:
                    print_drift(confirma)

        try:
            return signals.run(asked)
        except (KeyboardInterrupt, asyncio.CancelledError) as stopped:
            unknown = _outcome_unknown(stopped)
            raise unknown or stopped from None

    def to(self, base_url: str, api_key: str) -> Connection:
        """Return a connection to an embedded sandbox, with its key."""
        variables = {BASE_URL_VARIABLE: base_url, API_KEY_VARIABLE: api_key}
        return evolve(self, variables=variables, key_file=None, provisioning_file=None, account=AccountName())

    def client(self, rate_limit: RateLimit = RateLimit()) -> Confirma:
        """Make the client.

        Raises:
            ConfigurationError: there is no key, or a setting cannot be used.
        """
        key: Credentials | None = self.variables.get(API_KEY_VARIABLE) or None
        provisioning: str | AskedFor | None = self.variables.get(PROVISIONING_TOKEN_VARIABLE) or None
        if self.key_file is not None:
            key = FileTokenStore(self.key_file)
        if self.provisioning_file is not None:
            provisioning = FileTokenStore(self.provisioning_file).load
        if key is None and provisioning is None:
            raise ConfigurationError(
                f"there is no API key: set {API_KEY_VARIABLE}, or name a file that holds it (--key-file)"
            )
        options = self._options(rate_limit)
        options |= {"account": self.account.name, "new_account": self.account.new}
        return Confirma(key, provisioning_token=provisioning, **options)

    def creditors(self, profiles: options.ChosenProfiles, rate_limit: RateLimit = RateLimit()) -> Creditors:
        """Make a client for many accounts, whose keys the profiles name.

        Raises:
            click.UsageError: a key or an account was named as well.
            ConfigurationError: a setting cannot be used.
        """
        from confirma_async.creditors import Creditors

        if self.key_file is not None or self.account.name is not None:
            raise click.UsageError(
                f"--profiles names keys and accounts; leave --key-file, --account ({ACCOUNT_VARIABLE}) and "
                "--new-account out"
            )
        return Creditors(profiles.all, new_accounts=profiles.new_accounts, **self._options(rate_limit))

    def _options(self, rate_limit: RateLimit) -> CreditorsOptions:
        environment, base_url = target_from_env(self.variables)
        return {
            "environment": environment,
            "base_url": base_url,
            "timeout": self.timeout,
            "rate_limit": rate_limit,
            "overrides": self.overrides,
            "record_contract": self.record,
        }


def _access(environment: str | None, base_url: str | None, key_file: Path | None) -> Access:
    """Return the settings of the environment variables, changed by the options.

    Raises:
        ConfigurationError: ``--environment`` and CONFIRMA_BASE_URL name different targets.
    """
    variables = dict(os.environ)
    if environment is not None:
        place = variables.get(BASE_URL_VARIABLE) if base_url is None else None
        if place and check_base_url(place) != Environment[environment.upper()].value:
            raise ConfigurationError(
                f"--environment {environment} and {BASE_URL_VARIABLE} name two places to call; "
                f"unset {BASE_URL_VARIABLE}, or leave --environment out"
            )
        variables[ENVIRONMENT_VARIABLE] = environment
    if base_url is not None:
        variables[BASE_URL_VARIABLE] = base_url
    return Access(variables=variables, key_file=key_file)


access: Decorator = bundle(
    "access",
    _access,
    click.option(
        "--environment",
        type=click.Choice([environment.name.lower() for environment in Environment], case_sensitive=False),
        help=f"Instead of {ENVIRONMENT_VARIABLE}; staging unless said otherwise.",
    ),
    click.option(
        "--base-url", metavar="URL", help=f"Instead of {BASE_URL_VARIABLE}: what to call, such as a sandbox."
    ),
    click.option(
        "--key-file",
        type=options.FILE,
        help=f"A file that holds the API key and that only you can read, instead of {API_KEY_VARIABLE}.",
    ),
)
"""Gives a command the options for target and key; it takes ``access``."""


def _connection(access: Access, timeout: float, overrides: Overrides, record: Path | None) -> Connection:
    return Connection(
        variables=access.variables,
        overrides=overrides,
        timeout=timeout,
        key_file=access.key_file,
        record=record,
    )


connected: Decorator = bundle(
    "connection",
    _connection,
    access,
    click.option(
        "--timeout",
        type=options.FiniteRange(bounds.TIMEOUT),
        default=DEFAULT_TIMEOUT,
        show_default=True,
        metavar="SECONDS",
        help="Seconds for one call, retries included.",
    ),
    options.overrides,
    click.option(
        "--record",
        type=options.FILE,
        help="A file to write what the answers show of the contract: names, kinds and counts.",
    ),
)
"""Gives a command the options of a connection; it takes ``connection``, the ``Connection``."""


def _outcome_unknown(stopped: BaseException | None) -> OutcomeUnknownError | None:
    """Return the error of a call that was cut off, from the causes of the cancellation; None without one."""
    while stopped is not None:
        if isinstance(stopped, OutcomeUnknownError):
            return stopped
        stopped = stopped.__cause__ or stopped.__context__
    return None
