"""One client account: its resources, jobs, outboxes and mirror, called with its key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn, Self, Unpack

from confirma_async.accounts.owner import AccountName
from confirma_async.contract import TokenKind
from confirma_async.converters import Converter
from confirma_async.session.call_options import CallOptions, Options, takes_options
from confirma_async.session.pipeline import Pipeline

if TYPE_CHECKING:
    from confirma_async.bulk import Bulk, Unknown
    from confirma_async.bulk.placement import JournalSource
    from confirma_async.comparison.access import ContractAccess
    from confirma_async.mirror import Mirror
    from confirma_async.outbox import Outbox
    from confirma_async.resources.accounting import Accounting
    from confirma_async.resources.invoices import Invoices
    from confirma_async.resources.onboarding import Onboarding
    from confirma_async.resources.operations import Operations
    from confirma_async.resources.payments import Payments
    from confirma_async.resources.raw import Raw
    from confirma_async.schemas.drift import Drift
    from confirma_async.session.answers.raw import RawResponse
    from confirma_async.session.own_request import Body


@takes_options
class Account:
    """One client account: the resources, called with the account's key. Each is loaded when first asked for.

    Attributes:
        converter: Reads and writes the schemas as dicts and JSON.
    """

    def __init__(self, pipeline: Pipeline, name: AccountName) -> None:
        self._pipeline = pipeline
        self._name = name
        self.converter: Converter = pipeline.converter

    @cached_property
    def onboarding(self) -> Onboarding:
        """Tokens and clients."""
        from confirma_async.resources.onboarding import Onboarding

        return Onboarding(self._pipeline)

    @cached_property
    def invoices(self) -> Invoices:
        """Invoices, actions on them, and what became of them."""
        from confirma_async.resources.invoices import Invoices

        return Invoices(self._pipeline)

    @cached_property
    def payments(self) -> Payments:
        """Payments and settlements."""
        from confirma_async.resources.payments import Payments

        return Payments(self._pipeline)

    @cached_property
    def accounting(self) -> Accounting:
        """Ledgers and payments for the accounting system."""
        from confirma_async.resources.accounting import Accounting

        return Accounting(self._pipeline)

    @cached_property
    def operations(self) -> Operations:
        """E-invoice addresses."""
        from confirma_async.resources.operations import Operations

        return Operations(self._pipeline)

    @cached_property
    def bulk(self) -> Bulk:
        """Jobs of any size, each invoice exactly once."""
        from confirma_async.bulk import Bulk

        return Bulk(self._pipeline, self._name)

    def outbox(
        self,
        journal: JournalSource = None,
        *,
        settle_seconds: float = 60.0,
        on_unknown: Unknown | str = "hold",
        keep_payloads: bool = False,
        sellers: Iterable[str] | None = None,
        inputs: Iterable[str] = (),
        target: str | None = None,
    ) -> Outbox:
        """Return an outbox, each write exactly once: ``async with confirma.outbox() as outbox: ...``.

        Args:
            journal: The account's own journal unless given, which knows what any job has sent for it. Or a
                file, or the URL of a database that processes on many machines share
                (``postgresql://HOST/DATABASE``), or a function that opens a journal of another form.
            settle_seconds: Seconds for which the service may still be at work on a call that has ended. No
                figure is documented; 60 is this project's choice. From 0 to 604,800, which is a week.
            on_unknown: What to do with an invoice that may have arrived, is not listed, and has no witness
                of its absence: ``hold`` it for a later witness or a person, or ``resend`` it after the settle
                time, which doubles it if the service's list was later than that.
            keep_payloads: Whether the journal keeps the body of each write until its outcome is final. An
                outbox that is opened after a crash can then send by itself the writes that surely were not
                sent. Bodies hold personal data; only the user who runs this may read the journal's file.
            sellers: The business ids or VAT codes of the sellers whose invoices it accepts, in any spelling;
                any seller unless given. An invoice of another seller is refused before anything is sent.
            inputs: Names of the sources of its writes, for the list of runs; ``outbox`` unless given.
            target: What the journal is bound to; the base URL unless given.

        Raises:
            ConfigurationError: a number is out of its bounds.
        """
        from confirma_async.outbox import Outbox, options_of

        return Outbox(
            self.bulk,
            self._pipeline,
            journal,
            options_of(settle_seconds, on_unknown, inputs, target),
            keep_payloads=keep_payloads,
            sellers=sellers,
        )

    @cached_property
    def mirror(self) -> Mirror:
        """A copy of what became of the invoices, and its reconciliation."""
        from confirma_async.mirror import Mirror

        return Mirror(self._pipeline, self._name)

    @cached_property
    def contract(self) -> ContractAccess:
        """The contract in force, compared with what the service says."""
        from confirma_async.comparison.access import ContractAccess

        return ContractAccess(self._pipeline)

    @cached_property
    def raw(self) -> Raw:
        """The same verbs. Each gives the whole answer, with its status, headers and bytes."""
        from confirma_async.resources.raw import Raw

        return Raw(self._pipeline)

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Body | None = None,
        repeatable: bool | None = None,
        token: TokenKind | str = TokenKind.CLIENT,
        **options: Unpack[Options],
    ) -> RawResponse[Any]:
        """Send a request of your own, with the keys, limits, retries and hooks of every call.

        Args:
            method: The HTTP method, in any case: ``"GET"``.
            path: The path below ``/api/v1/partner``; one that begins with ``/api/`` is taken as it is. The
                host is always the service's.
            body: What to send as JSON: a mapping or a list of wire names, or bytes that are JSON already.
            repeatable: True where the request changes nothing, so that it may be sent again when no answer
                came; False where it changes something. None for what the contract says of the path; for
                other paths, True for GET and HEAD.
            token: Which key the request carries: ``"client"`` or ``"provisioning"``.
            options: What this call does differently; see ``Options``. ``query`` holds its parameters.

        Raises:
            ConfigurationError: the method or the path cannot be used; nothing was sent.
            OutcomeUnknownError: it is not repeatable, and may have taken effect.
            CallError: the call failed otherwise.
        """
        from confirma_async.session.own_request import own_operation, sent

        operation = own_operation(method, path, repeatable, token, self._pipeline.overrides)
        return await sent(self._pipeline, operation, body, CallOptions(**options))

    @property
    def drift(self) -> Mapping[str, Sequence[Drift]]:
        """Where answers differed from the contract, with kinds and counts, by operation."""
        return self._pipeline.drifts.by_operation()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} holds connections and a key, and can be neither pickled nor copied; "
            "make one in each process"
        )

    def __repr__(self) -> str:
        pipeline: Pipeline | None = getattr(self, "_pipeline", None)  # a traceback may show it half made
        return f"<{type(self).__name__} {pipeline.base_url if pipeline else 'not made'}>"


class AccountView(Account):
    """A client account seen through another's client: its own key; connections, limits and hooks are shared.

    Made by ``Confirma.as_client``. As a context manager, it cannot be used after its block, so that no later
    call uses the wrong key by mistake.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipeline.keys.end()
