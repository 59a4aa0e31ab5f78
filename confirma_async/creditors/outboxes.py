"""The outboxes of many accounts, and which of them an invoice goes through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any, Self, TypedDict, Unpack

from confirma_async.bulk import Unknown
from confirma_async.converters import Converter
from confirma_async.creditors.profiles import Profiles
from confirma_async.creditors.splitting import request_of
from confirma_async.errors import ConfigurationError
from confirma_async.formats.models import ReadInvoice
from confirma_async.outbox import Outbox, WriteArguments, WriteOutcome
from confirma_async.schemas import InvoiceReceipt, SalesInvoiceRequest
from confirma_async.session.closing import AsyncClosing


class OutboxArguments(TypedDict, total=False):
    """The options of each outbox; see ``Confirma.outbox``."""

    settle_seconds: float
    on_unknown: Unknown | str
    keep_payloads: bool


class InvoiceArguments(WriteArguments, total=False):
    """The options of an invoice; see ``OutboxInvoices.create``."""

    key: str | None


class CreditorOutboxes(AsyncClosing, Mapping[str, Outbox]):
    """An outbox for each account, as ``Creditors.outboxes`` makes them; open within its ``async with`` block.

    ``outboxes["NAME"]`` is the outbox of one account, for writes that name no seller: actions, ledgers,
    payments. Each outbox accepts only invoices of its own sellers.
    """

    def __init__(
        self, profiles: Profiles, converter: Converter, opened: Callable[[], Awaitable[Mapping[str, Outbox]]]
    ) -> None:
        self._profiles = profiles
        self._converter = converter
        self._opened = opened
        self._stack = AsyncExitStack()
        self._outboxes: dict[str, Outbox] = {}

    async def create(
        self,
        request: SalesInvoiceRequest | ReadInvoice | Mapping[str, Any],
        **options: Unpack[InvoiceArguments],
    ) -> WriteOutcome[InvoiceReceipt]:
        """Send one invoice exactly once, under the key of its seller's account.

        Args:
            request: The invoice, or a mapping of wire names, or one that a reader of files has read.
            options: As for ``outbox.invoices.create``.

        Raises:
            RequestInvalidError: no profile names its seller, it breaks a rule, or the journal has other
                contents for it; nothing was sent.
            JournalError: the journal of the account cannot be written; nothing is sent without it.
            ConfigurationError: the outboxes are not open.
        """
        account = self._profiles.account_of(request_of(request, self._converter).seller_identifier)
        return await self[account].invoices.create(request, **options)

    def __getitem__(self, account: str) -> Outbox:
        if account not in self._profiles:
            raise KeyError(account)
        if account not in self._outboxes:
            raise ConfigurationError("these outboxes are not open. Nothing was sent")
        return self._outboxes[account]

    def __iter__(self) -> Iterator[str]:
        return iter(self._profiles)

    def __len__(self) -> int:
        return len(self._profiles)

    async def __aenter__(self) -> Self:
        found = await self._opened()
        try:
            for account, outbox in found.items():
                self._outboxes[account] = await self._stack.enter_async_context(outbox)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def aclose(self) -> None:
        """Close each of them. Closing twice is fine."""
        await self._stack.aclose()
        self._outboxes.clear()
