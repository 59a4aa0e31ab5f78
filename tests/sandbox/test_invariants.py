"""Whatever happens to a case, in whatever order: the sums hold to the cent, as a second count finds them."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from confirma_async.converters import Converter
from confirma_async.sandbox import Route, VirtualClock
from confirma_async.sandbox.backend import Backend
from confirma_async.sandbox.controls import Controls
from confirma_async.sandbox.handlers import HANDLERS, Call
from confirma_async.sandbox.rules import cases
from confirma_async.sandbox.rules.cases import CaseStatus
from confirma_async.sandbox.rules.invoices import TRANSITIONS
from confirma_async.sandbox.rules.stages import STEPS
from confirma_async.sandbox.store import SandboxClient, Store

AMOUNTS = st.decimals("0.01", "400.00", places=2)
RATE = Fraction("10.5")
DUE = date(2026, 3, 15)
FEES = {
    DUE + timedelta(days=step.after_days): step.fee
    for step in STEPS
    if step.route is Route.LIFECYCLE and step.after_days
}


class Desk(Controls):
    """The controls of a backend that nobody listens to."""

    def __init__(self, backend: Backend) -> None:
        self.it = backend

    @property
    def _backend(self) -> Backend:
        return self.it


CONVERTER = Converter()


class OneInvoice(RuleBasedStateMachine):
    """One invoice over 200.00 of 2 March 2026, and a second count of it in plain sums and fractions."""

    @initialize()
    def invoiced(self):
        self.store = Store(None, TRANSITIONS)
        self.clock = VirtualClock(datetime(2026, 3, 2, 12, tzinfo=UTC))
        backend = Backend(store=self.store, clock=self.clock, converter=CONVERTER, provisioning_token="p")
        self.client = self.store.accounts.put(SandboxClient(name="sandbox", api_key="k", service="LIFECYCLE"))
        self.desk, self.sent = Desk(backend), 0
        self.capital, self.fees, self.interest = Decimal(200), Decimal(0), Fraction(0)
        self.waived_interest, self.paid_interest = Decimal(0), Decimal(0)
        self.open, self.payments, self.number = True, dict[int, Any](), 2000
        self._create(1042, "INVOICE", Decimal(200))
        self.pass_time(1)

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()

    def _create(self, number: int, kind: str, amount: Decimal) -> None:
        invoice = {
            "invoice": {
                "header": {
                    "number": number,
                    "type": kind,
                    "date": "2026-03-02",
                    "dueDate": DUE.isoformat(),
                    "currencyCode": "EUR",
                },
                "references": {"creditedInvoiceNumber": 1042},
                "parties": {"buyerParty": {"address": {"postalCode": "00100"}}},
                "amounts": {"grossAmount": float(amount)},
            }
        }
        self._call("invoices.create", invoice)

    def _call(self, operation: str, body: Any) -> None:
        call = Call(client=self.client, query={}, body=json.dumps(body).encode())
        assert HANDLERS[operation](self.desk.it, call).status == 200

    @property
    def _interest_open(self) -> Decimal:
        cents = (self.interest * 100 + Fraction(1, 2)).__floor__()
        return Decimal(cents) / 100 - self.paid_interest - self.waived_interest

    def _settle_up(self) -> None:
        self.open = self.open and self.capital + self.fees + self._interest_open > 0

    @rule(days=st.integers(1, 20))
    def pass_time(self, days):
        for _ in range(days):
            today = self.desk.advance(days=1).date()
            if self.open and today > DUE:
                self.interest += max(Fraction(self.capital), Fraction(0)) * RATE / 36500
            if self.open:
                self.fees += FEES.get(today, 0)

    @rule(amount=AMOUNTS)
    def pay(self, amount):
        payment = self.desk.pay(1042, amount=amount)
        self.payments[payment.id] = payment
        fees = min(self.fees, amount)
        interest = min(self._interest_open, amount - fees)
        assert (payment.split.fees, payment.split.interest) == (fees, interest)
        self.fees -= fees
        self.paid_interest += interest
        self.capital -= amount - fees - interest
        self._settle_up()

    @rule(amount=st.sampled_from([Decimal("25.00"), Decimal("80.10")]))
    def credit(self, amount):
        """Takes effect an hour and a minute later; nothing else happens in between."""
        self.number += 1
        self._create(self.number, "CREDIT_NOTE", amount)
        self.desk.advance(minutes=61)
        self.capital -= amount
        self.sent += 1
        if self._charged_capital() <= 0:
            self.waived_interest += max(self._interest_open, Decimal(0))
            self.fees = min(self.fees, Decimal(0))
        self._settle_up()
        self.clock.advance(hours=22, minutes=59)
        self._back_to_noon()

    def _back_to_noon(self) -> None:
        today = self.desk.advance().date()
        if self.open and today > DUE:
            self.interest += max(Fraction(self.capital), Fraction(0)) * RATE / 36500
        if self.open:
            self.fees += FEES.get(today, 0)

    def _charged_capital(self) -> Decimal:
        return self._case().total.capital

    @precondition(lambda self: any(it.settlement is None for it in self._stored()))
    @rule(data=st.data(), amount=AMOUNTS)
    def change(self, data, amount):
        waiting = [it for it in self._stored() if it.settlement is None]
        payment = data.draw(st.sampled_from(waiting))
        self.fees += payment.split.fees
        self.paid_interest -= payment.split.interest
        self.capital += payment.split.capital
        self.open = self.open or self.capital + self.fees + self._interest_open > 0
        changed = self.desk.change_payment(payment.id, amount=amount)
        assert changed is not None
        self.fees -= changed.split.fees
        self.paid_interest += changed.split.interest
        self.capital -= changed.split.capital
        self._settle_up()

    def _case(self) -> cases.SandboxCase:
        (case,) = self.store.cases.find(client="sandbox", number="1042")
        return cases.accrue(case, self.clock.now().date(), self.desk.it.terms)

    def _stored(self) -> list[Any]:
        return self.store.money.payments.find(client="sandbox")

    @invariant()
    def the_second_count_agrees(self):
        if not hasattr(self, "store") or not self.sent + len(self.payments) + self.fees:
            return
        case = self._case()
        assert (case.status is CaseStatus.CLOSED) is not self.open
        assert case.open.capital == self.capital
        assert case.open.fees == self.fees
        assert case.open.interest == self._interest_open

    @invariant()
    def paid_and_open_are_the_total(self):
        if hasattr(self, "store") and self.clock.now().date() > date(2026, 3, 2):
            case = self._case()
            assert case.paid.plus(case.open) == case.total

    @invariant()
    def allocations_are_the_payments_and_settlements_are_the_allocations(self):
        if not hasattr(self, "store") or self.clock.now().date() == date(2026, 3, 2):
            return
        stored = self._stored()
        case = self._case()
        for kind in ("capital", "interest", "fees"):
            assert sum(getattr(it.split, kind) for it in stored) == getattr(case.paid, kind)
        assert all(it.split.total == it.amount for it in stored)
        made = self.store.money.settled("sandbox", date.min, date.max)
        settled = [it.id for settlement in made for it in settlement.payments]
        assert sorted(settled) == [it.id for it in stored if it.settlement is not None]


OneInvoice.TestCase.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
TestOneInvoice = OneInvoice.TestCase
