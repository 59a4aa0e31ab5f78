"""Accounting: ledgers and payments for the client's accounting system, and how their transfer stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack

from confirma_async.contract import (
    ACCOUNTING_INVOICE,
    LEDGER_STATUSES,
    PAYMENT_STATUSES,
    SUBMIT_LEDGER,
    SUBMIT_PAYMENTS,
    Operation,
)
from confirma_async.converters import Converter
from confirma_async.resources.arguments import Prepared, as_schema, encode
from confirma_async.schemas import (
    AccountingInvoiceStatuses,
    AccountingPayment,
    AccountingPaymentStatuses,
    AccountingQuery,
    AccountingReceipt,
    Ledger,
    LedgerStatuses,
    LedgerSubmission,
    PaymentSubmission,
)
from confirma_async.session.answers.decoding import T
from confirma_async.session.call_options import CallOptions, Options, takes_options
from confirma_async.session.pipeline import Pipeline
from confirma_async.validation import Checks, Validate


@takes_options
class Accounting:
    """``confirma.accounting``."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def submit_ledger(
        self,
        ledger: Ledger | Mapping[str, Any],
        *,
        validate: Validate = True,
        allow: Iterable[str] = (),
        **options: Unpack[Options],
    ) -> AccountingReceipt:
        """Submit one ledger document (POST ``/accounting/ledger``; contract §7, documented).

        The vendor does not show the answer. Whether the accounting system took the document is told by
        ``ledger_statuses``, under the document's own ``ledger_identifier``.

        Args:
            ledger: The document, or a mapping of wire names.
            validate: Whether to check the document against the rules that need no server, or ``"strict"``.
            allow: Rules that it may break, by their ids.
            options: What this call does differently; see ``Options``.

        Raises:
            RequestInvalidError: the document breaks a rule, e.g. its rows do not balance; nothing was sent.
            OutcomeUnknownError: the document may have arrived; look at the statuses before sending it again.
            CallError: the call failed otherwise.
        """
        prepared = prepared_ledger(ledger, self._pipeline.converter, Checks(validate, allow))
        how = CallOptions(**options, subject=prepared.subject)
        return await self._pipeline.call(SUBMIT_LEDGER, prepared.body, options=how)

    async def ledger_statuses(
        self,
        filters: Mapping[str, str] | None = None,
        **options: Unpack[Options],
    ) -> LedgerStatuses:
        """Return how the transfer of ledgers stands (GET ``/accounting/ledger``; contract §7, documented).

        Where the service has no content (204), the list is empty.

        Args:
            filters: Query parameters, passed on as given; the page as we know it shows none.
            options: What this call does differently; see ``Options``.

        Raises:
            CallError: the call failed.
        """
        return await self._statuses(LEDGER_STATUSES, filters, **options)

    async def submit_payments(
        self,
        payments: Sequence[AccountingPayment | Mapping[str, Any]],
        *,
        validate: Validate = True,
        allow: Iterable[str] = (),
        **options: Unpack[Options],
    ) -> AccountingReceipt:
        """Submit payments (POST ``/accounting/payment``; contract §7, documented).

        The vendor does not show the answer. Whether the accounting system took a payment is told by
        ``payment_statuses``, under the payment's own ``payment_identifier``.

        Args:
            payments: The payments, or mappings of wire names.
            validate: Whether to check the payments against the rules that need no server, or ``"strict"``.
            allow: Rules that they may break, by their ids.
            options: What this call does differently; see ``Options``.

        Raises:
            RequestInvalidError: a payment breaks a rule; nothing was sent.
            OutcomeUnknownError: they may have arrived; look at the statuses before sending them again.
            CallError: the call failed otherwise.
        """
        prepared = prepared_payments(payments, self._pipeline.converter, Checks(validate, allow))
        how = CallOptions(**options, subject=prepared.subject)
        return await self._pipeline.call(SUBMIT_PAYMENTS, prepared.body, options=how)

    async def payment_statuses(
        self,
        filters: Mapping[str, str] | None = None,
        **options: Unpack[Options],
    ) -> AccountingPaymentStatuses:
        """Return how the transfer of payments stands (GET ``/accounting/payment``; contract §7, documented).

        Args:
            filters: Query parameters, passed on as given; the page as we know it shows none.
            options: What this call does differently; see ``Options``.

        Raises:
            CallError: the call failed.
        """
        return await self._statuses(PAYMENT_STATUSES, filters, **options)

    async def invoice_statuses(
        self,
        filters: Mapping[str, str] | None = None,
        **options: Unpack[Options],
    ) -> AccountingInvoiceStatuses:
        """Return how the transfer of invoices stands (GET ``/accounting/invoice``; contract §7, provisional).

        Invoices reach the accounting system when ``processing.accounting_invoice_enabled`` is set on them;
        that, the path and every name of the answer are this project's reading.

        Args:
            filters: Query parameters, passed on as given; the page as we know it shows none.
            options: What this call does differently; see ``Options``.

        Raises:
            CallError: the call failed.
        """
        return await self._statuses(ACCOUNTING_INVOICE, filters, **options)

    async def _statuses(
        self,
        operation: Operation[T],
        filters: Mapping[str, str] | None,
        **options: Unpack[Options],
    ) -> T:
        query = AccountingQuery(extra=dict(filters or {}))
        how = CallOptions(**options)
        return await self._pipeline.call(operation, query=query, options=how)


def prepared_ledger(
    ledger: Ledger | Mapping[str, Any], converter: Converter, checks: Checks
) -> Prepared[LedgerSubmission]:
    """Check a ledger, and write its submission as JSON; see ``Accounting.submit_ledger``.

    Raises:
        RequestInvalidError: the document breaks a rule.
    """
    document = as_schema(ledger, Ledger, converter)
    what = f"ledger {document.ledger_identifier}" if document.ledger_identifier else "the ledger"
    request = LedgerSubmission(ledgers=document)
    body = encode(request, what, converter, checks, keys=not isinstance(ledger, Ledger))
    return Prepared(request, body, what)


def prepared_payments(
    payments: Sequence[AccountingPayment | Mapping[str, Any]], converter: Converter, checks: Checks
) -> Prepared[PaymentSubmission]:
    """Check payments, and write their submission as JSON; see ``Accounting.submit_payments``.

    Raises:
        RequestInvalidError: a payment breaks a rule.
    """
    written = [as_schema(payment, AccountingPayment, converter) for payment in payments]
    request = PaymentSubmission(payments=written)
    keys = any(isinstance(payment, Mapping) for payment in payments)
    body = encode(request, "the submission of payments", converter, checks, keys=keys)
    names = [payment.payment_identifier or "?" for payment in written]
    subject = f"payment {', '.join(names[:3])}" + (", ..." if len(names) > 3 else "")
    return Prepared(request, body, subject)
