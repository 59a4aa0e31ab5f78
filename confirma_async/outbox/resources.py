"""The verbs of an outbox, grouped as those of the client, with a key for what has no number of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from confirma_async.bulk.models import Retry
from confirma_async.contract import (
    CREATE_CLIENT,
    CREATE_INVOICE_ACTIONS,
    SUBMIT_LEDGER,
    SUBMIT_PAYMENTS,
)
from confirma_async.converters import Converter
from confirma_async.errors import ConfigurationError, Problem, RequestInvalidError
from confirma_async.formats.models import ReadInvoice
from confirma_async.outbox.effects import facts_of_actions, facts_of_names
from confirma_async.outbox.given import Given
from confirma_async.outbox.invoices import InvoiceDesk
from confirma_async.outbox.outcomes import WriteOutcome
from confirma_async.outbox.writes import WriteDesk
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
from confirma_async.validation import Checks, Validate

LONGEST_KEY = 200
"""Characters of a key at most."""


class Desks(Protocol):
    """What the verbs need of their outbox."""

    def invoice_desk(self) -> InvoiceDesk:
        """Return the desk for invoices, or raise a ConfigurationError where the outbox is not open."""
        ...

    def write_desk(self) -> WriteDesk:
        """Return the desk for all else, likewise."""
        ...

    def checked_timeout(self, timeout: float | None) -> float | None:
        """Return a timeout within the longest call that the journal reckons with."""
        ...

    @property
    def converter(self) -> Converter:
        """What writes the requests."""
        ...


class _Verbs:
    def __init__(self, outbox: Desks) -> None:
        self._outbox = outbox


class OutboxInvoices(_Verbs):
    """``outbox.invoices``."""

    async def create(
        self,
        request: SalesInvoiceRequest | ReadInvoice | Mapping[str, Any],
        *,
        validate: Validate = True,
        allow: Iterable[str] = (),
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
        retry: Retry | str = Retry.NONE,
    ) -> WriteOutcome[InvoiceReceipt]:
        """Send one invoice exactly once (POST ``/invoice``; contract §4, documented).

        It returns as soon as the outcome is durable, also where that is unknown; what is unknown is looked up
        from then on. The same invoice given again has the same outcome, and is sent once: also while it is
        under way, by another task, and after a crash.

        Args:
            request: The invoice, or a mapping of wire names, or one that a reader of files has read.
            validate: Whether to check the invoice against the rules that need no server, or ``"strict"``.
            allow: Rules that may be broken, by their ids.
            timeout: Seconds for the call, its wait for a turn included; at most the client's.
            headers: Headers to add.
            key: Your own name for it, which messages and the journal show: ``order-4711``. An invoice is
                known by its seller, type and number, whatever its key.
            retry: Whether an invoice that the service rejected before is sent again, under the same number:
                ``none``, if it has ``changed``, or ``all``.

        Raises:
            RequestInvalidError: the invoice breaks a rule, or the journal has other contents for it; nothing
                was sent.
            JournalError: the journal cannot be written; nothing is sent without it.
            ConfigurationError: the outbox is not open, or a number is out of its bounds.
        """
        desk, timeout = self._outbox.invoice_desk(), self._outbox.checked_timeout(timeout)
        if key is not None:
            _check_key(key, "the invoice")
        return await desk.create(
            request,
            checks=Checks(validate, allow),
            timeout=timeout,
            headers=headers,
            key=key,
            retry=_retry_of(retry),
        )

    async def create_actions(
        self,
        actions: Sequence[TypedAction | Action | Mapping[str, Any]],
        *,
        key: str,
        validate: Validate = True,
        allow: Iterable[str] = (),
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
        retry: Retry | str = Retry.NONE,
    ) -> WriteOutcome[ActionsReceipt]:
        """Ask for actions exactly once (POST ``/invoice/action``; contract §5, documented).

        Actions have no number, and two of the same contents may both be meant. So it is the key that says
        which request this is: give a request that you repeat the key that it had.

        Args:
            actions: See ``confirma.invoices.create_actions``. They are sent as one request.
            key: Your own name for the request: ``payment-4711``.
            validate: Whether to check the actions against the rules that need no server, or ``"strict"``.
            allow: Rules that may be broken, by their ids.
            timeout: Seconds for the call, its wait for a turn included; at most the client's.
            headers: Headers to add.
            retry: Whether a request that the service rejected before is sent again under its key: ``none``,
                if it has ``changed``, or ``all``.

        Raises:
            RequestInvalidError: an action breaks a rule, or the key was used for others; nothing was sent.
            JournalError: the journal cannot be written; nothing is sent without it.
            ConfigurationError: the outbox is not open, or a number is out of its bounds.
        """
        desk, timeout = self._outbox.write_desk(), self._outbox.checked_timeout(timeout)
        prepared = prepared_actions(actions, self._outbox.converter, Checks(validate, allow))
        _check_key(key, prepared.subject)
        facts = facts_of_actions(prepared.request)
        given = Given(
            operation=CREATE_INVOICE_ACTIONS, prepared=prepared, key=key, facts=facts, timeout=timeout,
            headers=headers,
        )  # fmt: skip
        return await desk.write(given, _retry_of(retry))


class OutboxAccounting(_Verbs):
    """``outbox.accounting``."""

    async def submit_ledger(
        self,
        ledger: Ledger | Mapping[str, Any],
        *,
        key: str | None = None,
        validate: Validate = True,
        allow: Iterable[str] = (),
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
        retry: Retry | str = Retry.NONE,
    ) -> WriteOutcome[AccountingReceipt]:
        """Submit one ledger document exactly once (POST ``/accounting/ledger``; contract §7, documented).

        Args:
            ledger: The document, or a mapping of wire names.
            key: Your own name for it; its ``ledger_identifier`` unless given, which no other ledger may bear.
            validate: Whether to check the document against the rules that need no server, or ``"strict"``.
            allow: Rules that may be broken, by their ids.
            timeout: Seconds for the call, its wait for a turn included; at most the client's.
            headers: Headers to add.
            retry: Whether a document that the service rejected before is sent again under its key: ``none``,
                if it has ``changed``, or ``all``.

        Raises:
            RequestInvalidError: the document breaks a rule, has neither key nor identifier, or the journal
                has other contents for it; nothing was sent.
            JournalError: the journal cannot be written; nothing is sent without it.
            ConfigurationError: the outbox is not open, or a number is out of its bounds.
        """
        desk, timeout = self._outbox.write_desk(), self._outbox.checked_timeout(timeout)
        prepared = prepared_ledger(ledger, self._outbox.converter, Checks(validate, allow))
        identifier = prepared.request.ledgers.ledger_identifier
        names = [identifier] if identifier else []
        key = _check_key(key or identifier, prepared.subject)
        given = Given(
            operation=SUBMIT_LEDGER, prepared=prepared, key=key, names=names, facts=facts_of_names(names),
            timeout=timeout, headers=headers,
        )  # fmt: skip
        return await desk.write(given, _retry_of(retry))

    async def submit_payments(
        self,
        payments: Sequence[AccountingPayment | Mapping[str, Any]],
        *,
        key: str | None = None,
        validate: Validate = True,
        allow: Iterable[str] = (),
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
        retry: Retry | str = Retry.NONE,
    ) -> WriteOutcome[AccountingReceipt]:
        """Submit payments exactly once (POST ``/accounting/payment``; contract §7, documented).

        Args:
            payments: The payments, or mappings of wire names. They are sent as one request.
            key: Your own name for the request; made of their ``payment_identifier`` unless given. None of
                these may stand in another request.
            validate: Whether to check the payments against the rules that need no server, or ``"strict"``.
            allow: Rules that may be broken, by their ids.
            timeout: Seconds for the call, its wait for a turn included; at most the client's.
            headers: Headers to add.
            retry: Whether payments that the service rejected before are sent again under their key: ``none``,
                if they have ``changed``, or ``all``.

        Raises:
            RequestInvalidError: a payment breaks a rule, there is no key and one has no identifier, or the
                journal has other contents for one; nothing was sent.
            JournalError: the journal cannot be written; nothing is sent without it.
            ConfigurationError: the outbox is not open, or a number is out of its bounds.
        """
        desk, timeout = self._outbox.write_desk(), self._outbox.checked_timeout(timeout)
        prepared = prepared_payments(payments, self._outbox.converter, Checks(validate, allow))
        identifiers = [payment.payment_identifier for payment in prepared.request.payments]
        names = [*dict.fromkeys(name for name in identifiers if name)]
        key = _check_key(key or (_joined(names) if all(identifiers) else None), prepared.subject)
        facts = facts_of_names(names) if all(identifiers) else ()
        given = Given(
            operation=SUBMIT_PAYMENTS, prepared=prepared, key=key, names=names, facts=facts, timeout=timeout,
            headers=headers,
        )  # fmt: skip
        return await desk.write(given, _retry_of(retry))


class OutboxOnboarding(_Verbs):
    """``outbox.onboarding``."""

    async def create_client(
        self,
        request: ClientRequest | Mapping[str, Any],
        *,
        key: str | None = None,
        validate: Validate = True,
        allow: Iterable[str] = (),
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
        retry: Retry | str = Retry.NONE,
    ) -> WriteOutcome[ClientCreated]:
        """Onboard a client exactly once (POST ``/client``; contract §3, documented).

        It wants the partner's provisioning token. The new client's own token is in the ``receipt``, which
        this call alone has: the journal keeps none. Keep it before anything else. No read of the contract
        shows a client that was onboarded: what is unknown waits for a person.

        Args:
            request: The company and the service it takes, or a mapping of wire names.
            key: Your own name for it; its business code unless given, which in any spelling stands in one
                write alone.
            validate: Whether to check the request against the rules that need no server, or ``"strict"``.
            allow: Rules that may be broken, by their ids.
            timeout: Seconds for the call, its wait for a turn included; at most the client's.
            headers: Headers to add.
            retry: Whether a request that the service rejected before is sent again under its key: ``none``,
                if it has ``changed``, or ``all``.

        Raises:
            RequestInvalidError: the request breaks a rule, or the key was used for another; nothing was sent.
            JournalError: the journal cannot be written; nothing is sent without it.
            ConfigurationError: the outbox is not open, there is no provisioning token, or a number is out of
                its bounds; nothing was sent.
        """
        desk, timeout = self._outbox.write_desk(), self._outbox.checked_timeout(timeout)
        prepared = prepared_client(request, self._outbox.converter, Checks(validate, allow))
        company = prepared.request.client
        key = _check_key(key or company.business_code, prepared.subject)
        names = [f"{company.country_code or ''} {same_seller(company.business_code)}".upper().strip()]
        given = Given(
            operation=CREATE_CLIENT, prepared=prepared, key=key, names=names, timeout=timeout,
            headers=headers,
        )  # fmt: skip
        return await desk.write(given, _retry_of(retry))


def _retry_of(given: Retry | str) -> Retry:
    try:
        return Retry(given)
    except ValueError:
        words = ", ".join(one.value for one in Retry)
        raise ConfigurationError(f"retry must be one of {words}; nothing was sent") from None


def _joined(names: Sequence[str]) -> str | None:
    """Return one key for several identifiers; None where there are none."""
    if len(names) < 2:
        return next(iter(names), None)
    told = hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:16]
    return f"{names[0][: LONGEST_KEY // 2]} and {len(names) - 1} more ({told})"


def _check_key(key: str | None, what: str) -> str:
    """Return a key that can be one.

    Raises:
        RequestInvalidError: there is none, it is too long, or it holds characters that do not print.
    """
    if key and len(key) <= LONGEST_KEY and key.isprintable():
        return key
    long = f"must be printable, and have at most {LONGEST_KEY} characters"
    told = long if key else "must be given, since this has no identifier of its own"
    raise RequestInvalidError(what, [Problem("key", "outbox.key", f"{told}: order-4711, say")])
