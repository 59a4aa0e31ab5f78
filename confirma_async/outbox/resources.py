"""The verbs of an outbox, grouped as those of the client. Writes without a number have a key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

from confirma_async.bounds import Bounds
from confirma_async.bulk.journal.writes import Fact
from confirma_async.contract import (
    CREATE_CLIENT,
    CREATE_INVOICE_ACTIONS,
    SUBMIT_LEDGER,
    SUBMIT_PAYMENTS,
)
from confirma_async.errors import Problem, RequestInvalidError
from confirma_async.formats.models import ReadInvoice
from confirma_async.outbox.given import Given
from confirma_async.outbox.opened import OpenOutbox
from confirma_async.outbox.outcomes import WriteOutcome
from confirma_async.outbox.write_options import WriteArguments, WriteOptions
from confirma_async.outbox.writes.effects import facts_of_actions, facts_of_names
from confirma_async.resources.accounting import prepared_ledger, prepared_payments
from confirma_async.resources.invoices import prepared_actions
from confirma_async.resources.onboarding import prepared_client
from confirma_async.schemas import (
    AccountingPayment,
    AccountingReceipt,
    Action,
    ActionsReceipt,
    ClientCreated,
    ClientRequest,
    InvoiceReceipt,
    Ledger,
    SalesInvoiceRequest,
    TypedAction,
)
from confirma_async.schemas.identity import same_seller
from confirma_async.signatures import shows

LONGEST_KEY = 200
"""Characters of a key at most."""


class _Verbs:
    def __init__(self, opened: Callable[[], OpenOutbox]) -> None:
        self._opened = opened

    def _begin(self, **options: Unpack[WriteArguments]) -> tuple[OpenOutbox, WriteOptions]:
        """Return the outbox, which is open, and how a write is done.

        Raises:
            ConfigurationError: the outbox is not open, the timeout is longer than the client's, or an option
                is of no known kind.
        """
        opened, how = self._opened(), WriteOptions(**options)
        if how.timeout is not None:
            longest = opened.run.pipeline.timeout
            Bounds(least=0, most=longest, above=True, of="seconds").check("timeout", how.timeout)
        return opened, how


@shows(WriteArguments, WriteOptions)
class OutboxInvoices(_Verbs):
    """``outbox.invoices``."""

    async def create(
        self,
        request: SalesInvoiceRequest | ReadInvoice | Mapping[str, Any],
        *,
        key: str | None = None,
        **options: Unpack[WriteArguments],
    ) -> WriteOutcome[InvoiceReceipt]:
        """Send one invoice exactly once (POST ``/invoice``; contract §4, documented).

        It returns as soon as the outcome is durable, also an unknown one, which is looked up from then on.
        The same invoice given again has the same outcome, and is sent once only: also while it is under way,
        from another task, and after a crash.

        Args:
            request: The invoice, or a mapping of wire names, or one that a reader of files has read.
            key: Your own name for it, which messages and the journal show: ``order-4711``. An invoice is
                known by its seller, type and number, whatever its key.
            options: How the write is done; see ``WriteOptions``.

        Raises:
            RequestInvalidError: the invoice breaks a rule, or the journal has other contents for it; nothing
                was sent.
            JournalError: the journal cannot be written; nothing is sent without it.
            ConfigurationError: the outbox is not open, or a number is out of its bounds.
        """
        outbox, how = self._begin(**options)
        if key is not None:
            _check_key(key, "the invoice")
        return await outbox.invoices.create(request, how, key=key)

    async def create_actions(
        self,
        actions: Sequence[TypedAction | Action | Mapping[str, Any]],
        *,
        key: str,
        **options: Unpack[WriteArguments],
    ) -> WriteOutcome[ActionsReceipt]:
        """Ask for actions exactly once (POST ``/invoice/action``; contract §5, documented).

        Actions have no number, and two requests with the same contents may both be meant. So the key
        identifies the request: to repeat a request, give it the same key.

        Args:
            actions: See ``confirma.invoices.create_actions``. They are sent as one request.
            key: Your own name for the request: ``payment-4711``.
            options: How the write is done; see ``WriteOptions``.

        Raises:
            RequestInvalidError: an action breaks a rule, or the key was used for others; nothing was sent.
            JournalError: the journal cannot be written; nothing is sent without it.
            ConfigurationError: the outbox is not open, or a number is out of its bounds.
        """
        outbox, how = self._begin(**options)
        prepared = prepared_actions(actions, outbox.run.pipeline.converter, how.checks)
        facts = facts_of_actions(prepared.request)
        checked = _check_key(key, prepared.subject)
        return await outbox.writes.write(Given(CREATE_INVOICE_ACTIONS, prepared, checked, how, facts=facts))


@shows(WriteArguments, WriteOptions)
class OutboxAccounting(_Verbs):
    """``outbox.accounting``."""

    async def submit_ledger(
        self,
        ledger: Ledger | Mapping[str, Any],
        *,
        key: str | None = None,
        **options: Unpack[WriteArguments],
    ) -> WriteOutcome[AccountingReceipt]:
        """Submit one ledger document exactly once (POST ``/accounting/ledger``; contract §7, documented).

        Args:
            ledger: The document, or a mapping of wire names.
            key: Your own name for it; its ``ledger_identifier`` unless given, which no other ledger may bear.
            options: How the write is done; see ``WriteOptions``.

        Raises:
            RequestInvalidError: the document breaks a rule, has neither key nor identifier, or the journal
                has other contents for it; nothing was sent.
            JournalError: the journal cannot be written; nothing is sent without it.
            ConfigurationError: the outbox is not open, or a number is out of its bounds.
        """
        outbox, how = self._begin(**options)
        prepared = prepared_ledger(ledger, outbox.run.pipeline.converter, how.checks)
        identifier = prepared.request.ledgers.ledger_identifier
        names = [identifier] if identifier else []
        checked = _check_key(key or identifier, prepared.subject)
        given = Given(SUBMIT_LEDGER, prepared, checked, how, names, facts_of_names(names))
        return await outbox.writes.write(given)

    async def submit_payments(
        self,
        payments: Sequence[AccountingPayment | Mapping[str, Any]],
        *,
        key: str | None = None,
        **options: Unpack[WriteArguments],
    ) -> WriteOutcome[AccountingReceipt]:
        """Submit payments exactly once (POST ``/accounting/payment``; contract §7, documented).

        Args:
            payments: The payments, or mappings of wire names. They are sent as one request.
            key: Your own name for the request; made of their ``payment_identifier`` unless given. None of
                these may stand in another request.
            options: How the write is done; see ``WriteOptions``.

        Raises:
            RequestInvalidError: a payment breaks a rule, there is no key and one has no identifier, or the
                journal has other contents for one; nothing was sent.
            JournalError: the journal cannot be written; nothing is sent without it.
            ConfigurationError: the outbox is not open, or a number is out of its bounds.
        """
        outbox, how = self._begin(**options)
        prepared = prepared_payments(payments, outbox.run.pipeline.converter, how.checks)
        identifiers = [payment.payment_identifier for payment in prepared.request.payments]
        names = [*dict.fromkeys(name for name in identifiers if name)]
        facts: Sequence[Fact] = ()
        if all(identifiers):
            key, facts = key or _joined(names), facts_of_names(names)
        checked = _check_key(key, prepared.subject)
        return await outbox.writes.write(Given(SUBMIT_PAYMENTS, prepared, checked, how, names, facts))


@shows(WriteArguments, WriteOptions)
class OutboxOnboarding(_Verbs):
    """``outbox.onboarding``."""

    async def create_client(
        self,
        request: ClientRequest | Mapping[str, Any],
        *,
        key: str | None = None,
        **options: Unpack[WriteArguments],
    ) -> WriteOutcome[ClientCreated]:
        """Onboard a client exactly once (POST ``/client``; contract §3, documented).

        It wants the partner's provisioning token. The new client's own token is in the ``receipt``, which
        only this call returns: the journal does not keep it. Store it before anything else. No operation of
        the contract lists new clients, so an unknown outcome waits for a person.

        Args:
            request: The company and the service it takes, or a mapping of wire names.
            key: Your own name for it; its business code unless given, which in any spelling stands in one
                write alone.
            options: How the write is done; see ``WriteOptions``.

        Raises:
            RequestInvalidError: the request breaks a rule, or the key was used for another; nothing was sent.
            JournalError: the journal cannot be written; nothing is sent without it.
            ConfigurationError: the outbox is not open, there is no provisioning token, or a number is out of
                its bounds; nothing was sent.
        """
        outbox, how = self._begin(**options)
        prepared = prepared_client(request, outbox.run.pipeline.converter, how.checks)
        company = prepared.request.client
        names = [f"{company.country_code or ''} {same_seller(company.business_code)}".upper().strip()]
        checked = _check_key(key or company.business_code, prepared.subject)
        return await outbox.writes.write(Given(CREATE_CLIENT, prepared, checked, how, names))


def _joined(names: Sequence[str]) -> str | None:
    """Return one key for several identifiers; None where there are none."""
    if len(names) < 2:
        return next(iter(names), None)
    digest = hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:16]
    return f"{names[0][: LONGEST_KEY // 2]} and {len(names) - 1} more ({digest})"


def _check_key(key: str | None, what: str) -> str:
    """Return a key that can be one.

    Raises:
        RequestInvalidError: there is none, it is too long, or it holds characters that do not print.
    """
    if key and len(key) <= LONGEST_KEY and key.isprintable():
        return key
    long = f"must be printable, and have at most {LONGEST_KEY} characters"
    message = long if key else "must be given, since this has no identifier of its own"
    raise RequestInvalidError(what, [Problem("key", "outbox.key", f"{message}: order-4711, say")])
