"""Many creditors: each invoice goes out under the key of its seller's account, and no other.

>>> from confirma_async import Creditors, Profile, Profiles
>>> profiles = Profiles([Profile(account="acme", key="key", sellers=["0737546-2"])])
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterable, Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Self, Unpack

from confirma_async.account import AccountView
from confirma_async.accounts.unknown import UnknownAccountError, UnknownKeyError
from confirma_async.bulk import BulkStream, JobArguments, Placement, Record
from confirma_async.bulk.journal_places import PostgresPlace, reading_if_there
from confirma_async.bulk.models import CHUNK_SIZE
from confirma_async.client import ClientOptions, Confirma
from confirma_async.converters import Converter
from confirma_async.creditors.jobs import CreditorJobs, OnOutcome
from confirma_async.creditors.outboxes import CreditorOutboxes, OutboxArguments
from confirma_async.creditors.profiles import Profile, Profiles
from confirma_async.creditors.reports import CreditorsPlan, CreditorsReport
from confirma_async.creditors.splitting import account_of, documents
from confirma_async.creditors.workers import Begun, Stopped, again_and_again, unheard
from confirma_async.errors import ConfigurationError, ConfirmaError, JournalError
from confirma_async.mirror import SyncReport
from confirma_async.mirror.store.opening import Where
from confirma_async.outbox import Outbox
from confirma_async.session.closing import AsyncClosing
from confirma_async.session.rate.ratelimit import RateLimit
from confirma_async.settings import Environment, Settings, target_from_env

if TYPE_CHECKING:  # asked for only where the extra ``postgres`` is installed
    from confirma_async.bulk.machines.planner import PlannedJob
    from confirma_async.bulk.machines.worker import WorkerEnd

__all__ = ["CreditorOutboxes", "Creditors", "CreditorsPlan", "CreditorsReport", "Profile", "Profiles"]


class CreditorsOptions(ClientOptions, total=False):
    """The options of ``Creditors``: those of ``Confirma``, without keys and accounts."""

    environment: Environment
    base_url: str | None


class Creditors(AsyncClosing):
    """Many client accounts of one partner: ``async with Creditors(profiles) as creditors: ...``.

    Connections, the ceiling of all calls and hooks are shared; keys and journals are not. Use it in one event
    loop.

    Args:
        profiles: The accounts.
        new_accounts: Whether to begin accounts that are not known on this machine yet. It must be set only
            where other accounts are known: so a renamed account does not start with an empty journal.
        options: As for ``Confirma``.

    Raises:
        ConfigurationError: an option cannot be used, or names an account.
    """

    def __init__(
        self, profiles: Profiles, *, new_accounts: bool = False, **options: Unpack[CreditorsOptions]
    ) -> None:
        if options.get("account") is not None or options.get("new_account"):
            raise ConfigurationError("the profiles name the accounts; leave account= and new_account= out")
        self.profiles: Profiles = profiles
        first = next(iter(profiles.values()))
        width = options.get("rate_limit", RateLimit()).concurrency
        self._confirma = Confirma(first.key, **options)
        self._views: dict[str, AccountView] = {
            name: self._confirma.as_client(
                profile.key,
                account=name,
                new_account=new_accounts,
                rate_limit=RateLimit(per_second=profile.per_second, concurrency=width)
                if profile.per_second
                else None,
            )
            for name, profile in profiles.items()
        }

    @classmethod
    def from_env(
        cls, profiles: Profiles, *, new_accounts: bool = False, **options: Unpack[CreditorsOptions]
    ) -> Self:
        """Make ``Creditors`` for the service that CONFIRMA_ENVIRONMENT or CONFIRMA_BASE_URL names.

        Args:
            profiles: The accounts, with their keys.
            new_accounts: See the class.
            options: As for ``Confirma``.

        Raises:
            ConfigurationError: the value of a variable cannot be used.
        """
        environment, base_url = target_from_env(os.environ)
        arguments: CreditorsOptions = {"environment": environment, "base_url": base_url, **options}
        return cls(profiles, new_accounts=new_accounts, **arguments)

    @property
    def settings(self) -> Settings:
        """The environment and the base URL of all calls."""
        return self._confirma.settings

    @property
    def converter(self) -> Converter:
        """Reads and writes the schemas as dicts and JSON."""
        return self._confirma.converter

    # --- jobs ---------------------------------------------------------------------------------------

    async def submit(
        self,
        invoices: Collection[Record] | Callable[[], Iterable[Record]],
        *,
        counts: Mapping[str, int] | None = None,
        stop: asyncio.Event | None = None,
        on_outcome: OnOutcome | None = None,
        **options: Unpack[JobArguments],
    ) -> CreditorsReport:
        """Send every invoice exactly once, each under the key of its seller's account.

        Each account has a run in its own journal. An error of one account, such as an expired key, stops that
        account only.

        Args:
            invoices: The invoices, as ``bulk.submit`` takes them, of any sellers in any order: a collection,
                or a function that begins to read them anew, because they are read twice. Reading pauses while
                512 invoices of one account wait.
            counts: How many invoices each account has, from ``Profiles.count``; the invoices are then read
                only once.
            stop: An event that, once set, ends the jobs after the calls under way.
            on_outcome: Called with the account's name (None for a record of no account) and the outcome, once
                it is durable.
            options: How the jobs run; see ``JobOptions``.

        Raises:
            RequestInvalidError: no profile names a seller; nothing was sent.
            ConfigurationError: a key is another account's, or cannot be read, or the invoices can be read
                only once; nothing was sent.
        """
        read = _reading_anew(invoices)
        if counts is None:
            counts = self.profiles.count(documents(read(), self.converter))
        placements = await self.place()
        stop, on_outcome = stop or asyncio.Event(), on_outcome or unheard
        streams: dict[str, BulkStream] = {}

        async def send(account: str, records: AsyncIterable[Record]) -> None:
            arguments: JobArguments = {**options, "expected": counts.get(account)}
            bulk = self._views[account].bulk
            stream = streams[account] = bulk.stream(
                records, journal=placements[account], stop=stop, **arguments
            )
            async for outcome in stream:
                on_outcome(account, outcome)

        jobs = self._jobs(send, counts, stop, on_outcome)
        await jobs.run(read())
        return CreditorsReport(
            accounts={name: stream.report for name, stream in streams.items() if name not in jobs.failed},
            failed=jobs.failed,
            refused=jobs.refused,
            issues=tuple(jobs.issues),
        )

    def _jobs(
        self,
        do: Callable[[str, AsyncIterable[Record]], Awaitable[None]],
        counts: Mapping[str, int],
        stop: asyncio.Event,
        on_outcome: OnOutcome,
    ) -> CreditorJobs:
        return CreditorJobs(
            do=do,
            account_of=partial(account_of, profiles=self.profiles, converter=self.converter),
            expected=counts.keys(),
            stop=stop,
            on_outcome=on_outcome,
        )

    # --- workers ------------------------------------------------------------------------------------

    async def plan(
        self,
        invoices: Collection[Record] | Callable[[], Iterable[Record]],
        *,
        counts: Mapping[str, int] | None = None,
        keep_days: int | None = None,
        chunk_size: int = CHUNK_SIZE,
        **options: Unpack[JobArguments],
    ) -> CreditorsPlan:
        """Queue every invoice for workers (``work``), each in the database of its seller's account.

        After an interruption, the same call goes on. An error of one account, such as a database that cannot
        be reached, stops that account only.

        Args:
            invoices: As for ``submit``.
            counts: As for ``submit``.
            keep_days: Days for which bodies are kept, as for ``bulk.plan``.
            chunk_size: Invoices that a worker takes at a time, as for ``bulk.plan``.
            options: How the jobs run; see ``JobOptions``. Options of lookups have no effect here.

        Raises:
            RequestInvalidError: no profile names a seller; nothing was planned.
            ConfigurationError: as of ``submit``, or a journal is no database; nothing was planned.
        """
        self._check_databases()
        read = _reading_anew(invoices)
        if counts is None:
            counts = self.profiles.count(documents(read(), self.converter))
        place = await self._places()
        planned: dict[str, PlannedJob] = {}

        async def plan(account: str, records: AsyncIterable[Record]) -> None:
            arguments: JobArguments = {**options, "expected": counts.get(account)}
            planned[account] = await self._views[account].bulk.plan(
                records,
                journal=await place(account),
                keep_days=keep_days,
                chunk_size=chunk_size,
                **arguments,
            )

        jobs = self._jobs(plan, counts, asyncio.Event(), unheard)
        await jobs.run(read())
        return CreditorsPlan(
            accounts=planned, failed=jobs.failed, refused=jobs.refused, issues=tuple(jobs.issues)
        )

    async def work(
        self,
        *,
        stop: asyncio.Event | None = None,
        until_empty: bool = False,
        begun: Begun = unheard,
        stopped: Stopped = unheard,
        **options: Unpack[JobArguments],
    ) -> Mapping[str, WorkerEnd | ConfirmaError]:
        """Send what was planned for each account, together with any number of other workers.

        Each account has its own journal, key and rate; the rate is that of all workers together. An error of
        one account stops the worker of that account only. It begins again after a while, unless the key or
        the journal is the cause.

        Args:
            stop: An event that, once set, ends the workers after the calls under way.
            until_empty: Whether each worker ends once no worker has anything of its account left to send.
            begun: Called with the account's name once its worker has begun, and with the worker's health; see
                ``Bulk.work``.
            stopped: Called with the account's name and how its worker ended, each time that it stops.
            options: How lookups go, and when too many rejections stop a worker; see ``JobOptions``.

        Returns:
            How the worker of each account ended; its error where it could not go on.

        Raises:
            ConfigurationError: a key cannot be read or is another account's, or a journal is no database.
        """
        self._check_databases()
        stop, place = stop or asyncio.Event(), await self._places()

        async def work(name: str) -> WorkerEnd:
            return await self._views[name].bulk.work(
                journal=await place(name),
                stop=stop,
                per_second=self.profiles[name].per_second,
                until_empty=until_empty,
                begun=partial(begun, name),
                **options,
            )

        ended = await asyncio.gather(
            *(
                again_and_again(partial(work, name), stop, once=until_empty, stopped=partial(stopped, name))
                for name in self.profiles
            )
        )
        return dict(zip(self.profiles, ended, strict=True))

    def _check_databases(self) -> None:
        """Check that the journal of every account is in a database.

        Raises:
            ConfigurationError: the journal of an account is in none.
        """
        for name, profile in self.profiles.items():
            if not isinstance(profile.journal, PostgresPlace):
                raise ConfigurationError(
                    f"the profile {name}: its workers share a journal in a PostgreSQL database of its own; "
                    'name it in the profile (journal = "postgresql://HOST/DATABASE")'
                )

    async def place(self) -> Mapping[str, Placement]:
        """Find the journal of every account, and make the accounts known; send nothing.

        Raises:
            ConfigurationError: a key cannot be read, or is another account's; or a journal is.
            JournalError: a journal cannot be read, or is gone.
        """
        return {name: await self._place(name) for name in self.profiles}

    async def _places(self) -> Callable[[str], Awaitable[Placement]]:
        """Find the journal of every account whose database answers, and return what finds the others.

        A database that cannot be reached stops its account only.

        Raises:
            ConfigurationError: as of ``place``.
        """
        found = dict[str, Placement]()
        for name in self.profiles:
            with contextlib.suppress(JournalError):
                found[name] = await self._place(name)

        async def place(name: str) -> Placement:
            return found.get(name) or await self._place(name)

        return place

    async def _place(self, name: str) -> Placement:
        """Find the journal of an account; as ``place``."""
        try:
            placement = await self._views[name].bulk.place(self.profiles[name].journal)
        except (UnknownKeyError, UnknownAccountError) as error:
            raise ConfigurationError(_whose(name, error)) from error
        except ConfigurationError as error:
            raise ConfigurationError(f"the profile {name}: {error}") from error
        await asyncio.to_thread(_check_journal, name, placement)
        return placement

    # --- one write at a time ------------------------------------------------------------------------

    def outboxes(self, **options: Unpack[OutboxArguments]) -> CreditorOutboxes:
        """Return an outbox for each account: ``async with creditors.outboxes() as outboxes: ...``.

        Args:
            options: As for ``Confirma.outbox``.

        Raises:
            ConfigurationError: a number is out of its bounds.
        """

        async def opened() -> Mapping[str, Outbox]:
            placements = await self.place()
            return {
                name: self._views[name].outbox(journal=placements[name], sellers=profile.sellers, **options)
                for name, profile in self.profiles.items()
            }

        return CreditorOutboxes(self.profiles, self.converter, opened)

    # --- what became of them ------------------------------------------------------------------------

    async def sync(self, db: Where = None) -> Mapping[str, SyncReport | ConfirmaError]:
        """Read into the mirror what has changed at the service for each account since its last run.

        Args:
            db: The mirror of all accounts, as for ``mirror.sync``.

        Returns:
            The report of each account; the error where its run could not begin, which stops no other account.

        Raises:
            ConfigurationError: a key cannot be read, or is another account's; nothing was called.
            JournalError: a journal cannot be read, or is gone.
        """
        placements = await self.place()
        found: dict[str, SyncReport | ConfirmaError] = {}
        for name, view in self._views.items():
            try:
                found[name] = await view.mirror.sync(db, journal=placements[name].path)
            except ConfirmaError as error:
                found[name] = error
        return found

    # --- its life -----------------------------------------------------------------------------------

    async def aclose(self) -> None:
        """End the calls under way, and close what was opened. Closing twice is fine."""
        await self._confirma.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.settings.base_url}, {len(self.profiles)} accounts>"


def _reading_anew(
    invoices: Collection[Record] | Callable[[], Iterable[Record]],
) -> Callable[[], Iterable[Record]]:
    """Return a function that begins to read the invoices; refuse an iterator, which can be read only once.

    Raises:
        ConfigurationError: they can be read only once.
    """
    if isinstance(invoices, Iterator):
        raise ConfigurationError(
            "invoices are read twice here: give a list, or a function that begins to read them anew, such as "
            "lambda: read_files(...). Nothing was sent"
        )
    return invoices if callable(invoices) else lambda: invoices


def _whose(profile: str, error: UnknownKeyError | UnknownAccountError) -> str:
    """Return the message for a profile whose key or account does not fit the known accounts."""
    if isinstance(error, UnknownKeyError) and error.holder is not None:
        return (
            f"the key of the profile {profile} belongs to the account {error.holder} of {error.target}; give "
            "the profile its own key, or that account's name"
        )
    if isinstance(error, UnknownKeyError) and error.account is not None:
        return (
            f"the account {profile} of {error.target} is known already, by other keys; if this is its new "
            "key, do not allow new accounts (new_accounts=)"
        )
    return (
        f"the account {profile} of {error.target} is not known here (known: {', '.join(error.known)}). If it "
        "is a new one, and no other name of one of those, allow new accounts (new_accounts=)"
    )


def _check_journal(profile: str, placement: Placement) -> None:
    """Refuse a journal that is another account's, before anything is sent.

    Raises:
        ConfigurationError: the journal is another account's.
        JournalError: the journal cannot be read, or is gone.
    """
    if placement.path is None:
        return
    with reading_if_there(placement.path) as journal:
        owner = "" if journal is None else journal.ownership.account()
    if owner not in {"", profile}:
        raise ConfigurationError(
            f"the profile {profile}: the journal {placement.path} is that of the account {owner}"
        )
