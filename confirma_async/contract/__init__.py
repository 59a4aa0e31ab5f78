"""The contract: the endpoint table, and how a user corrects it.

To know what the SDK can call, read ``OPERATIONS``.
"""

from confirma_async.contract.operations import (
    ACCOUNTING_INVOICE,
    CASE,
    CREATE_CLIENT,
    CREATE_INVOICE,
    CREATE_INVOICE_ACTIONS,
    DISTRIBUTIONS,
    DISTRIBUTIONS_V2,
    FINVOICE_CREDENTIALS,
    LEDGER_STATUSES,
    OPERATIONS,
    PAYMENT_STATUSES,
    PAYMENTS,
    PREFIX,
    RENEW_TOKEN,
    SETTLEMENTS,
    SUBMIT_LEDGER,
    SUBMIT_PAYMENTS,
    VALIDATE_TOKEN,
    Operation,
    TokenKind,
    schema_classes,
)
from confirma_async.contract.overrides import Overrides

__all__ = [
    "ACCOUNTING_INVOICE",
    "CASE",
    "CREATE_CLIENT",
    "CREATE_INVOICE",
    "CREATE_INVOICE_ACTIONS",
    "DISTRIBUTIONS",
    "DISTRIBUTIONS_V2",
    "FINVOICE_CREDENTIALS",
    "LEDGER_STATUSES",
    "OPERATIONS",
    "PAYMENTS",
    "PAYMENT_STATUSES",
    "PREFIX",
    "RENEW_TOKEN",
    "SETTLEMENTS",
    "SUBMIT_LEDGER",
    "SUBMIT_PAYMENTS",
    "VALIDATE_TOKEN",
    "Operation",
    "Overrides",
    "TokenKind",
    "schema_classes",
]
