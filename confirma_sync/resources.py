"""The verbs, grouped as in ``confirma_async.resources``, and derived from them."""

from __future__ import annotations

from typing import Final

from confirma_async.resources import accounting, invoices, onboarding, operations, payments
from confirma_sync.waiting.proxy import SyncProxy, blocking, blocking_after, listing


class Onboarding(SyncProxy):
    """``confirma.onboarding``."""

    create_client: Final = blocking(onboarding.Onboarding.create_client)
    validate_token: Final = blocking(onboarding.Onboarding.validate_token)
    renew_token: Final = blocking(onboarding.Onboarding.renew_token)


class Invoices(SyncProxy):
    """``confirma.invoices``."""

    create: Final = blocking_after(
        invoices.Invoices._prepare_create,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # its twin
        invoices.Invoices.create,
    )
    create_actions: Final = blocking(invoices.Invoices.create_actions)
    case: Final = blocking(invoices.Invoices.case)
    distributions: Final = listing(invoices.Invoices.distributions)
    distributions_v2: Final = listing(invoices.Invoices.distributions_v2)


class Payments(SyncProxy):
    """``confirma.payments``."""

    list: Final = listing(payments.Payments.list)
    settlements: Final = listing(payments.Payments.settlements)


class Accounting(SyncProxy):
    """``confirma.accounting``."""

    submit_ledger: Final = blocking(accounting.Accounting.submit_ledger)
    ledger_statuses: Final = blocking(accounting.Accounting.ledger_statuses)
    submit_payments: Final = blocking(accounting.Accounting.submit_payments)
    payment_statuses: Final = blocking(accounting.Accounting.payment_statuses)
    invoice_statuses: Final = blocking(accounting.Accounting.invoice_statuses)


class Operations(SyncProxy):
    """``confirma.operations``."""

    finvoice_credentials: Final = blocking(operations.Operations.finvoice_credentials)
