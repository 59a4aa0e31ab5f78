"""Many payments in several currencies over many weeks: what is settled is what was paid, to the cent."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from confirma_async.converters import Converter
from confirma_async.sandbox import Sandbox, VirtualClock
from confirma_async.sandbox.handlers import HANDLERS, Call

CURRENCIES = ("EUR", "SEK", "EUR", "NOK")
PAYMENTS = st.lists(
    st.tuples(st.integers(1, len(CURRENCIES)), st.decimals("0.01", "250.00", places=2), st.integers(0, 9)),
    min_size=1,
    max_size=12,
)


def _ask(sandbox: Sandbox, operation: str, body: bytes = b"", **query: str) -> Any:
    client = sandbox._backend.store.accounts.by_name("sandbox")
    assert client is not None
    answer = HANDLERS[operation](sandbox._backend, Call(client=client, query=query, body=body))
    assert answer.status == 200
    return Converter().parse(answer.body)


async def _settled(payments: list[tuple[int, Decimal, int]], invoices: list[bytes]) -> list[dict[str, Any]]:
    async with Sandbox(clock=VirtualClock(datetime(2026, 3, 2, 12, tzinfo=UTC))) as sandbox:
        for invoice in invoices:
            _ask(sandbox, "invoices.create", invoice)
        sandbox.advance(hours=2)
        for number, amount, days in payments:
            sandbox.pay(number, amount=amount)
            sandbox.advance(days=days)
        sandbox.advance(days=7)
        answer = _ask(sandbox, "payments.settlements", fromDate="2026-03-01", toDate="2027-03-01")
        found: list[dict[str, Any]] = answer["settlements"]
        return found


@pytest.fixture
def invoices(make_invoice):
    return [
        json.dumps(make_invoice(number, invoice__header__currencyCode=currency)).encode()
        for number, currency in enumerate(CURRENCIES, start=1)
    ]


def test_settlements_are_the_payments_by_currency_and_by_invoice(invoices):
    @settings(max_examples=15, deadline=None)
    @given(payments=PAYMENTS)
    def check(payments: list[tuple[int, Decimal, int]]) -> None:
        found = asyncio.run(_settled(payments, invoices))
        by_currency: Counter[str] = Counter()
        by_invoice: Counter[int] = Counter()
        for settlement in found:
            allocations = settlement["allocations"]
            assert settlement["settlementAmount"] == sum(it["allocatedTotalAmount"] for it in allocations)
            assert {it["currency"] for it in allocations} == {settlement["currency"]}
            by_currency[settlement["currency"]] += settlement["settlementAmount"]
            for it in allocations:
                assert it["allocatedTotalAmount"] == sum(part["amount"] for part in it["breakdown"])
                by_invoice[int(it["originalInvoiceNumber"])] += it["allocatedTotalAmount"]
        paid_by_currency: Counter[str] = Counter()
        paid_by_invoice: Counter[int] = Counter()
        for number, amount, _ in payments:
            paid_by_currency[CURRENCIES[number - 1]] += amount  # type: ignore[assignment]  # sums of money
            paid_by_invoice[number] += amount  # type: ignore[assignment]  # sums of money
        assert (by_currency, by_invoice) == (paid_by_currency, paid_by_invoice)
        ids = [it["allocationId"] for settlement in found for it in settlement["allocations"]]
        assert len(ids) == len(set(ids)) == len(payments)

    check()
