"""The client: settings, one pipeline, and the resources."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypedDict, Unpack
from weakref import WeakSet

from attrs import evolve

from confirma_async import bounds
from confirma_async.accounts.owner import AccountName, account_name
from confirma_async.accounts.registry import note_renewal
from confirma_async.contract import Overrides, TokenKind
from confirma_async.converters import Converter
from confirma_async.credentials import AskedFor, Credentials
from confirma_async.errors import ConfigurationError
from confirma_async.privacy import Secret
from confirma_async.session.call_options import CallOptions, Options, takes_options
from confirma_async.session.hooks import Hook, Hooks
from confirma_async.session.pipeline import DEFAULT_TIMEOUT, Pipeline
from confirma_async.session.rate.nested import NestedLimiter
from confirma_async.session.rate.ratelimit import Limiter, LocalLimiter, RateLimit
from confirma_async.session.retry import RetryPolicy, RetryQuota
from confirma_async.session.tokens.credential import Credential, CredentialSet
from confirma_async.session.transport import ANSWER_LIMIT, Transport
from confirma_async.settings import Environment, Settings

if TYPE_CHECKING:
    import aiohttp

    from confirma_async.bulk import Bulk, Unknown
    from confirma_async.bulk.placement import JournalSource
    from confirma_async.comparison.access import ContractAccess
    from confirma_async.comparison.recording import Recorder
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


SAVING = 10.0
"""Seconds that a store has for a new token when the client is being closed."""


class ClientOptions(TypedDict, total=False):
    """What ``Confirma`` takes besides keys, environment and base URL."""

    timeout: float
    rate_limit: RateLimit | Limiter
    retry: RetryPolicy
    session: aiohttp.ClientSession | None
    ssl_context: ssl.SSLContext | None
    overrides: Overrides | None
    hooks: Iterable[Hook]
    transport: Transport | None
    answer_limit: int
    strict: bool
    record_contract: str | PathLike[str] | None
    account: str | None
    new_account: bool


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
        *,
        journal: JournalSource = None,
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
                file, or a function that opens a journal of another form.
            settle_seconds: Seconds for which the service may still be at work on a call that has ended. No
                figure is documented; 60 is this project's choice. From 0 to 604,800, which is a week.
            on_unknown: What to do with an invoice that may have arrived, is not listed, and has no witness
                of its absence: ``hold`` it for a later witness or a person, or ``resend`` it after the settle
                time, which doubles it if the service's list was later than that.
            keep_payloads: Whether the journal keeps what is given until its outcome is final, so that an
                outbox that is opened after a crash sends by itself what surely was not sent. They hold
                personal data; only the user who runs this may read the journal's file.
            sellers: The business ids or VAT codes of the sellers whose invoices it takes, in any spelling;
                those of any seller unless given. Another one's is refused before anything is sent.
            inputs: Names of what it is given, which the list of runs shows; ``outbox`` unless given.
            target: What the journal is bound to; the base URL unless said otherwise.

        Raises:
            ConfigurationError: a number is out of its bounds.
        """
        from confirma_async.outbox import Outbox, options_of

        return Outbox(
            self.bulk,
            self._pipeline,
            journal,
            target,
            options_of(settle_seconds, on_unknown),
            keep_payloads=keep_payloads,
            sellers=sellers,
            inputs=inputs,
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
            method: The HTTP method.
            path: The path below ``/api/v1/partner``; one that begins with ``/api/`` is taken as it is. The
                host is always the service's.
            body: What to send as JSON: a mapping or a list of wire names, or bytes that are JSON already.
            repeatable: True where it changes nothing, so that it may be sent again when no answer came; False
                where it does. None for what is known of the path, else True for GET and HEAD.
            token: ``"client"`` or ``"provisioning"``: whose key it carries.
            options: What this call does differently; see ``Options``. ``query`` holds its parameters.

        Raises:
            ConfigurationError: the method or the path is none; nothing was sent.
            OutcomeUnknownError: it is not repeatable, and may have taken effect.
            CallError: the call failed otherwise.
        """
        from confirma_async.session.own_request import own_operation, sent

        operation = own_operation(method, path, repeatable, token, self._pipeline.overrides)
        return await sent(self._pipeline, operation, body, CallOptions(**options))

    @property
    def drift(self) -> Mapping[str, Sequence[Drift]]:
        """Places, kinds and counts of what answers had otherwise than the contract, by operation."""
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

    Made by ``Confirma.as_client``. Where it is used as a context manager, it cannot be used after the block:
    what comes later is not called with the wrong key by mistake.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipeline.keys.end()


class Confirma(Account):
    """The Confirma Finance Integrations API, as one client account sees it.

    Use it in one event loop: ``async with Confirma("key") as confirma: ...``.

    Args:
        credentials: The client account's key, which belongs to one environment: the key itself, a function
            (asynchronous or not) that is asked before every attempt, or a ``TokenStore``, which can also be
            given a renewed token. None where there is only a provisioning token.
        provisioning_token: The partner's token, for ``onboarding.create_client``.
        renew_on_401: Whether a token from a store that the service refuses is renewed unasked, once.
        environment: STAGING unless PRODUCTION is said.
        base_url: Scheme, host and port to call instead of the environment's, e.g. a sandbox's.
        timeout: Seconds for one call: waiting, all attempts and the pauses between them; above 0 and at most
            86,400, which is a day.
        rate_limit: The ceiling for all calls of this client; or a limiter, which several clients may share.
        retry: How often a call is tried again; only what is safe to repeat ever is.
        session: An aiohttp session to borrow: it is neither changed nor closed.
        ssl_context: TLS settings of your own. Verification cannot be switched off by a flag.
        overrides: Corrections of provisional paths and names.
        hooks: Called for every call, in order.
        transport: Something else to send requests through, instead of aiohttp.
        answer_limit: Bytes of an answer that are read at most; a longer one is a ResponseDecodeError. From
            1 to 4,294,967,296.
        strict: Whether an answer that is not as the contract says is an error, also where it could be read
            tolerantly.
        record_contract: A file to write what the answers show of the contract, when the client is closed:
            names, kinds and counts, of a sample of them.
        account: The name under which the account's journal is kept; None goes by the key.
        new_account: Whether the name may be one that is not known here yet.

    Raises:
        ConfigurationError: a key or the URL cannot be used, a number is out of its bounds, or the arguments
            contradict each other.
    """

    def __init__(
        self,
        credentials: Credentials | None = None,
        *,
        provisioning_token: str | Secret | AskedFor | None = None,
        renew_on_401: bool = False,
        environment: Environment = Environment.STAGING,
        base_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        rate_limit: RateLimit | Limiter = RateLimit(),
        retry: RetryPolicy = RetryPolicy(),
        session: aiohttp.ClientSession | None = None,
        ssl_context: ssl.SSLContext | None = None,
        overrides: Overrides | None = None,
        hooks: Iterable[Hook] = (),
        transport: Transport | None = None,
        answer_limit: int = ANSWER_LIMIT,
        strict: bool = False,
        record_contract: str | PathLike[str] | None = None,
        account: str | None = None,
        new_account: bool = False,
    ) -> None:
        if transport is not None and (session is not None or ssl_context is not None):
            raise ConfigurationError("a transport of your own brings its own session and TLS settings")
        bounds.TIMEOUT.check("timeout", timeout)
        bounds.ANSWER_LIMIT.check("answer_limit", answer_limit)
        if credentials is None and provisioning_token is None:
            raise ConfigurationError("there is no key: give Confirma an API key or a provisioning token")
        self.settings: Settings = Settings(environment=environment, base_url=base_url or "")
        self._keys = WeakSet[Credential]()
        limiter = LocalLimiter(rate_limit) if isinstance(rate_limit, RateLimit) else rate_limit
        self._transport = transport or _aiohttp_transport(session, ssl_context, limiter, answer_limit)
        overrides = overrides or Overrides()
        self._recorder = _recorder(record_contract, overrides)
        super().__init__(
            Pipeline(
                base_url=self.settings.base_url,
                keys=CredentialSet(
                    client=self._key(credentials),
                    provisioning=self._key(provisioning_token),
                    renew_on_401=renew_on_401,
                ),
                transport=self._transport,
                converter=Converter(overrides.names, strict=strict),
                overrides=overrides,
                limiter=limiter,
                policy=retry,
                quota=RetryQuota(retry.budget),
                timeout=timeout,
                hooks=Hooks(hooks),
                seen=None if self._recorder is None else self._recorder.seen,
            ),
            account_name(account, new=new_account),
        )

    def as_client(
        self,
        credentials: Credentials,
        *,
        renew_on_401: bool = False,
        account: str | None = None,
        new_account: bool = False,
        rate_limit: RateLimit | None = None,
    ) -> AccountView:
        """View another client account through this client: ``with confirma.as_client(key) as creditor: ...``.

        For partners who act for many. It costs next to nothing: connections, limits, the budget of retries,
        hooks and the provisioning token are this client's. The key goes to this client's host only.

        Args:
            credentials: The other account's key, in any form that ``Confirma`` takes.
            renew_on_401: Whether a token from a store that the service refuses is renewed unasked, once.
            account: The name under which the account's journal is kept; None goes by the key.
            new_account: Whether the name may be one that is not known here yet.
            rate_limit: A ceiling for the calls of this view, below that of this client.

        Raises:
            ConfigurationError: the key cannot be used.
        """
        keys = CredentialSet(
            client=self._key(credentials),
            provisioning=self._pipeline.keys.provisioning,
            renew_on_401=renew_on_401,
        )
        limiter = self._pipeline.limiter
        if rate_limit is not None:
            limiter = NestedLimiter(LocalLimiter(rate_limit), limiter)
        pipeline = evolve(self._pipeline, keys=keys, limiter=limiter)
        return AccountView(pipeline, account_name(account, new=new_account))

    def _key(self, source: Credentials | None) -> Credential | None:
        """Return the key from a source; all that use one store share one key, so that one renews it."""
        if source is None:
            return None
        known = (key for key in self._keys if key.store is source)
        keys = self._keys
        key = next(known, None) or Credential(source, note_renewal, lambda: keys)
        keys.add(key)
        return key

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
        settings = Settings.from_env()
        return cls(
            settings.api_key,
            provisioning_token=settings.provisioning_token,
            environment=settings.environment,
            base_url=settings.base_url,
            **options,
        )

    async def aclose(self) -> None:
        """End the calls under way, and close what the client opened; a borrowed session stays open.

        Who awaits such a call gets an OutcomeUnknownError where it may have taken effect, and otherwise a
        TransportError. The renewal of a token is waited for: its answer is the only place where the new one
        is. Closing twice is fine.
        """
        for key in tuple(self._keys):
            await key.settle(self._pipeline.timeout + SAVING)
        await self._pipeline.open_calls.close()
        await self._transport.close()
        if self._recorder is not None:
            await asyncio.to_thread(self._recorder.write)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


def _recorder(file: str | PathLike[str] | None, overrides: Overrides) -> Recorder | None:
    if file is None:
        return None
    from confirma_async.comparison.recording import Recorder

    return Recorder(Path(file), Converter(overrides.names), overrides)


def _aiohttp_transport(
    session: aiohttp.ClientSession | None,
    ssl_context: ssl.SSLContext | None,
    limiter: Limiter,
    answer_limit: int,
) -> Transport:
    from confirma_async.session.connection.http import AiohttpTransport

    return AiohttpTransport(
        session=session,
        ssl_context=ssl_context,
        connections=limiter.concurrency,
        answer_limit=answer_limit,
    )
