"""What is quickly said of the amounts of an invoice is what each rule would say of them."""

from __future__ import annotations

import itertools
from decimal import Decimal

import attrs
import pytest

from confirma_async.schemas import InvoiceAmounts, InvoiceRowData, VatBreakdown
from confirma_async.validation.invoice import (
    amounts_agree,
    invoice_adds_up,
    rows_add_up,
    vat_breakdown_adds_up,
    vat_is_its_rate_of_net,
)

RULES = (vat_is_its_rate_of_net, rows_add_up, invoice_adds_up, vat_breakdown_adds_up)
NET, VAT, GROSS, RATE = (Decimal(text) for text in ("100.00", "25.50", "125.50", "25.5"))
CENT = Decimal("0.01")
WHOLE = InvoiceRowData(net_amount=NET, vat_amount=VAT, gross_amount=GROSS, vat_percentage=RATE)
ALONE = InvoiceRowData(net_amount=NET, vat_percentage=RATE)


@pytest.fixture
def invoice_of(request_):
    """What makes an invoice of two rows, with its amounts and their VAT."""

    def made(rows, amounts, part):
        both = None if amounts is None else attrs.evolve(amounts, vat_breakdown=(part,) if part else ())
        return attrs.evolve(request_.invoice, rows=rows, amounts=both)

    return made


AMOUNTS = InvoiceAmounts(net_amount=2 * NET, vat_amount=2 * VAT, gross_amount=2 * GROSS)
PART = VatBreakdown(vat_percentage=RATE, net_amount=2 * NET, vat_amount=2 * VAT)


@pytest.mark.parametrize("rows", [(WHOLE, WHOLE), (WHOLE, ALONE), (ALONE, ALONE)])
@pytest.mark.parametrize("part", [PART, None])
def test_right_amounts_agree_though_rows_say_their_net_amount_alone(invoice_of, rows, part):
    assert amounts_agree(invoice_of(rows, AMOUNTS, part))


def changed(obj):
    """The same with each of its amounts missing, or another."""
    yield obj
    for name in ("net_amount", "vat_amount", "gross_amount", "vat_percentage"):
        value = getattr(obj, name, None)
        others = [None] if value is None else [None, value + CENT, value / 100, -value, Decimal(0), value * 2]
        if hasattr(obj, name):
            yield from (attrs.evolve(obj, **{name: other}) for other in others)


def test_amounts_that_agree_break_no_rule(invoice_of):
    rows = [*changed(WHOLE), *changed(ALONE)]
    agree = 0
    for row, other, amounts, part in itertools.product(
        rows, (WHOLE, ALONE), [*changed(AMOUNTS), None], [*changed(PART), None]
    ):
        invoice = invoice_of((row, other), amounts, part)
        if amounts_agree(invoice):
            agree += 1
            assert not any(rule(invoice) for rule in RULES), invoice
    assert agree > 8
