"""The keys of a client: which call carries which, and how a token is renewed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from itertools import chain

from attrs import define, field

from confirma_async.contract import Operation, TokenKind
from confirma_async.credentials import Credentials, SharedTokenStore, TokenStore, ask, checked
from confirma_async.errors import (
    AuthenticationError,
    CallError,
    ConfigurationError,
    CredentialsError,
    Phase,
    TokenNotKeptError,
)
from confirma_async.privacy import Mask, Secret, visible

logger: logging.Logger = logging.getLogger("confirma_async")

REMEMBERED = 4
"""Values of one key that are masked in texts of the service: the present one, and those just replaced."""

Renewer = Callable[[Secret], Awaitable[Secret]]
"""Exchanges a token for a new one at the service."""

RenewalListener = Callable[[Secret, Secret], Awaitable[None]]
"""Is called with the old and the new key once a key is renewed."""

KeyCheck = Callable[[Secret, Secret], Awaitable[None]]
"""Checks a key that was found in place of another one: gets the old and the new one, raises
CredentialsError."""


class Credential:
    """One key: its source, and its present value.

    Args:
        source: The key itself, a function that is asked before every attempt, or a store that is read at the
            first call and whenever the service rejects what it gave.
        on_renewed: Called with the old and the new key once a renewed key is kept.
        others: Returns the other keys of the same client, most of them of other accounts.

    Attributes:
        current: The key, if it can be used as it is; None if ``get`` has to ask for it first.
        store: The store that the key came from, and that renewed tokens go to.
        lately: The present and the latest former values of the key, the newest last.
        check: Checks a key that is found in place of this one; None while the key belongs to no journal.

    Raises:
        ConfigurationError: no HTTP header can carry the key, or the source is of no known kind.
    """

    def __init__(
        self,
        source: Credentials,
        on_renewed: RenewalListener | None = None,
        others: Callable[[], Iterable[Credential]] = tuple,
    ) -> None:
        self._on_renewed = on_renewed
        self._others = others
        self.check: KeyCheck | None = None
        self.current: Secret | None = None
        self.store: TokenStore | None = None
        self.lately: tuple[Secret, ...] = ()
        self._load: Callable[[], Awaitable[Secret]]
        self._lasts = True
        self._unsaved: tuple[Secret, TokenStore] | None = None
        self._renewal: asyncio.Task[Secret] | None = None
        self._renewed_in_vain: Secret | None = None
        if isinstance(source, str | Secret):
            self.current = self._remembered(checked(source))
            self._load = partial(_given, self.current)
        elif isinstance(source, TokenStore):
            self._take_from(source)
        elif callable(source):
            self._load, self._lasts = partial(ask, source), False
        else:
            raise ConfigurationError(
                "the key must be text, a function that returns it, or a TokenStore; "
                f"{type(source).__name__} is none of them"
            )

    async def get(self) -> Secret:
        """Return the key to use now; wait for a renewal under way, ask the function or read the store.

        Raises:
            CredentialsError: there is no key to be had.
            TokenNotKeptError: a renewed token still cannot be kept; it is not used before it is.
        """
        await self.wait_for_renewal()
        if self._unsaved is not None:
            try:
                return await self._keep(*self._unsaved)
            except TokenNotKeptError as error:
                error.phase = Phase.NOT_SENT
                raise
        return self.current or await self._read(None)

    async def replaced(self, rejected: Secret) -> bool:
        """Say whether the key has changed since the service rejected it.

        Raises:
            CredentialsError: there is no key to be had.
            TokenNotKeptError: a renewed token still cannot be kept.
        """
        await self.wait_for_renewal()
        if self.current == rejected:
            await self._read(rejected)  # perhaps another process has renewed it
        return await self.get() != rejected

    def may_renew(self, rejected: Secret) -> bool:
        """Say whether a rejected token may be renewed unasked: it has a store, and was not tried before."""
        return self.store is not None and rejected != self._renewed_in_vain

    async def renew(self, renewer: Renewer, store: TokenStore, rejected: Secret | None = None) -> Secret:
        """Exchange the token for a new one, which is in the store before any call uses it.

        If a renewal is under way, its result is waited for, even that of another process with a shared store.
        It goes on even if its callers are cancelled: a token that is on its way must not be lost.

        Args:
            renewer: Asks the service.
            store: Where the new token goes.
            rejected: The token that is to be replaced, because the service rejected it.

        Raises:
            CallError: the service did not renew the token.
            TokenNotKeptError: the store did not take the new token. The next renewal saves it, and asks the
                service for no other.
        """
        if self._renewal is None:
            self._renewal = asyncio.create_task(
                self._renewed(renewer, store, rejected), name="renewal of a token"
            )
            self._renewal.add_done_callback(self._on_end)
        return await asyncio.shield(self._renewal)

    async def wait_for_renewal(self, patience_seconds: float | None = None) -> None:
        """Wait until a renewal under way has ended or failed, for ``patience_seconds`` at most."""
        if self._renewal is not None:
            await asyncio.wait([self._renewal], timeout=patience_seconds)

    def _take_from(self, store: TokenStore) -> None:
        self.store, self._load, self._lasts = store, partial(_loaded, store), True

    async def _read(self, stale: Secret | None) -> Secret:
        """Ask the source for the key; keep it if the source is a store, unless another was kept meanwhile."""
        found = await self._load_anew()
        if self._lasts and self.current == stale:
            self.current = found
        return self.current or found

    async def _renewed(self, renewer: Renewer, store: TokenStore, rejected: Secret | None) -> Secret:
        if not isinstance(store, SharedTokenStore):
            return await self._renewed_alone(renewer, store)
        before = rejected
        if before is None and store is self.store and self._unsaved is None:
            before = self.current = await self._as_kept()
        async with store.exclusive():
            if before is not None and self._unsaved is None:
                self.current = await self._as_kept()
                if self.current != before:
                    return self.current  # another process has renewed it meanwhile
            return await self._renewed_alone(renewer, store)

    async def _as_kept(self) -> Secret:
        """Return the token that the store holds now; the one in memory if the store has lost it."""
        try:
            return await self._load_anew()
        except CredentialsError:
            if self.current is None:
                raise
            return self.current

    async def _load_anew(self) -> Secret:
        found = await self._load()
        if self.check is not None and self.lately and found not in self.lately:
            try:
                self._refuse_of_another(found)
                await self.check(self.lately[-1], found)
            except CredentialsError as error:
                logger.error("a key was replaced by one that is not used: %s", visible(str(error)))  # noqa: TRY400 (its traceback says nothing)
                raise
        return self._remembered(found)

    def _refuse_of_another(self, found: Secret) -> None:
        """Refuse a key that another account of the same client has.

        Raises:
            CredentialsError: another account has it.
        """
        for other in tuple(self._others()):
            if found in other.lately and set(other.lately).isdisjoint(self.lately):
                raise CredentialsError(
                    "where the key of this account was kept is the key of another account now; it is not "
                    "used. Give each account its own key again"
                )

    async def _renewed_alone(self, renewer: Renewer, store: TokenStore) -> Secret:
        if self._unsaved is not None:
            return await self._keep(self._unsaved[0], store)
        old = self.current or await self._read(None)
        self.current = None  # calls that start now wait for the new one
        try:
            new = checked(await renewer(old))
        except BaseException as error:
            self.current = old if self._lasts else None
            if not isinstance(error, CallError) or error.phase is not Phase.NOT_SENT:
                self._renewed_in_vain = old
            if isinstance(error, AuthenticationError) and store is self.store:
                kept = await self._read(old)
                if kept != old:
                    return kept  # another process was quicker, and the old one is dead by that
            raise
        kept = await self._keep(new, store)
        if self._on_renewed is not None:
            await self._on_renewed(old, new)
        return kept

    async def _keep(self, token: Secret, store: TokenStore) -> Secret:
        """Save a new token in the store. Only then it becomes the key, and the store its source."""
        self._unsaved = self._remembered(token), store
        try:
            await store.save(token)
        except Exception as error:
            raise TokenNotKeptError(
                f"the service gave a new token, but the store did not keep it ({type(error).__name__}); "
                "treat the old one as dead. The new one is in memory: keep what error.token.reveal() gives, "
                "or mend the store and call renew_token() again, which saves it and renews nothing",
                token=token,
            ) from error
        self._take_from(store)
        self._unsaved, self.current = None, token
        return token

    def _remembered(self, token: Secret) -> Secret:
        if token not in self.lately:
            self.lately = (*self.lately, token)[-REMEMBERED:]
        return token

    def _on_end(self, renewal: asyncio.Task[Secret]) -> None:
        self._renewal = None
        if renewal.cancelled():
            logger.error("the renewal of a token was cancelled: whether the old one still holds is unknown")
        elif (error := renewal.exception()) is not None:
            logger.error("the renewal of a token failed: %s", visible(str(error)))


async def _given(key: Secret) -> Secret:
    return key


async def _loaded(store: TokenStore) -> Secret:
    try:
        return checked(await store.load())
    except CallError:
        raise
    except Exception as error:
        raise CredentialsError(f"the token store gave no token ({type(error).__name__})") from error


@define(kw_only=True)
class CredentialSet:
    """The keys of one client account.

    Attributes:
        client: The client's key.
        provisioning: The partner's provisioning token.
        renew_on_401: Whether a client's token that the service rejects is renewed unasked.

    Raises:
        ConfigurationError: a renewed token would have no store to be kept in.
    """

    client: Credential | None = None
    provisioning: Credential | None = None
    renew_on_401: bool = False
    _ended: bool = field(default=False, init=False)
    _mask: Mask = field(factory=Mask, init=False)
    _masked: tuple[object, ...] = field(default=(), init=False)

    def __attrs_post_init__(self) -> None:
        if self.renew_on_401 and (self.client is None or self.client.store is None):
            raise ConfigurationError(
                "a renewed token must be kept: renew_on_401 needs a TokenStore as the key"
            )

    def mask(self, used: Secret) -> Mask:
        """Return a function that masks these keys, their former values, and the one that a call has used."""
        client = () if self.client is None else self.client.lately
        provisioning = () if self.provisioning is None else self.provisioning.lately
        if (client, provisioning) != self._masked:  # nearly always the same objects, quickly compared
            self._masked, self._mask = (client, provisioning), Mask(chain(client, provisioning))
        known = used in client or used in provisioning
        return self._mask if known else Mask(chain([used], client, provisioning))

    def end(self) -> None:
        """Give out no key from now on."""
        self._ended = True

    def of(self, operation: Operation[object]) -> Credential:
        """Return the key that an operation needs.

        Raises:
            ConfigurationError: there is no key of that kind, or ``end`` was called; nothing was sent.
        """
        if self._ended:
            raise ConfigurationError("the block of this as_client(...) was left; call as_client again")
        key = self.provisioning if operation.token is TokenKind.PROVISIONING else self.client
        if key is None:
            raise ConfigurationError(f"{operation.name} {_MISSING[operation.token]}; nothing was sent")
        return key


_MISSING = {
    TokenKind.CLIENT: "needs the API key of a client, and there is only a provisioning token; give the key "
    "to Confirma, set CONFIRMA_API_KEY, or use as_client(key)",
    TokenKind.PROVISIONING: "needs the partner's provisioning token, and there is only a client's API key; "
    "give it as provisioning_token, or set CONFIRMA_PROVISIONING_TOKEN",
}
