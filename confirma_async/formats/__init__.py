"""Reads files (tables, JSON, UBL and Finvoice) lazily into invoices, each with its place."""

import lazy_loader

# The names stand in __init__.pyi; each is imported from its home at its first use.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(  # pyright: ignore[reportUnknownVariableType] (untyped)
    __name__, __file__
)
