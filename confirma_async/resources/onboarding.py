"""Onboarding: tokens and clients."""

from __future__ import annotations

from collections.abc import Mapping

from confirma_async.contract import VALIDATE_TOKEN
from confirma_async.schemas import TokenValidity
from confirma_async.session.pipeline import CallOptions, Pipeline


class Onboarding:
    """``confirma.onboarding``."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

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
