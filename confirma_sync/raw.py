"""The verbs that return the whole answer, derived from those in ``confirma_async.resources.raw``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from confirma_async.resources import raw
from confirma_sync.waiting.portal import Portal
from confirma_sync.waiting.proxy import SyncProxy, blocking


class RawOnboarding(SyncProxy):
    """``confirma.raw.onboarding``."""

    create_client: Final = blocking(raw.RawOnboarding.create_client)
    validate_token: Final = blocking(raw.RawOnboarding.validate_token)


class RawInvoices(SyncProxy):
    """``confirma.raw.invoices``."""

    create: Final = blocking(raw.RawInvoices.create)
    create_actions: Final = blocking(raw.RawInvoices.create_actions)
    case: Final = blocking(raw.RawInvoices.case)
    distributions: Final = blocking(raw.RawInvoices.distributions)
    distributions_v2: Final = blocking(raw.RawInvoices.distributions_v2)


class RawPayments(SyncProxy):
    """``confirma.raw.payments``."""

    list: Final = blocking(raw.RawPayments.list)
    settlements: Final = blocking(raw.RawPayments.settlements)


class RawAccounting(SyncProxy):
    """``confirma.raw.accounting``."""

    submit_ledger: Final = blocking(raw.RawAccounting.submit_ledger)
    ledger_statuses: Final = blocking(raw.RawAccounting.ledger_statuses)
    submit_payments: Final = blocking(raw.RawAccounting.submit_payments)
    payment_statuses: Final = blocking(raw.RawAccounting.payment_statuses)
    invoice_statuses: Final = blocking(raw.RawAccounting.invoice_statuses)


class RawOperations(SyncProxy):
    """``confirma.raw.operations``."""

    finvoice_credentials: Final = blocking(raw.RawOperations.finvoice_credentials)


class Raw(SyncProxy):
    """``confirma.raw``: the same verbs; each returns the whole answer, with status, headers and bytes."""

    def __init__(self, portal: Portal[Any], find: Callable[[], raw.Raw]) -> None:
        super().__init__(portal, find)
        self.onboarding: RawOnboarding = RawOnboarding(portal, lambda: find().onboarding)
        self.invoices: RawInvoices = RawInvoices(portal, lambda: find().invoices)
        self.payments: RawPayments = RawPayments(portal, lambda: find().payments)
        self.accounting: RawAccounting = RawAccounting(portal, lambda: find().accounting)
        self.operations: RawOperations = RawOperations(portal, lambda: find().operations)
