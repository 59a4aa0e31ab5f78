"""The blocking client: its calls run in the asynchronous client, on an event loop in another thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, Unpack, cast

from confirma_async import account as originals, client as asynchronous
from confirma_async.client import ClientOptions
from confirma_async.converters import Converter
from confirma_async.settings import Settings
from confirma_sync.waiting.proxy import Closing, SyncProxy, blocking, constructor, standing_for

if TYPE_CHECKING:
    from confirma_async.outbox import Outbox as AsyncOutbox
    from confirma_async.schemas.drift import Drift
    from confirma_sync.bulk import Bulk
    from confirma_sync.contract import Contract
    from confirma_sync.mirror import Mirror
    from confirma_sync.outbox import Outbox
    from confirma_sync.raw import Raw
    from confirma_sync.resources import Accounting, Invoices, Onboarding, Operations, Payments
    from confirma_sync.waiting.portal import Portal


def _outbox(portal: Portal[Any], find: Callable[[], AsyncOutbox]) -> Outbox:
    from confirma_sync.outbox import Outbox

    return Outbox(portal, find)


class Account(SyncProxy):
    """One client account: the resources, called with its key. Each is loaded when first asked for."""

    def _below(self, name: str) -> Callable[[], Any]:
        """Return a function that finds a resource; it does not refer to ``self``, which avoids a cycle."""
        find = self._find
        return lambda: getattr(find(), name)

    @cached_property
    def onboarding(self) -> Onboarding:
        """Tokens and clients."""
        from confirma_sync.resources import Onboarding

        return Onboarding(self.portal, self._below("onboarding"))

    @cached_property
    def invoices(self) -> Invoices:
        """Invoices, actions on them, and what became of them."""
        from confirma_sync.resources import Invoices

        return Invoices(self.portal, self._below("invoices"))

    @cached_property
    def payments(self) -> Payments:
        """Payments and settlements."""
        from confirma_sync.resources import Payments

        return Payments(self.portal, self._below("payments"))

    @cached_property
    def accounting(self) -> Accounting:
        """Ledgers and payments for the accounting system."""
        from confirma_sync.resources import Accounting

        return Accounting(self.portal, self._below("accounting"))

    @cached_property
    def operations(self) -> Operations:
        """E-invoice addresses."""
        from confirma_sync.resources import Operations

        return Operations(self.portal, self._below("operations"))

    @cached_property
    def bulk(self) -> Bulk:
        """Jobs of any size, each invoice exactly once."""
        from confirma_sync.bulk import Bulk

        return Bulk(self.portal, self._below("bulk"))

    outbox: Final = standing_for(originals.Account.outbox, _outbox)

    @cached_property
    def mirror(self) -> Mirror:
        """A copy of what became of the invoices, and its reconciliation."""
        from confirma_sync.mirror import Mirror

        return Mirror(self.portal, self._below("mirror"))

    @property
    def converter(self) -> Converter:
        """Reads and writes the schemas as dicts and JSON."""
        return cast("originals.Account", self.original).converter

    @cached_property
    def contract(self) -> Contract:
        """The contract in force, compared with what the service says."""
        from confirma_sync.contract import Contract

        return Contract(self.portal, self._below("contract"))

    @cached_property
    def raw(self) -> Raw:
        """The same verbs. Each gives the whole answer, with its status, headers and bytes."""
        from confirma_sync.raw import Raw

        return Raw(self.portal, self._below("raw"))

    request: Final = blocking(originals.Account.request)

    @property
    def drift(self) -> Mapping[str, Sequence[Drift]]:
        """Where answers differed from the contract, with kinds and counts, by operation."""
        return cast("originals.Account", self.original).drift

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} holds connections and a key, and can be neither pickled nor copied; "
            "make one in each process"
        )

    def __repr__(self) -> str:
        return repr(self.original)


class AccountView(Account):
    """A view of a client for another account: it has its own key, and shares connections, limits and hooks.

    ``Confirma.as_client`` makes it. If it is used as a context manager, it cannot be used after the block: no
    later call has the wrong key by mistake.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        cast("originals.AccountView", self.original).__exit__()


class Confirma(Account, Closing):
    """The Confirma Finance Integrations API, as one client account sees it, for blocking code.

    It takes what ``confirma_async.Confirma`` takes, and has the same resources, verbs and options; each call
    waits for its end. Threads may share one client. Use it as ``with Confirma("key") as confirma: ...``, or
    keep one for the life of the process, which closes it at its end.

    The calls run on an event loop in a thread of its own, which starts with the first call. Ctrl-C cancels
    the call under way and waits for its end; the ``KeyboardInterrupt`` that follows has an
    ``OutcomeUnknownError`` as its cause if the request may have arrived. After a fork, the child makes a loop
    and connections of its own.

    Raises:
        ConfigurationError: the key or the URL cannot be used, or the arguments contradict each other; also
            for a ``session``, which belongs to another event loop.
    """

    @constructor(asynchronous.Confirma.__init__)
    def __init__(self, *args: Any, **options: Any) -> None:
        self._open(partial(asynchronous.Confirma, *args), options)

    @classmethod
    def from_env(cls, **options: Unpack[ClientOptions]) -> Self:
        """Make a client from the environment variables.

        They are CONFIRMA_API_KEY and CONFIRMA_PROVISIONING_TOKEN, one of which may be missing,
        CONFIRMA_ENVIRONMENT and CONFIRMA_BASE_URL.

        Args:
            options: Everything that the class takes besides keys, environment and base URL.

        Raises:
            ConfigurationError: a variable is missing or says something that cannot be used.
        """
        confirma = cls.__new__(cls)
        confirma._open(asynchronous.Confirma.from_env, options)  # noqa: SLF001 (its own)
        return confirma

    as_client: Final = standing_for(asynchronous.Confirma.as_client, AccountView)

    @property
    def settings(self) -> Settings:
        """The environment, base URL and keys of all calls."""
        return cast("asynchronous.Confirma", self.original).settings
