"""Amounts of an invoice, held against its rows, its rates and its breakdown."""

from __future__ import annotations

import decimal
from decimal import Decimal

import attrs
import pytest
from hypothesis import given, strategies as st

from confirma_async.schemas import (
    InvoiceAmounts,
    InvoiceContentData,
    InvoiceRowData,
    SalesInvoiceRequest,
    VatBreakdown,
)
from tests.validation.conftest import faults
from tests.validation.reported import HEADER, found


def amounts_of(rate, vat):
    net = Decimal("100.00")
    return InvoiceAmounts(
        net_amount=net,
        vat_amount=vat,
        gross_amount=net + vat,
        vat_breakdown=(VatBreakdown(vat_percentage=rate, net_amount=net, vat_amount=vat),),
    )


@pytest.mark.parametrize(("rate", "vat"), [("0.255", "25.50"), ("24", "25.50"), ("25.5", "-25.50")])
def test_a_vat_amount_that_its_rate_does_not_make_is_refused(with_, rate, vat):
    request = with_(("rows", ()), ("amounts", amounts_of(Decimal(rate), Decimal(vat))))
    assert found(request) == [("$.invoice.amounts.vatBreakdown[0].vatPercentage", "vat-rate")]


@pytest.mark.parametrize(("rate", "vat"), [("25.5", "25.50"), ("25.5", "25.48"), ("25.5", "0.00")])
def test_a_vat_amount_may_be_rounded_or_nothing(with_, rate, vat):
    assert faults(with_(("rows", ()), ("amounts", amounts_of(Decimal(rate), Decimal(vat))))) == []


@pytest.mark.parametrize("wire", ["netAmount", "vatAmount", "grossAmount"])
def test_a_total_that_the_rows_do_not_make_is_reported(with_, wire):
    attribute = wire.replace("Amount", "_amount")
    request = with_((f"amounts.{attribute}", Decimal("1.00")))
    assert (f"$.invoice.amounts.{wire}", "row-sums") in found(request)


def test_one_cent_is_a_difference(with_):
    request = with_(("amounts.net_amount", Decimal("300.01")), ("amounts.gross_amount", Decimal("376.51")))
    assert found(request) == [
        ("$.invoice.amounts.netAmount", "row-sums"),
        ("$.invoice.amounts.grossAmount", "row-sums"),
        ("$.invoice.amounts.vatBreakdown", "vat-breakdown"),
    ]


def rounded(rows, net, vat, gross):
    """Rows of net, VAT and gross, and the totals of an invoice with them."""
    lines = [
        InvoiceRowData(net_amount=Decimal(n), vat_amount=Decimal(v), gross_amount=Decimal(g))
        for n, v, g in rows
    ]
    amounts = InvoiceAmounts(net_amount=Decimal(net), vat_amount=Decimal(vat), gross_amount=Decimal(gross))
    return SalesInvoiceRequest(invoice=InvoiceContentData(header=HEADER, rows=lines, amounts=amounts))


def test_vat_may_be_rounded_on_the_whole():
    rows = [("10.10", "2.58", "12.68")] * 3  # 25.5 % is 2.5755; of 30.30 it is 7.7265
    assert faults(rounded(rows, "30.30", "7.73", "38.03")) == []
    assert faults(rounded(rows, "30.30", "7.74", "38.04")) == []


def test_prices_with_vat_may_have_it_taken_out_of_the_whole():
    rows = [("7.97", "2.03", "10.00")] * 3  # 10.00 / 1.255 is 7.968...; 30.00 / 1.255 is 23.904...
    assert faults(rounded(rows, "23.90", "6.10", "30.00")) == []


def test_rounding_explains_half_a_cent_for_each_row_and_no_more():
    rows = [("10.10", "2.58", "12.68")] * 3
    assert found(rounded(rows, "30.30", "7.72", "38.02")) == [
        ("$.invoice.amounts.vatAmount", "row-sums"),
        ("$.invoice.amounts.grossAmount", "row-sums"),
    ]
    assert found(rounded(rows[:1], "10.10", "2.57", "12.67")) == [
        ("$.invoice.amounts.vatAmount", "row-sums"),
        ("$.invoice.amounts.grossAmount", "row-sums"),
    ]


def test_trailing_zeros_are_no_difference(with_):
    assert faults(with_(("amounts.net_amount", Decimal("3E+2")), ("amounts.gross_amount", None))) == []


def test_a_column_that_a_row_does_not_give_is_not_summed(with_):
    request = with_(("rows.0.net_amount", None), ("amounts.net_amount", None))
    assert faults(request) == []


def test_a_missing_gross_column_does_not_hide_a_wrong_net_sum(with_):
    changes = [(f"rows.{row}.gross_amount", None) for row in range(3)]
    request = with_(*changes, ("rows.0.net_amount", Decimal("99.00")))
    assert found(request) == [("$.invoice.amounts.netAmount", "row-sums")]


