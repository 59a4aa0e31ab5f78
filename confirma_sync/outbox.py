"""The outbox of a service, for blocking code: any number of threads send writes, each exactly once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from typing import Any, Final, cast

from confirma_async import outbox as asynchronous
from confirma_async.outbox import EventStream, WriteEvent
from confirma_sync.waiting.portal import Portal
from confirma_sync.waiting.proxy import Opening, SyncProxy, blocking, on_the_loop


class OutboxInvoices(SyncProxy):
    """``outbox.invoices``: invoices, and actions on them."""

    create: Final = blocking(asynchronous.OutboxInvoices.create)
    create_actions: Final = blocking(asynchronous.OutboxInvoices.create_actions)


class OutboxAccounting(SyncProxy):
    """``outbox.accounting``: ledgers and payments."""

    submit_ledger: Final = blocking(asynchronous.OutboxAccounting.submit_ledger)
    submit_payments: Final = blocking(asynchronous.OutboxAccounting.submit_payments)


class OutboxOnboarding(SyncProxy):
    """``outbox.onboarding``: new clients."""

    create_client: Final = blocking(asynchronous.OutboxOnboarding.create_client)


class Outbox(Opening):
    """An outbox, as ``Confirma.outbox`` makes it; open within its ``with`` block.

    Any number of threads may use it at once. Ctrl-C ends the waiting of a thread, but not the write: send it
    again to learn its outcome. After a fork, the child must open an outbox of its own.

    Attributes:
        invoices: Invoices, and actions on them.
        accounting: Ledgers and payments.
        onboarding: Clients.
    """

    def __init__(self, portal: Portal[Any], find: Callable[[], asynchronous.Outbox]) -> None:
        super().__init__(portal, find)
        self.invoices: OutboxInvoices = OutboxInvoices(portal, lambda: find().invoices)
        self.accounting: OutboxAccounting = OutboxAccounting(portal, lambda: find().accounting)
        self.onboarding: OutboxOnboarding = OutboxOnboarding(portal, lambda: find().onboarding)

    look_up: Final = blocking(asynchronous.Outbox.look_up)
    wanted: Final = blocking(asynchronous.Outbox.wanted)
    resolve: Final = blocking(asynchronous.Outbox.resolve)
    submit_actions: Final = blocking(asynchronous.Outbox.submit_actions)
    close: Final = blocking(asynchronous.Outbox.aclose)

    def events(self) -> Events:
        """Return the changes of state from now on: accepted, rejected, unknown, decided later, not sent.

        Each is reported after it is durable. A slow listener delays nothing: the events that it misses are
        counted.

        Raises:
            ConfigurationError: the outbox is not open.
        """
        return Events(self.portal, self._listen())

    _listen: Final = on_the_loop(asynchronous.Outbox.events)

    @property
    def warnings(self) -> Sequence[str]:
        """Warnings about the journal, such as that it is in doubt, or does not last."""
        return cast("asynchronous.Outbox", self.original).warnings

    @property
    def journal(self) -> str:
        """The name of the journal, which is the path of its file."""
        return cast("asynchronous.Outbox", self.original).journal


class Events:
    """The events of an outbox from now on: ``for event in outbox.events()``. It ends with the outbox."""

    def __init__(self, portal: Portal[Any], stream: EventStream) -> None:
        self._portal = portal
        self._stream = stream

    @property
    def missed(self) -> int:
        """How many events were left out, because too many waited to be read."""
        return self._stream.missed

    def __iter__(self) -> Iterator[WriteEvent]:
        async def following() -> AsyncGenerator[WriteEvent]:
            async for event in self._stream:
                yield event

        return self._portal.iterate(following())

    def close(self) -> None:
        """End the iteration, and receive no more events."""
        self._portal.run(self._stream.aclose)
