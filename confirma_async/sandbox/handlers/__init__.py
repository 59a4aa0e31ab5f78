"""What the sandbox does for each operation: plain functions from a call to an answer, no I/O but the store.

To serve another row of the contract, write a handler and add it to ``HANDLERS``.
"""

from collections.abc import Mapping
from types import MappingProxyType

from confirma_async import contract
from confirma_async.sandbox.handlers.accounting import (
    invoice_statuses,
    ledger_statuses,
    payment_statuses,
    submit_ledger,
    submit_payments,
)
from confirma_async.sandbox.handlers.base import Call, Handler
from confirma_async.sandbox.handlers.cases import case_details, create_actions
from confirma_async.sandbox.handlers.distributions import distributions, distributions_v2
from confirma_async.sandbox.handlers.einvoice_directory import finvoice_credentials
from confirma_async.sandbox.handlers.invoices import create_invoice
from confirma_async.sandbox.handlers.money import payments, settlements
from confirma_async.sandbox.handlers.tokens import create_client, renew_token, validate_token

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        contract.CREATE_CLIENT.name: create_client,
        contract.VALIDATE_TOKEN.name: validate_token,
        contract.RENEW_TOKEN.name: renew_token,
        contract.CREATE_INVOICE.name: create_invoice,
        contract.CREATE_INVOICE_ACTIONS.name: create_actions,
        contract.CASE.name: case_details,
        contract.DISTRIBUTIONS.name: distributions,
        contract.DISTRIBUTIONS_V2.name: distributions_v2,
        contract.PAYMENTS.name: payments,
        contract.SETTLEMENTS.name: settlements,
        contract.ACCOUNTING_INVOICE.name: invoice_statuses,
        contract.SUBMIT_LEDGER.name: submit_ledger,
        contract.LEDGER_STATUSES.name: ledger_statuses,
        contract.SUBMIT_PAYMENTS.name: submit_payments,
        contract.PAYMENT_STATUSES.name: payment_statuses,
        contract.FINVOICE_CREDENTIALS.name: finvoice_credentials,
    }
)
"""What answers each operation, by name: every row of the contract."""

__all__ = ["HANDLERS", "Call"]
