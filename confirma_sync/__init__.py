"""The blocking version of ``confirma_async``: it has the same names, and each call waits for its result.

>>> from confirma_sync import Confirma
>>> confirma = Confirma("key")  # STAGING, unless PRODUCTION is said
"""

from __future__ import annotations

import importlib

import confirma_async

__all__ = dir(confirma_async)  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll] (the stub tells)

_OWN = {
    "Confirma": "confirma_sync.client",
    "Creditors": "confirma_sync.creditors",
    "Pager": "confirma_sync.waiting.proxy",
    "Sandbox": "confirma_sync.sandbox",
}


def __getattr__(name: str) -> object:
    """Import a public name from its home at its first use; all but the blocking classes are shared."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(_OWN[name]) if name in _OWN else confirma_async
    value: object = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
