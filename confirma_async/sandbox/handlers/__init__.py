"""What the sandbox does for each operation: plain functions from a call to an answer, no I/O but the store.

To serve another row of the contract, write a handler and add it to ``HANDLERS``.
"""

from collections.abc import Mapping
from types import MappingProxyType

from confirma_async.contract import CREATE_INVOICE, DISTRIBUTIONS, VALIDATE_TOKEN
from confirma_async.sandbox.handlers.call import Call, Handler, World
from confirma_async.sandbox.handlers.distributions import distributions
from confirma_async.sandbox.handlers.invoices import create_invoice
from confirma_async.sandbox.handlers.tokens import validate_token

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        VALIDATE_TOKEN.name: validate_token,
        CREATE_INVOICE.name: create_invoice,
        DISTRIBUTIONS.name: distributions,
    }
)
"""The operations that the sandbox serves, by name; every other row of the contract answers 501."""

__all__ = ["HANDLERS", "Call", "Handler", "World"]
