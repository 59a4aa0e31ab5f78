"""Asynchronous client of the Confirma Finance Integrations API, with exactly-once bulk jobs and a sandbox.

>>> from confirma_async import Confirma
>>> confirma = Confirma("key")  # STAGING, unless PRODUCTION is said
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from confirma_async._version import __version__

if TYPE_CHECKING:
    from confirma_async.bulk import Outcome, Report, Unknown, Verdict
    from confirma_async.client import Account, AccountView, Confirma
    from confirma_async.contract import OPERATIONS, Operation, Overrides
    from confirma_async.converters import Converter
    from confirma_async.credentials import (
        CallbackTokenStore,
        FileTokenStore,
        KeyringTokenStore,
        SharedTokenStore,
        TokenStore,
    )
    from confirma_async.errors import (
        AddressNotChosenError,
        APIError,
        Attempt,
        AuthenticationError,
        BadRequestError,
        BusinessRuleError,
        CallError,
        ConfigurationError,
        ConfirmaError,
        ConflictError,
        CredentialsError,
        JournalError,
        JournalMismatchError,
        NotFoundError,
        OutcomeUnknownError,
        PermissionDeniedError,
        Phase,
        Problem,
        RateLimitedError,
        RequestInvalidError,
        ResponseDecodeError,
        ServerError,
        TokenNotKeptError,
        TransportError,
        UnprocessableError,
    )
    from confirma_async.pagination import Listing, Page
    from confirma_async.resources.operations import pick_address
    from confirma_async.sandbox import Sandbox
    from confirma_async.secret import Secret
    from confirma_async.session.history import History
    from confirma_async.session.hooks import Hook, Outgoing
    from confirma_async.session.ratelimit import Limiter, LocalLimiter, RateLimit
    from confirma_async.session.retry import RetryPolicy
    from confirma_async.session.transport import Request, Response, Transport
    from confirma_async.settings import Environment, Settings

_HOMES = {
    "confirma_async.bulk": ("Outcome", "Report", "Unknown", "Verdict"),
    "confirma_async.client": ("Account", "AccountView", "Confirma"),
    "confirma_async.contract": ("OPERATIONS", "Operation", "Overrides"),
    "confirma_async.converters": ("Converter",),
    "confirma_async.credentials": (
        "CallbackTokenStore",
        "FileTokenStore",
        "KeyringTokenStore",
        "SharedTokenStore",
        "TokenStore",
    ),
    "confirma_async.errors": (
        "AddressNotChosenError",
        "APIError",
        "Attempt",
        "AuthenticationError",
        "BadRequestError",
        "BusinessRuleError",
        "CallError",
        "ConfigurationError",
        "ConfirmaError",
        "ConflictError",
        "CredentialsError",
        "JournalError",
        "JournalMismatchError",
        "NotFoundError",
        "OutcomeUnknownError",
        "PermissionDeniedError",
        "Phase",
        "Problem",
        "RateLimitedError",
        "RequestInvalidError",
        "ResponseDecodeError",
        "ServerError",
        "TokenNotKeptError",
        "TransportError",
        "UnprocessableError",
    ),
    "confirma_async.pagination": ("Listing", "Page"),
    "confirma_async.resources.operations": ("pick_address",),
    "confirma_async.sandbox": ("Sandbox",),
    "confirma_async.secret": ("Secret",),
    "confirma_async.session.history": ("History",),
    "confirma_async.session.hooks": ("Hook", "Outgoing"),
    "confirma_async.session.ratelimit": ("Limiter", "LocalLimiter", "RateLimit"),
    "confirma_async.session.retry": ("RetryPolicy",),
    "confirma_async.session.transport": ("Request", "Response", "Transport"),
    "confirma_async.settings": ("Environment", "Settings"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

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


def __getattr__(name: str) -> Any:
    """Imports a public name from its home at its first use: ``schemas`` alone never loads aiohttp."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
