"""The client: settings, one pipeline, and the resources."""

from __future__ import annotations

import ssl
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypedDict, Unpack

from confirma_async.contract import Overrides
from confirma_async.converters import Converter
from confirma_async.errors import ConfigurationError
from confirma_async.resources.accounting import Accounting
from confirma_async.resources.invoices import Invoices
from confirma_async.resources.onboarding import Onboarding
from confirma_async.resources.operations import Operations
from confirma_async.resources.payments import Payments
from confirma_async.session.pipeline import DEFAULT_TIMEOUT, Pipeline, check_timeout
from confirma_async.session.ratelimit import Limiter, LocalLimiter, RateLimit
from confirma_async.session.retry import RetryPolicy, RetryQuota
from confirma_async.session.transport import Transport
from confirma_async.settings import Environment, Settings

if TYPE_CHECKING:
    import aiohttp

    from confirma_async.bulk import Bulk


class ClientOptions(TypedDict, total=False):
    """What ``Confirma`` takes besides key, environment and base URL."""

    timeout: float
    rate_limit: RateLimit | Limiter
    retry: RetryPolicy
    session: aiohttp.ClientSession | None
    ssl_context: ssl.SSLContext | None
    overrides: Overrides | None
    transport: Transport | None


class Confirma:
    """The Confirma Finance Integrations API, as one client account sees it.

    Use it in one event loop: ``async with Confirma("key") as confirma: ...``.

    Args:
        api_key: The client account's token; it belongs to one environment.
        environment: STAGING unless PRODUCTION is said.
        base_url: Scheme, host and port to call instead of the environment's, e.g. a sandbox's.
        timeout: Seconds for one call: waiting, all attempts and the pauses between them.
        rate_limit: The ceiling for all calls of this client; or a limiter, which several clients may share.
        retry: How often a call is tried again; only what is safe to repeat ever is.
        session: An aiohttp session to borrow: it is neither changed nor closed.
        ssl_context: TLS settings of your own. Verification cannot be switched off by a flag.
        overrides: Corrections of provisional paths and names.
        transport: Something else to send requests through, instead of aiohttp.

    Attributes:
        onboarding: Tokens and clients.
        invoices: Invoices, actions on them, and what became of them.
        payments: Payments and settlements.
        accounting: Ledgers and payments for the accounting system.
        operations: E-invoice addresses.
        bulk: Jobs of any size, each invoice exactly once.
        converter: Reads and writes the schemas as dicts and JSON.

    Raises:
        ConfigurationError: the key or the URL cannot be used, or the arguments contradict each other.
    """

    def __init__(
        self,
        api_key: str,
        *,
        environment: Environment = Environment.STAGING,
        base_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        rate_limit: RateLimit | Limiter = RateLimit(),
        retry: RetryPolicy = RetryPolicy(),
        session: aiohttp.ClientSession | None = None,
        ssl_context: ssl.SSLContext | None = None,
        overrides: Overrides | None = None,
        transport: Transport | None = None,
    ) -> None:
        if transport is not None and (session is not None or ssl_context is not None):
            raise ConfigurationError("a transport of your own brings its own session and TLS settings")
        check_timeout(timeout)
        self.settings: Settings = Settings(api_key=api_key, environment=environment, base_url=base_url or "")
        overrides = overrides or Overrides()
        self.converter: Converter = Converter(overrides.names)
        limiter = LocalLimiter(rate_limit) if isinstance(rate_limit, RateLimit) else rate_limit
        self._transport = transport or _aiohttp_transport(session, ssl_context, limiter)
        self._pipeline = Pipeline(
            base_url=self.settings.base_url,
            api_key=api_key,
            transport=self._transport,
            converter=self.converter,
            overrides=overrides,
            limiter=limiter,
            policy=retry,
            quota=RetryQuota(),
            timeout=timeout,
        )
        self.onboarding: Onboarding = Onboarding(self._pipeline)
        self.invoices: Invoices = Invoices(self._pipeline)
        self.payments: Payments = Payments(self._pipeline)
        self.accounting: Accounting = Accounting(self._pipeline)
        self.operations: Operations = Operations(self._pipeline)

    @cached_property
    def bulk(self) -> Bulk:
        """Jobs of any size, each invoice exactly once; loaded when first asked for."""
        from confirma_async.bulk import Bulk

        return Bulk(self._pipeline)

    @classmethod
    def from_env(cls, **options: Unpack[ClientOptions]) -> Self:
        """Makes a client from CONFIRMA_API_KEY, CONFIRMA_ENVIRONMENT and CONFIRMA_BASE_URL.

        Args:
            options: Everything that the class takes besides key, environment and base URL.

        Raises:
            ConfigurationError: a variable is missing or says something that cannot be used.
        """
        settings = Settings.from_env()
        return cls(settings.api_key, environment=settings.environment, base_url=settings.base_url, **options)

    async def aclose(self) -> None:
        """Ends the calls under way, and closes what the client opened; a borrowed session stays open.

        Who awaits such a call gets an OutcomeUnknownError where it may have taken effect, and otherwise a
        TransportError. Closing twice is fine.
        """
        self._pipeline.open_calls.close()
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<Confirma {self.settings.base_url}>"


def _aiohttp_transport(
    session: aiohttp.ClientSession | None, ssl_context: ssl.SSLContext | None, limiter: Limiter
) -> Transport:
    from confirma_async.session.http import AiohttpTransport

    return AiohttpTransport(session=session, ssl_context=ssl_context, connections=limiter.concurrency)
