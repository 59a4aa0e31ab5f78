"""What other people do at the service: a debtor pays, somebody approves, a token expires.

None of this has an endpoint in the contract. Each method of ``Controls`` can be called in Python, and over
HTTP below ``/_sandbox/`` by its name.
"""

from __future__ import annotations

import abc
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from attrs import evolve, frozen

from confirma_async.converters.value_types import has_too_many_digits
from confirma_async.errors import ConfigurationError
from confirma_async.sandbox.backend import Backend, save_case
from confirma_async.sandbox.faults import Faults
from confirma_async.sandbox.rules import cases
from confirma_async.sandbox.rules.accounting import PROVIDERS, UPCOMING
from confirma_async.sandbox.rules.cases import SandboxCase, SandboxEvent
from confirma_async.sandbox.rules.einvoice_directory import EInvoiceAddress
from confirma_async.sandbox.rules.invoices import DISTRIBUTED_AFTER
from confirma_async.sandbox.rules.money.amounts import WIDE
from confirma_async.sandbox.rules.money.settlement import next_run
from confirma_async.sandbox.store import SandboxClient
from confirma_async.sandbox.store.added_records import ListedKind
from confirma_async.sandbox.store.invoices import DeliveredInvoice
from confirma_async.sandbox.store.money import ReceivedPayment
from confirma_async.sandbox.store.records import DirectoryEntry, find_cases
from confirma_async.sandbox.store.schedule import Due
from confirma_async.schemas import DistributionRecord, InvoiceStatus, Payment, Settlement
from confirma_async.schemas.values import CENT
from confirma_async.schemas.wire import Schema

_DAYS: Mapping[ListedKind, tuple[type[Schema], str]] = {
    ListedKind.DISTRIBUTION: (DistributionRecord, "invoice_date"),
    ListedKind.PAYMENT: (Payment, "booking_date"),
    ListedKind.SETTLEMENT: (Settlement, "settlement_date"),
}
"""The attribute that holds the day by which the lists go; that payments go by the booking date is ours."""

OWN_CLIENT = "sandbox"
"""The name of the client that ``Sandbox.api_key`` belongs to."""


@frozen(kw_only=True)
class ClientState:
    """A client of the sandbox.

    Attributes:
        name: The client's name in the sandbox; of an onboarded client, its business code.
        identifier: The client's number at the service.
        service: The service that its invoices go through: ``LIFECYCLE`` or ``INTERMEDIATION``.
        expired: Whether its token has expired.
        provider: The client's accounting system; None where none is connected.
    """

    name: str
    identifier: int
    service: str
    expired: bool
    provider: str | None


@frozen(kw_only=True)
class SandboxState:
    """What a sandbox holds.

    Attributes:
        now: The virtual time.
        clients: All clients, in the order they came.
        invoices: How many invoices there are, by status.
        money: How many payments there are, how many of them are not settled, and how many settlements
            there are.
    """

    now: datetime
    clients: Sequence[ClientState]
    invoices: Mapping[str, int]
    money: Mapping[str, int]


