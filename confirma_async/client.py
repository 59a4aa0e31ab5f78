"""The client: settings and keys, one session, and the account that it stands for."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypedDict, Unpack
from weakref import WeakSet

from attrs import evolve

from confirma_async import bounds
from confirma_async.account import Account, AccountView
from confirma_async.accounts.owner import AccountName
from confirma_async.accounts.registry import note_renewal
from confirma_async.contract import Overrides
from confirma_async.converters import Converter
from confirma_async.credentials import AskedFor, Credentials
from confirma_async.errors import ConfigurationError
from confirma_async.privacy import Secret
from confirma_async.session.closing import AsyncClosing
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

    from confirma_async.comparison.recording import Recorder


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
    answer_limit_bytes: int
    strict: bool
    record_contract: str | PathLike[str] | None
    account: str | None
    new_account: bool


class Confirma(Account, AsyncClosing):
    """The Confirma Finance Integrations API, as one client account sees it.

    Use it in one event loop: ``async with Confirma("key") as confirma: ...``.

    Args:
        credentials: The client account's key, which belongs to one environment: the key itself, a function
            (asynchronous or not) that is asked before every attempt, or a ``TokenStore``, which can also be
            given a renewed token. None where there is only a provisioning token.
        provisioning_token: The partner's token, for ``onboarding.create_client``.
        renew_on_401: Whether a token from a store that the service rejects is renewed unasked, once.
        environment: STAGING (the default) or PRODUCTION.
        base_url: Scheme, host and port to call instead of the environment's, e.g. a sandbox's.
        timeout: Seconds for one call: waiting, all attempts and the pauses between them; above 0 and at most
            86,400, which is a day.
        rate_limit: The rate limit for all calls of this client; or a limiter, which several clients may
            share.
        retry: How often, and after which pauses, a call is tried again; only what is safe to repeat is.
        session: An aiohttp session to borrow: it is neither changed nor closed.
        ssl_context: TLS settings of your own. Verification cannot be switched off by a flag.
        overrides: Corrections of provisional paths and names.
        hooks: Called before and after each attempt, and after each call; in order.
        transport: What sends the requests, instead of aiohttp.
        answer_limit_bytes: Bytes of an answer that are read at most, from 1 to 4,294,967,296. A longer one is
            a ResponseDecodeError.
        strict: Whether an answer that is not as the contract says is an error, also where it could be read
            tolerantly.
        record_contract: A file to write what the answers show of the contract, when the client is closed:
            names, kinds and counts, of a sample of them.
        account: The name under which the account's journal is kept; None to find the account by its key.
        new_account: Whether to begin an account of that name where it is not known on this machine yet.

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
        answer_limit_bytes: int = ANSWER_LIMIT,
        strict: bool = False,
        record_contract: str | PathLike[str] | None = None,
        account: str | None = None,
        new_account: bool = False,
    ) -> None:
        if transport is not None and (session is not None or ssl_context is not None):
            raise ConfigurationError("a transport of your own brings its own session and TLS settings")
        bounds.TIMEOUT.check("timeout", timeout)
        bounds.ANSWER_LIMIT.check("answer_limit_bytes", answer_limit_bytes)
        if credentials is None and provisioning_token is None:
            raise ConfigurationError("there is no key: give Confirma an API key or a provisioning token")
        self.settings: Settings = Settings(environment=environment, base_url=base_url or "")
        self._keys = WeakSet[Credential]()
        limiter = LocalLimiter(rate_limit) if isinstance(rate_limit, RateLimit) else rate_limit
        self._transport = transport or _aiohttp_transport(session, ssl_context, limiter, answer_limit_bytes)
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
            AccountName(account, new_account),
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

        It is for partners who act for many accounts. The view shares connections, limits, the budget of
        retries, hooks and the provisioning token with this client. Its key is sent to this client's host
        only.

        Args:
            credentials: The other account's key, in any form that ``Confirma`` takes.
            renew_on_401: Whether a token from a store that the service rejects is renewed unasked, once.
            account: The name under which the account's journal is kept; None to find the account by its key.
            new_account: Whether to begin an account of that name where it is not known on this machine yet.
            rate_limit: A rate limit for the calls of this view, within that of this client.

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
        return AccountView(pipeline, AccountName(account, new_account))

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

        A call that is ended raises an OutcomeUnknownError where it may have taken effect, and otherwise a
        TransportError. The renewal of a token is not ended, because only its answer has the new token.
        Closing twice is fine.
        """
        for key in tuple(self._keys):
            await key.wait_for_renewal(self._pipeline.timeout + SAVING)
        await self._pipeline.open_calls.close()
        await self._transport.close()
        if self._recorder is not None:
            await asyncio.to_thread(self._recorder.write)


def _recorder(file: str | PathLike[str] | None, overrides: Overrides) -> Recorder | None:
    if file is None:
        return None
    from confirma_async.comparison.recording import Recorder

    return Recorder(Path(file), Converter(overrides.names), overrides)


def _aiohttp_transport(
    session: aiohttp.ClientSession | None,
    ssl_context: ssl.SSLContext | None,
    limiter: Limiter,
    answer_limit_bytes: int,
) -> Transport:
    from confirma_async.session.connection.http import AiohttpTransport

    return AiohttpTransport(
        session=session,
        ssl_context=ssl_context,
        connections=limiter.concurrency,
        answer_limit_bytes=answer_limit_bytes,
    )
