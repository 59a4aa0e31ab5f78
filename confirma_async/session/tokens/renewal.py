"""Renews a token: asks for a new one with the old one, and finds it in the answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from confirma_async.contract import RENEW_TOKEN
from confirma_async.converters import Converter
from confirma_async.errors import ResponseDecodeError, TokenNotKeptError
from confirma_async.privacy import Secret

if TYPE_CHECKING:
    from confirma_async.schemas import TokenRenewal

    Asked: TypeAlias = Callable[[Secret], Awaitable[TokenRenewal]]
    """Calls the operation "Renew access token" with a token."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


async def renewed_token(ask: Asked, converter: Converter, old: Secret) -> Secret:
    """Ask for a new token with the old one, and return it.

    Raises:
        OutcomeUnknownError: the answer was lost; the message says what to do.
        TokenNotKeptError: the token was renewed, but it is not where the SDK looks in the answer.
        CallError: the service did not renew it.
    """
    try:
        answer = await ask(old)
    except ResponseDecodeError as error:
        whole = Secret(error.body)
        error.body = ""  # it may hold the token, and the hooks of the call have the error
    else:
        token = token_in(answer)
        if token is not None:
            return token
        whole = Secret(converter.dumps(answer).decode())
    # Raised here, where nothing that holds the answer hangs on it.
    raise TokenNotKeptError(
        "the service renewed the token, but its answer has none where the SDK looks for it; treat the old "
        "one as dead. The whole answer is in memory: look for the token in what error.answer.reveal() gives",
        answer=whole,
    ).of(RENEW_TOKEN.name, ())


def token_in(answer: TokenRenewal) -> Secret | None:
    """Return the new token in the answer to a renewal (contract §3); None where it is not found.

    The vendor says that the token is in the answer, not where. That it is ``apiAccessToken`` or ``token`` is
    this project's assumption; a message that is only a UUID counts as one, too.
    """
    if answer.api_access_token or answer.token:
        return answer.api_access_token or answer.token
    message = answer.message.strip() if answer.message else ""
    return Secret(message) if _UUID.fullmatch(message) else None
