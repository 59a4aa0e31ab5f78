"""Asynchronous client of the Confirma Finance Integrations API, with exactly-once bulk jobs and a sandbox.

>>> from confirma_async import Confirma
>>> confirma = Confirma("key")  # STAGING, unless PRODUCTION is said
"""

import lazy_loader

# The names stand in __init__.pyi; each is imported from its home at its first use.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(  # pyright: ignore[reportUnknownVariableType] (untyped)
    __name__, __file__
)