class Controls(abc.ABC):
    """Operations on a sandbox from outside its API. Each takes effect now, by the sandbox's clock.

    Attributes:
        faults: The faults to come; add some by ``faults.add``.
        requests: How many requests reached the server, by operation name, counted before any fault.
    """

    faults: Faults
    requests: Counter[str]

    @property
    @abc.abstractmethod
    def _backend(self) -> Backend:
        """The state, the clock and the terms of the running sandbox.

        Raises:
            ConfigurationError: the sandbox is not running.
        """

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime:
        """Move the clock forward, do all that is due by then, and return the new time.

        ``clock.advance`` only moves the clock: what is due happens at the next request.

        Args:
            days: Days to add; the arguments add up, and may have fractions.
            hours: Hours to add.
            minutes: Minutes to add.
            seconds: Seconds to add.

        Raises:
            ConfigurationError: the time to add is negative.
        """
        self._backend.clock.advance(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self._backend.now()

    def pay(
        self,
        invoice_number: int | None = None,
        *,
        case_id: int | None = None,
        amount: Decimal | None = None,
        reference: str | None = None,
        client: str = OWN_CLIENT,
    ) -> ReceivedPayment:
        """Pay an invoice as its debtor; the payment is allocated at once, and settled in the next run.

        Args:
            invoice_number: The invoice's number; or give ``case_id``.
            case_id: The case's number; needed where several invoices have the same number.
            amount: Decimal, in the invoice's currency; all that is open unless given. More is an overpayment.
            reference: The reference number that the debtor gives; the invoice's own unless given.
            client: The name of the client that sent the invoice.

        Raises:
            ConfigurationError: there is no such case, or nothing to pay; the message says what to do.
        """
        now = self._backend.now()
        store, terms = self._backend.store, self._backend.terms
        with store.transaction():
            case = self._case(client, invoice_number, case_id)
            due = cases.accrue(case, now.date(), terms).open.total
            paid_amount = _money(due if amount is None else amount)
            paid, split = cases.pay(case, paid_amount, now.date(), terms)
            description = f"{paid_amount} {case.currency} was paid."
            save_case(self._backend, case, paid, now, SandboxEvent("PAYMENT", description))
            store.schedule.put(
                Due.SETTLEMENT, self._client(client).id, next_run(now, terms.settlement_weekday)
            )
            return store.money.payments.put(
                ReceivedPayment(
                    client=client,
                    case_id=case.id,
                    number=case.number,
                    at=now,
                    amount=paid_amount,
                    currency=case.currency,
                    invoice_reference=case.reference,
                    reference=reference or case.reference,
                    split=split,
                )
            )

    def change_payment(self, payment_id: int, *, amount: Decimal) -> ReceivedPayment | None:
        """Change a payment that is not settled yet; an amount of 0 takes it back.

        Args:
            payment_id: The ``id`` that ``pay`` returned.
            amount: The new amount, a Decimal in the payment's currency.

        Raises:
            ConfigurationError: there is no such payment, or it is settled, and settlements are final.
        """
        now = self._backend.now()
        store, terms = self._backend.store, self._backend.terms
        with store.transaction():
            found = store.money.payments.find(id=payment_id)
            if not found or found[0].direct:
                raise ConfigurationError(f"there is no payment {payment_id}; pay() returns its id")
            payment = found[0]
            if payment.settlement is not None:
                raise ConfigurationError(
                    f"payment {payment_id} was settled in {payment.settlement}; settlements are final"
                )
            case = store.cases.get(payment.case_id)
            changed = cases.take_back(case, payment.split, now.date(), terms)
            if amount == 0:
                store.money.payments.drop(payment_id)
                event = SandboxEvent("PAYMENT", "A payment was taken back.")
                save_case(self._backend, case, changed, now, event)
                return None
            amount = _money(amount)
            changed, split = cases.pay(changed, amount, now.date(), terms)
            event = SandboxEvent("PAYMENT", f"A payment was changed to {amount} {case.currency}.")
            save_case(self._backend, case, changed, now, event)
            return store.money.payments.put(evolve(payment, amount=amount, split=split))

    def approve(self, invoice_number: int, *, client: str = OWN_CLIENT) -> None:
        """Approve an invoice that waits for it (MANUAL): as the financier, where it is a FACTORING one.

        Raises:
            ConfigurationError: no such invoice waits.
        """
        now = self._backend.now()
        waiting = self._waiting(client, invoice_number)
        due = now + DISTRIBUTED_AFTER if waiting.is_delivered else None
        self._backend.store.invoices.put_status(waiting.id, InvoiceStatus.ACCEPTED, due=due)

    def disapprove(self, invoice_number: int, *, reason: str, client: str = OWN_CLIENT) -> None:
        """Disapprove an invoice that waits for approval: it ends as ERROR, which is our assumption.

        Raises:
            ConfigurationError: no such invoice waits.
        """
        self._backend.now()
        waiting = self._waiting(client, invoice_number)
        self._backend.store.invoices.put_status(waiting.id, InvoiceStatus.ERROR, error=reason)

    def resume_case(
        self, invoice_number: int | None = None, *, case_id: int | None = None, client: str = OWN_CLIENT
    ) -> None:
        """End the hold of a case that an action put on hold; an OBJECTION ends in no other way.

        Raises:
            ConfigurationError: there is no such case, or it is not on hold.
        """
        now = self._backend.now()
        with self._backend.store.transaction():
            case = self._case(client, invoice_number, case_id)
            if case.held_since is None:
                raise ConfigurationError(f"case {case.id} is not on hold; nothing holds it back")
            resumed, event = cases.advance_case(case, now.date(), self._backend.terms)
            save_case(self._backend, case, resumed, now, event)

    def expire_token(self, *, client: str = OWN_CLIENT) -> None:
        """Let a client's token expire now; it can still be renewed.

        Raises:
            ConfigurationError: there is no such client.
        """
        store = self._backend.store
        store.accounts.put(evolve(self._client(client), expires_at=self._backend.now()))

    def connect_accounting(
        self, provider: str | None, *, provider_error: str | None = None, client: str = OWN_CLIENT
    ) -> None:
        """Connect a client to an accounting system; what is synced from now on goes there.

        Args:
            provider: Netvisor, Procountor or NetBaron, which accept records; Fennoa, Fivaldi or Talenom,
                which do not accept them yet; None disconnects.
            provider_error: The text with which the provider rejects every record; None accepts them.
            client: Whose.

        Raises:
            ConfigurationError: there is no such client or provider.
        """
        if provider not in {None, *PROVIDERS, *UPCOMING}:
            raise ConfigurationError(f"a provider is one of {', '.join((*PROVIDERS, *UPCOMING))}")
        self._backend.now()  # what is due before goes where it was to go
        self._backend.store.accounts.put(
            evolve(self._client(client), provider=provider, provider_error=provider_error)
        )

    def register(self, business_id: str, addresses: Sequence[EInvoiceAddress]) -> None:
        """Enter addresses of a company in the register of e-invoice addresses, beside those it has."""
        with self._backend.store.transaction():
            for address in addresses:
                self._backend.store.einvoice_directory.put(
                    DirectoryEntry(business_id=business_id, address=address)
                )

    def add_records(
        self, kind: ListedKind, records: Mapping[str, Mapping[str, Any]], *, client: str = OWN_CLIENT
    ) -> None:
        """Add records to the lists, as given, beside the sandbox's own: as if another system had sent them.

        A record under a name that is known replaces the record of that name. Equal records under two names
        are two records.

        Args:
            kind: Which list the records are in.
            records: The records in their wire form, by names of your choice; of a case, by its number.
            client: Whose.

        Raises:
            ConfigurationError: there is no such client, or a record bears no day that lists could go by.
        """
        self._client(client)
        dated = {name: (self._day_of(kind, record), record) for name, record in records.items()}
        self._backend.store.added_records.put(client, kind, dated)

    def remove_records(self, kind: ListedKind, names: Sequence[str], *, client: str = OWN_CLIENT) -> None:
        """Take records out of the lists that ``add_records`` has added."""
        self._backend.store.added_records.drop(client, kind, names)

    def _day_of(self, kind: ListedKind, record: Mapping[str, Any]) -> date | None:
        if kind is ListedKind.CASE:
            return None
        schema, attribute = _DAYS[kind]
        fields = self._backend.converter.fields_of(schema)
        (name,) = [item.wire for item in fields if item.attribute == attribute]
        try:
            return date.fromisoformat(str(record.get(name))[:10])
        except ValueError:
            raise ConfigurationError(f"a {kind} needs a day in {name}, by which the lists go") from None

    def state(self) -> SandboxState:
        """Return what the sandbox holds, without tokens and bodies."""
        now = self._backend.now()
        store = self._backend.store
        return SandboxState(
            now=now,
            clients=tuple(_shown(client, now) for client in store.accounts.all()),
            invoices=store.invoices.count(),
            money=store.money.count(),
        )

    def _client(self, name: str) -> SandboxClient:
        client = self._backend.store.accounts.by_name(name)
        if client is None:
            known = ", ".join(each.name for each in self._backend.store.accounts.all())
            raise ConfigurationError(f"there is no client {name!r}; there are {known}")
        return client

    def _case(self, client: str, invoice_number: int | None, case_id: int | None) -> SandboxCase:
        if invoice_number is None and case_id is None:
            raise ConfigurationError("name an invoice number or a case")
        self._client(client)
        found = find_cases(self._backend.store.cases, client, ident=case_id, number=invoice_number)
        if not found:
            raise ConfigurationError(
                "there is no such case; an invoice has one once it is INVOICED and under payment control "
                "(without an agency the creditor is paid directly)"
            )
        if len(found) > 1:
            choice = ", ".join(str(case.id) for case in found)
            raise ConfigurationError(f"several invoices have this number; name one of the cases {choice}")
        return found[0]

    def _waiting(self, client: str, invoice_number: int) -> DeliveredInvoice:
        self._client(client)
        for invoice in self._backend.store.invoices.of_number(client, str(invoice_number)):
            if invoice.status == InvoiceStatus.MANUAL:
                return invoice
        raise ConfigurationError(f"no invoice {invoice_number} waits for approval (status MANUAL)")


def _money(amount: Decimal) -> Decimal:
    if not amount.is_finite() or has_too_many_digits(amount) or amount <= 0:
        raise ConfigurationError("there is nothing to pay; name an amount over 0")
    cents = amount.quantize(CENT, context=WIDE)
    if cents != amount:
        raise ConfigurationError("an amount has at most two decimals")
    return cents


def _shown(client: SandboxClient, now: datetime) -> ClientState:
    return ClientState(
        name=client.name,
        identifier=client.identifier,
        service=client.service,
        expired=client.has_expired(now),
        provider=client.provider,
    )
