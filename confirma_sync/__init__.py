"""The synchronous twin of ``confirma_async``: the same names, for code that blocks.

>>> from confirma_sync import Confirma
>>> confirma = Confirma("key")  # STAGING, unless PRODUCTION is said
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import confirma_async

if TYPE_CHECKING:
    from confirma_async import (
        OPERATIONS,
        Account,
        AccountView,
        AddressNotChosenError,
        APIError,
        Attempt,
        AuthenticationError,
        BadRequestError,
        BusinessRuleError,
        CallbackTokenStore,
        CallError,
        ConfigurationError,
        ConfirmaError,
        ConflictError,
        Converter,
        CredentialsError,
        Environment,
        FileTokenStore,
        History,
        Hook,
        JournalError,
        JournalMismatchError,
        KeyringTokenStore,
        Limiter,
        LocalLimiter,
        NotFoundError,
        Operation,
        Outcome,
        OutcomeUnknownError,
        Outgoing,
        Overrides,
        Page,
        PermissionDeniedError,
        Phase,
        Problem,
        RateLimit,
        RateLimitedError,
        Report,
        Request,
        RequestInvalidError,
        Response,
        ResponseDecodeError,
        RetryPolicy,
        Secret,
        ServerError,
        Settings,
        SharedTokenStore,
        TokenNotKeptError,
        TokenStore,
        Transport,
        TransportError,
        Unknown,
        UnprocessableError,
        Verdict,
        __version__,
        pick_address,
    )
    from confirma_sync.client import Confirma
    from confirma_sync.listing import Listing
    from confirma_sync.sandbox import Sandbox

__all__ = [
    "OPERATIONS",
    "APIError",
    "Account",
    "AccountView",
    "AddressNotChosenError",
    "Attempt",
    "AuthenticationError",
    "BadRequestError",
    "BusinessRuleError",
    "CallError",
    "CallbackTokenStore",
    "ConfigurationError",
    "Confirma",
    "ConfirmaError",
    "ConflictError",
    "Converter",
    "CredentialsError",
    "Environment",
    "FileTokenStore",
    "History",
    "Hook",
    "JournalError",
    "JournalMismatchError",
    "KeyringTokenStore",
    "Limiter",
    "Listing",
    "LocalLimiter",
    "NotFoundError",
    "Operation",
    "Outcome",
    "OutcomeUnknownError",
    "Outgoing",
    "Overrides",
    "Page",
    "PermissionDeniedError",
    "Phase",
    "Problem",
    "RateLimit",
    "RateLimitedError",
    "Report",
    "Request",
    "RequestInvalidError",
    "Response",
    "ResponseDecodeError",
    "RetryPolicy",
    "Sandbox",
    "Secret",
    "ServerError",
    "Settings",
    "SharedTokenStore",
    "TokenNotKeptError",
    "TokenStore",
    "Transport",
    "TransportError",
    "Unknown",
    "UnprocessableError",
    "Verdict",
    "__version__",
    "pick_address",
]

_OWN = {
    "Confirma": "confirma_sync.client",
    "Listing": "confirma_sync.listing",
    "Sandbox": "confirma_sync.sandbox",
}


def __getattr__(name: str) -> Any:
    """Imports a public name from its home at its first use; all but the blocking classes are shared."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(_OWN[name]) if name in _OWN else confirma_async
    value = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
