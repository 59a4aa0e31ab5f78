"""Onboarding: tokens and clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confirma_async.contract import CREATE_CLIENT, VALIDATE_TOKEN
from confirma_async.resources.arguments import as_schema, encode
from confirma_async.schemas import ClientCreated, ClientRequest, TokenValidity
from confirma_async.session.pipeline import CallOptions, Pipeline


class Onboarding:
    """``confirma.onboarding``."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def create_client(
        self,
        request: ClientRequest | Mapping[str, Any],
        *,
        validate: bool = True,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ClientCreated:
        """Onboards a client (POST ``/client``; contract §3, documented).

        It wants the Partner Provisioning Token, not a client's. The new client's token is in the answer, and
        nowhere else: keep it before anything else.

        Args:
            request: The company and the service it takes, or a mapping of wire names.
            validate: Whether to check the request against the rules that need no server.
            timeout: Seconds for the whole call.
            headers: Headers to add.

        Raises:
            RequestInvalidError: the request breaks a rule; nothing was sent.
            PermissionDeniedError: the token is a client's.
            OutcomeUnknownError: the client may exist now; ask the vendor before sending it again.
            CallError: the call failed otherwise.
        """
        client = as_schema(request, ClientRequest, self._pipeline.converter)
        body = encode(client, "the client", self._pipeline.converter, validate=validate)
        subject = f"client {client.client.business_code}"
        options = CallOptions(timeout=timeout, headers=headers, subject=subject)
        return await self._pipeline.call(CREATE_CLIENT, ClientCreated, body, options=options)

    async def validate_token(
        self, *, timeout: float | None = None, headers: Mapping[str, str] | None = None
    ) -> TokenValidity:
        """Asks whether the API key is valid (GET ``/validate``; contract §3, documented).

        Args:
            timeout: Seconds for the whole call.
            headers: Headers to add.

        Raises:
            AuthenticationError: the key is missing, wrong or expired.
            CallError: the call failed otherwise.
        """
        options = CallOptions(timeout=timeout, headers=headers)
        return await self._pipeline.call(VALIDATE_TOKEN, TokenValidity, options=options)
