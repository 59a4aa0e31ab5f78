"""Many creditors, for blocking code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final, Self, Unpack, cast

from confirma_async import creditors as asynchronous
from confirma_async.converters import Converter
from confirma_async.creditors import CreditorsOptions, Profiles
from confirma_async.settings import Settings
from confirma_sync.outbox import Outbox
from confirma_sync.waiting.proxy import Closing, Opening, blocking, constructor, standing_for


class CreditorOutboxes(Opening, Mapping[str, Outbox]):
    """An outbox for each account, as ``Creditors.outboxes`` makes them; open within its ``with`` block."""

    create: Final = blocking(asynchronous.CreditorOutboxes.create)

    def __getitem__(self, account: str) -> Outbox:
        self._outboxes()[account]  # a name that is none says so here
        return Outbox(self.portal, lambda: self._outboxes()[account])

    def __iter__(self) -> Iterator[str]:
        return iter(self._outboxes())

    def __len__(self) -> int:
        return len(self._outboxes())

    def _outboxes(self) -> asynchronous.CreditorOutboxes:
        return cast("asynchronous.CreditorOutboxes", self.original)


class Creditors(Closing):
    """Many client accounts of one partner: ``with Creditors(profiles) as creditors: ...``.

    ``on_outcome`` of ``submit`` is called in the thread of the event loop.
    """

    @constructor(asynchronous.Creditors.__init__)
    def __init__(self, *args: Any, **options: Any) -> None:
        self._open(partial(asynchronous.Creditors, *args), options)

    @classmethod
    def from_env(
        cls, profiles: Profiles, *, new_accounts: bool = False, **options: Unpack[CreditorsOptions]
    ) -> Self:
        """Make ``Creditors`` for the service that CONFIRMA_ENVIRONMENT or CONFIRMA_BASE_URL names.

        Raises:
            ConfigurationError: a variable says something that cannot be used.
        """
        creditors = cls.__new__(cls)
        make = partial(asynchronous.Creditors.from_env, profiles, new_accounts=new_accounts)
        creditors._open(make, options)  # noqa: SLF001 (its own)
        return creditors

    submit: Final = blocking(asynchronous.Creditors.submit)
    plan: Final = blocking(asynchronous.Creditors.plan)
    work: Final = blocking(asynchronous.Creditors.work)
    place: Final = blocking(asynchronous.Creditors.place)
    sync: Final = blocking(asynchronous.Creditors.sync)
    outboxes: Final = standing_for(asynchronous.Creditors.outboxes, CreditorOutboxes)

    @property
    def profiles(self) -> Profiles:
        """The accounts, with their keys, sellers, rates and journals."""
        return cast("asynchronous.Creditors", self.original).profiles

    @property
    def settings(self) -> Settings:
        """The environment and the base URL of all calls."""
        return cast("asynchronous.Creditors", self.original).settings

    @property
    def converter(self) -> Converter:
        """Reads and writes the schemas as dicts and JSON."""
        return cast("asynchronous.Creditors", self.original).converter