def test_a_row_of_text_has_no_part_in_the_sums(with_, request_):
    text = InvoiceRowData(description="Delivered in March")
    rows = (*request_.invoice.rows, text)
    assert faults(with_(("rows", rows))) == []
    assert ("$.invoice.amounts.netAmount", "row-sums") in found(
        with_(("rows", rows), ("amounts.net_amount", Decimal(1)))
    )


def test_rows_of_text_alone_have_no_sums(with_):
    assert faults(with_(("rows", (InvoiceRowData(description="x"),)))) == []


def test_amounts_without_rows_are_fine(with_):
    assert faults(with_(("rows", ()))) == []


def test_rows_without_amounts_are_fine(with_):
    assert faults(with_(("amounts", None))) == []


def test_rounding_is_outside_gross(with_):
    assert faults(with_(("amounts.rounding_amount", Decimal("-0.01")))) == []


def test_a_breakdown_that_leaves_something_out_is_reported(with_, request_):
    part = VatBreakdown(net_amount=Decimal("299.00"), vat_amount=Decimal("76.50"))
    assert found(with_(("amounts.vat_breakdown", (part,)))) == [
        ("$.invoice.amounts.vatBreakdown", "vat-breakdown")
    ]


def test_a_single_row_without_a_net_amount_is_not_summed(with_, request_):
    row = attrs.evolve(request_.invoice.rows[0], net_amount=None)
    amounts = InvoiceAmounts(net_amount=Decimal("100.00"), vat_amount=Decimal("25.50"))
    assert faults(with_(("rows", (row,)), ("amounts", amounts))) == []


def test_a_breakdown_without_amounts_is_not_summed(with_):
    assert faults(with_(("amounts.vat_breakdown", (VatBreakdown(vat_percentage=Decimal(24)),)))) == []


money = st.decimals(min_value=-(10**30), max_value=10**30, places=2)


@given(rows=st.lists(st.tuples(money, money), min_size=1, max_size=5), precision=st.integers(1, 40))
def test_sums_are_exact_whatever_the_callers_decimal_context(rows, precision):
    exact = decimal.Context(prec=100)
    nets = [net for net, _ in rows]
    vats = [vat for _, vat in rows]
    net, vat = Decimal(0), Decimal(0)
    for each in nets:
        net = exact.add(net, each)
    for each in vats:
        vat = exact.add(vat, each)
    amounts = InvoiceAmounts(net_amount=net, vat_amount=vat, gross_amount=exact.add(net, vat))
    invoice = InvoiceContentData(
        header=HEADER,
        rows=[
            InvoiceRowData(net_amount=n, vat_amount=v, gross_amount=exact.add(n, v))
            for n, v in zip(nets, vats, strict=True)
        ],
        amounts=amounts,
    )
    with decimal.localcontext(decimal.Context(prec=precision, traps=[decimal.Inexact])):
        assert faults(SalesInvoiceRequest(invoice=invoice)) == []
        cent = Decimal("0.01")
        off = attrs.evolve(
            amounts,
            net_amount=exact.add(net, cent),
            gross_amount=exact.add(exact.add(net, vat), cent),
        )
        wrong = attrs.evolve(invoice, amounts=off)
        assert ("$.invoice.amounts.netAmount", "row-sums") in found(SalesInvoiceRequest(invoice=wrong))


def test_amounts_too_far_apart_to_add_are_reported(with_):
    request = with_(("rows", ()), ("amounts.net_amount", Decimal("1E+300")))
    assert ("$.invoice", "amount-size") in found(request)


@pytest.mark.parametrize("net", [Decimal("NaN"), Decimal("sNaN"), Decimal("1E+300"), "100.00", None])
def test_a_row_that_cannot_be_added_hides_no_fault_of_the_whole(with_, net):
    """One rule that must pass an amount over is no reason for the others to pass the invoice over."""
    request = with_(("rows.0.net_amount", net), ("amounts.gross_amount", Decimal("376.51")))
    assert ("$.invoice.amounts.grossAmount", "invoice-gross") in found(request)


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        ("rows.1.gross_amount", Decimal("125.49"), "which is 125.50, but is 125.49; correct"),
        (
            "amounts.net_amount",
            Decimal("301.00"),
            "the sum of the rows' netAmount, which is 300.00, but is 301.00",
        ),
        ("amounts.gross_amount", Decimal("376.51"), "which is 376.50, but is 376.51"),
        (
            "amounts.vat_breakdown.0.net_amount",
            Decimal("299.00"),
            "which is 300.00, but the netAmount of its parts makes 299.00",
        ),
    ],
)
def test_a_wrong_sum_says_what_it_is_and_what_it_should_be(with_, place, value, says):
    assert any(says in problem.message for problem in faults(with_((place, value))))


def test_what_is_no_amount_is_never_shown(with_):
    assert "secret" not in str(
        faults(with_(("rows.0.gross_amount", "secret"), ("amounts.net_amount", "secret")))
    )
