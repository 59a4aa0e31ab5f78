"""Onboarding: tokens and clients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from confirma_async.contract import CREATE_CLIENT, RENEW_TOKEN, VALIDATE_TOKEN
from confirma_async.converters import Converter
from confirma_async.credentials import TokenStore
from confirma_async.errors import ConfigurationError
from confirma_async.privacy import Secret
from confirma_async.resources.arguments import Prepared, as_schema, encode
from confirma_async.schemas import ClientCreated, ClientRequest, TokenValidity
from confirma_async.session.call_options import CallOptions, Options, takes_options
from confirma_async.session.pipeline import Pipeline
from confirma_async.validation import Checks, Validate


@takes_options
class Onboarding:
    """``confirma.onboarding``."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def create_client(
        self,
        request: ClientRequest | Mapping[str, Any],
        *,
        validate: Validate = True,
        allow: Iterable[str] = (),
        **options: Unpack[Options],
    ) -> ClientCreated:
        """Onboard a client (POST ``/client``; contract §3, documented).

        It wants the Partner Provisioning Token, not a client's. The new client's token is in the answer, and
        nowhere else: keep it before anything else.

        Args:
            request: The company and the service it takes, or a mapping of wire names.
            validate: Whether to check the request against the rules that need no server, or ``"strict"``.
            allow: Rules that it may break, by their ids.
            options: What this call does differently; see ``Options``.

        Raises:
            RequestInvalidError: the request breaks a rule; nothing was sent.
            ConfigurationError: there is no provisioning token; nothing was sent.
            PermissionDeniedError: the token is a client's.
            OutcomeUnknownError: the client may exist now; ask the vendor before sending it again.
            CallError: the call failed otherwise.
        """
        prepared = prepared_client(request, self._pipeline.converter, Checks(validate, allow))
        how = CallOptions(**options, subject=prepared.subject)
        return await self._pipeline.call(CREATE_CLIENT, prepared.body, options=how)

    async def validate_token(self, **options: Unpack[Options]) -> TokenValidity:
        """Ask whether the API key is valid (GET ``/validate``; contract §3, documented).

        Args:
            options: What this call does differently; see ``Options``.

        Raises:
            AuthenticationError: the key is missing, wrong or expired.
            CallError: the call failed otherwise.
        """
        how = CallOptions(**options)
        return await self._pipeline.call(VALIDATE_TOKEN, options=how)

    async def renew_token(
        self,
        *,
        store: TokenStore | None = None,
        **options: Unpack[Options],
    ) -> Secret:
        """Exchange the client's token for a new one (GET ``/renew``; contract §3, documented).

        The new token is in the store before it is used; from then on, the client takes its key from there.
        An expired token can be renewed, too. Whether the old one dies at once is not documented: treat it as
        dead. Several calls at once are one renewal, and share what it comes to.

        Args:
            store: Where to keep the new token; by default the store that the client was given as its key.
            options: What this call does differently; see ``Options``.

        Returns:
            The new token. Where in the answer it stands is our reading, not the vendor's word.

        Raises:
            ConfigurationError: there is no store, so that the new token would be lost; nothing was sent.
            OutcomeUnknownError: the answer was lost; the message says what to do.
            TokenNotKeptError: the token was renewed, but the store did not take the new one; the error
                has it.
            CallError: the call failed otherwise.
        """
        key = self._pipeline.keys.of(RENEW_TOKEN)
        store = store or key.store
        if store is None:
            raise ConfigurationError(
                "a renewed token must be kept, or it is lost with this process: give renew_token a store, "
                "e.g. FileTokenStore(path), or give one to Confirma as its key; nothing was sent"
            )
        how = CallOptions(**options, subject="the token")
        return await self._pipeline.renew(key, store, how)


def prepared_client(
    request: ClientRequest | Mapping[str, Any], converter: Converter, checks: Checks
) -> Prepared[ClientRequest]:
    """Check a request to onboard a client, and write it as JSON; see ``Onboarding.create_client``.

    Raises:
        RequestInvalidError: the request breaks a rule.
    """
    client = as_schema(request, ClientRequest, converter)
    keys = not isinstance(request, ClientRequest)
    body = encode(client, "the client", converter, checks, keys=keys)
    return Prepared(client, body, f"client {client.client.business_code}")
