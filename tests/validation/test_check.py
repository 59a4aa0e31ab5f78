from __future__ import annotations

import base64
import datetime
import decimal
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from confirma_async.contract import schema_classes
from confirma_async.converters import Converter
from confirma_async.errors import RequestInvalidError
from confirma_async.schemas import (
    Address,
    DeliveryParty,
    InvoiceAmounts,
    InvoiceAttachments,
    InvoiceContentData,
    InvoiceHeader,
    InvoiceParties,
    InvoiceRowData,
    PaymentDetails,
    SalesInvoiceRequest,
    SellerParty,
    VatBreakdown,
)
from confirma_async.validation import RULES
from tests.validation.conftest import faults

HEADER = InvoiceHeader(
    number=1, date=datetime.date(2026, 1, 1), due_date=datetime.date(2026, 1, 1), currency_code="EUR"
)
PARTIES = "parties.seller_party"

FAULTS = [
    ("header.currency_code", "EUX", "$.invoice.header.currencyCode", "currency"),
    ("header.currency_code", "eur", "$.invoice.header.currencyCode", "currency"),
    ("header.currency_code", "", "$.invoice.header.currencyCode", "currency"),
    ("header.language_code", "XX", "$.invoice.header.languageCode", "language"),
    ("header.language_code", "fi", "$.invoice.header.languageCode", "language"),
    (
        "parties.buyer_party.language_code",
        "finnish",
        "$.invoice.parties.buyerParty.languageCode",
        "language",
    ),
    ("header.number", 0, "$.invoice.header.number", "invoice-number"),
    ("header.number", -7, "$.invoice.header.number", "invoice-number"),
    (
        "references.credited_invoice_number",
        -1,
        "$.invoice.references.creditedInvoiceNumber",
        "invoice-number",
    ),
    ("header.number", 10**18, "$.invoice.header.number", "invoice-number"),
    (
        "references.credited_invoice_number",
        10**18,
        "$.invoice.references.creditedInvoiceNumber",
        "invoice-number",
    ),
    ("header.type", "CREDIT_NOTE", "$.invoice.references.creditedInvoiceNumber", "credited-invoice"),
    ("header.due_date", datetime.date(2026, 2, 28), "$.invoice.header.dueDate", "due-date"),
    ("references.invoice_copy_url", "example.com", "$.invoice.references.invoiceCopyUrl", "url"),
    ("references.payment", "1233", "$.invoice.references.payment", "payment-reference"),
    ("references.payment", "RF17539007547034", "$.invoice.references.payment", "payment-reference"),
    (
        f"{PARTIES}.address.country_code",
        "FX",
        "$.invoice.parties.sellerParty.address.countryCode",
        "country",
    ),
    (
        f"{PARTIES}.address.postal_code",
        "0010",
        "$.invoice.parties.sellerParty.address.postalCode",
        "postal-code",
    ),
    (
        f"{PARTIES}.contact.contact_person.email",
        "maija",
        "$.invoice.parties.sellerParty.contact.contactPerson.email",
        "email",
    ),
    (
        "parties.invoice_recipient_party.email",
        "a@b@c.fi",
        "$.invoice.parties.invoiceRecipientParty.email",
        "email",
    ),
    (
        f"{PARTIES}.payment_details.iban",
        "FI2112345600000786",
        "$.invoice.parties.sellerParty.paymentDetails.iban",
        "iban",
    ),
    (
        f"{PARTIES}.payment_details.bic",
        "OKOYFIH",
        "$.invoice.parties.sellerParty.paymentDetails.bic",
        "bic",
    ),
    (
        f"{PARTIES}.business_id",
        "2077474-1",
        "$.invoice.parties.sellerParty.businessId",
        "business-id",
    ),
    ("rows.1.gross_amount", Decimal("125.49"), "$.invoice.rows[1].grossAmount", "row-gross"),
    ("amounts.gross_amount", Decimal("376.51"), "$.invoice.amounts.grossAmount", "invoice-gross"),
    ("attachments.0.data", None, "$.invoice.attachments[0]", "attachment"),
    ("attachments.0.data", "", "$.invoice.attachments[0]", "attachment"),
    ("attachments.0.url", "https://example.com/a.pdf", "$.invoice.attachments[0]", "attachment"),
    ("attachments.0.data", "JVBE!i0xLjcK", "$.invoice.attachments[0].data", "attachment"),
    ("attachments.0.data", "JVB\nERi0xLjcK", "$.invoice.attachments[0].data", "attachment"),
]


def found(request: SalesInvoiceRequest) -> list[tuple[str, str]]:
    return [(problem.path, problem.rule) for problem in faults(request)]


def test_an_invoice_without_fault_has_no_problems(request_):
    assert faults(request_) == []


def test_the_smallest_invoice_has_no_problems():
    assert faults(SalesInvoiceRequest(invoice=InvoiceContentData(header=HEADER))) == []


@pytest.mark.parametrize(("place", "value", "path", "rule"), FAULTS)
def test_a_fault_is_reported_where_it_is(with_, place, value, path, rule):
    assert (path, rule) in found(with_((place, value)))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (f"{PARTIES}.contact.email", "maija.esimerkki"),
        (f"{PARTIES}.payment_details.iban", "FI2112345600000786"),
        (f"{PARTIES}.payment_details.bic", "OKOYFIH"),
        (f"{PARTIES}.business_id", "2077474-1"),
        (f"{PARTIES}.address.postal_code", "98765432"),
        (f"{PARTIES}.address.country_code", "Suomi"),
        ("references.payment", "1233"),
        ("references.invoice_copy_url", "secret.example.com/token"),
        ("header.currency_code", "markka"),
        ("attachments.0.data", "?secret?"),
    ],
)
def test_no_problem_prints_the_value(with_, place, value):
    problems = faults(with_((place, value)))
    assert problems
    assert not any(str(value) in str(problem) for problem in problems)


CONVERTER = Converter()
WIRE_NAMES = {item.wire for cls in schema_classes().values() for item in CONVERTER.fields_of(cls)}


@pytest.mark.parametrize(("place", "value", "path", "rule"), FAULTS)
def test_every_reported_path_exists_on_the_wire(with_, place, value, path, rule):
    at: Any = CONVERTER.unstructure(with_((place, value)))
    steps = path.removeprefix("$.").replace("[", ".").replace("]", "").split(".")
    for step in steps[:-1]:
        at = at[int(step)] if isinstance(at, list) else at[step]
    assert steps[-1].isdigit() or steps[-1] in WIRE_NAMES


def test_all_problems_come_at_once(with_):
    request = with_(
        ("header.currency_code", "EUX"),
        ("header.number", 0),
        (f"{PARTIES}.payment_details.iban", "FI00"),
        ("attachments.0.data", "?"),
    )
    assert {rule for _, rule in found(request)} == {"currency", "invoice-number", "iban", "attachment"}


def test_lower_case_is_named_as_the_fault(with_):
    (problem,) = faults(with_(("header.language_code", "fi")))
    assert "upper case" in problem.message


@pytest.mark.parametrize("code", ["FI", "SV", "NO", "DK", "EN", "DA", "NB", "ET"])
def test_the_vendors_words_and_iso_639_are_languages(with_, code):
    assert faults(with_(("header.language_code", code))) == []


def test_the_delivery_party_is_looked_at_too(with_):
    delivery = DeliveryParty(address=Address(country_code="QQ"))
    assert found(with_(("parties.delivery_party", delivery))) == [
        ("$.invoice.parties.deliveryParty.address.countryCode", "country")
    ]


def test_the_second_attachment_is_counted(with_, request_):
    faulty = InvoiceAttachments(url="ftp://example.com/a.pdf")
    attachments = (*request_.invoice.attachments, faulty)
    assert found(with_(("attachments", attachments))) == [("$.invoice.attachments[1].url", "url")]


def test_an_attachment_by_url_is_fine(with_):
    assert faults(with_(("attachments.0", InvoiceAttachments(url="https://example.com/a.pdf")))) == []


@given(data=st.binary(min_size=1))
def test_any_base64_is_fine(data):
    attachment = InvoiceAttachments(data=base64.b64encode(data).decode())
    invoice = InvoiceContentData(header=HEADER, attachments=(attachment,))
    assert faults(SalesInvoiceRequest(invoice=invoice)) == []


def test_lists_are_as_good_as_tuples(with_, request_):
    assert faults(with_(("rows", list(request_.invoice.rows)), ("attachments", []))) == []


# --- who is Finnish ---------------------------------------------------------------------------------


def test_a_postal_code_without_a_country_is_left_alone(with_):
    address = Address(postal_code="anything")
    assert faults(with_(("parties.buyer_party.address", address))) == []


def test_the_form_alone_makes_an_id_finnish_where_no_country_is_given(with_):
    seller = SellerParty(business_id="2077474-1")
    assert found(with_((PARTIES, seller))) == [("$.invoice.parties.sellerParty.businessId", "business-id")]


def test_the_id_of_another_country_is_left_alone(with_):
    seller = SellerParty(business_id="2077474-1", address=Address(country_code="CL"))
    assert faults(with_((PARTIES, seller))) == []


def test_a_finnish_party_needs_an_id_of_finnish_form(with_):
    assert found(with_((f"{PARTIES}.business_id", "556677-8899"))) == [
        ("$.invoice.parties.sellerParty.businessId", "business-id")
    ]


@pytest.mark.parametrize(
    "seller",
    [
        SellerParty(address=Address(country_code="SE")),
        SellerParty(
            address=Address(country_code="FI"), payment_details=PaymentDetails(iban="DE89370400440532013000")
        ),
        SellerParty(address=Address(country_code="FI"), payment_details=PaymentDetails(bankgiro="5555-5551")),
    ],
)
def test_digits_are_free_text_where_the_seller_is_not_paid_in_finland(with_, seller):
    assert faults(with_((PARTIES, seller), ("references.payment", "1233"))) == []


def test_digits_are_free_text_in_another_currency_than_euros(with_):
    assert faults(with_(("header.currency_code", "SEK"), ("references.payment", "1233"))) == []


@pytest.mark.parametrize("seller", [SellerParty(), None])
def test_digits_in_euros_are_finnish_where_nothing_says_otherwise(with_, seller):
    request = with_((PARTIES, seller), ("references.payment", "1233"))
    assert found(request) == [("$.invoice.references.payment", "payment-reference")]


@pytest.mark.parametrize("reference", ["1,23457E+19", "1.23457e+19", "1E+19"])
def test_a_reference_that_a_spreadsheet_has_cut_is_refused(with_, reference):
    assert found(with_(("references.payment", reference))) == [
        ("$.invoice.references.payment", "payment-reference")
    ]


@pytest.mark.parametrize("code", ["FI20774741", "FI2077474", "FI2077474-0"])
def test_a_finnish_vat_code_has_its_check_digit(with_, code):
    assert found(with_((f"{PARTIES}.vat_code", code))) == [
        ("$.invoice.parties.sellerParty.vatCode", "vat-code")
    ]


@pytest.mark.parametrize("code", ["FI20774740", "SE556036079301", "x"])
def test_other_vat_codes_are_left_alone(with_, code):
    assert faults(with_((f"{PARTIES}.vat_code", code))) == []


def test_amounts_that_say_nothing_are_no_amount_to_pay(with_):
    request = with_(("rows", ()), ("amounts", InvoiceAmounts()))
    assert found(request) == [("$.invoice.amounts", "amount-to-pay")]


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


def test_a_finnish_address_alone_asks_for_the_finnish_check_digit(with_):
    seller = SellerParty(address=Address(country_code="FI"))
    request = with_((PARTIES, seller), ("references.payment", "1233"))
    assert found(request) == [("$.invoice.references.payment", "payment-reference")]


def test_an_invoice_without_parties_has_its_rf_reference_checked(with_):
    request = with_(("parties", None), ("references.payment", "RF17539007547034"))
    assert found(request) == [("$.invoice.references.payment", "payment-reference")]


# --- dates and references ---------------------------------------------------------------------------


def test_an_invoice_may_be_due_on_its_date(with_):
    assert faults(with_(("header.due_date", datetime.date(2026, 3, 1)))) == []


@pytest.mark.parametrize("kind", ["REMINDER", "CREDIT_NOTE"])
def test_what_is_about_an_older_invoice_may_carry_its_due_date(with_, kind):
    request = with_(
        ("header.type", kind),
        ("references.credited_invoice_number", 1041),
        ("header.due_date", datetime.date(2026, 2, 1)),
    )
    assert faults(request) == []


def test_a_credit_note_that_names_its_original_is_fine(with_):
    request = with_(("header.type", "CREDIT_NOTE"), ("references.credited_invoice_number", 1041))
    assert faults(request) == []


def test_a_credit_note_without_references_is_reported(with_):
    request = with_(("header.type", "CREDIT_NOTE"), ("references", None))
    assert found(request) == [("$.invoice.references.creditedInvoiceNumber", "credited-invoice")]


# --- sums -------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(("place", "value"), [(place, value) for place, value, *_ in FAULTS])
def test_every_problem_says_what_to_do(with_, place, value):
    assert all(
        ";" in problem.message or "so " in problem.message for problem in faults(with_((place, value)))
    )


# --- wrong types ------------------------------------------------------------------------------------

WRONG = [
    None,
    True,
    -1,
    1.5,
    "",
    "text",
    b"bytes",
    [],
    [1],
    (None,),
    {},
    {"a": 1},
    object(),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
]


def shown(value):
    """A name for a test that is the same in every process: without an address."""
    return "object" if type(value) is object else repr(value)


PLACES = [
    "header",
    "header.number",
    "header.date",
    "header.due_date",
    "header.currency_code",
    "references",
    "references.payment",
    "references.credited_invoice_number",
    "parties",
    "parties.seller_party",
    "parties.seller_party.business_id",
    "parties.seller_party.address",
    "parties.seller_party.address.country_code",
    "parties.seller_party.address.postal_code",
    "parties.seller_party.payment_details",
    "parties.seller_party.payment_details.iban",
    "parties.seller_party.contact.email",
    "rows",
    "rows.0",
    "rows.0.net_amount",
    "rows.0.unit_price",
    "amounts",
    "amounts.net_amount",
    "amounts.vat_breakdown",
    "amounts.vat_breakdown.0",
    "attachments",
    "attachments.0",
    "attachments.0.data",
    "attachments.0.url",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", WRONG, ids=shown)
def test_wrong_types_never_raise(with_, place, value):
    faults(with_((place, value)))


@pytest.mark.parametrize("value", WRONG, ids=shown)
def test_what_is_no_request_never_raises(value):
    faults(value)
    faults(SalesInvoiceRequest(invoice=value))


def test_a_wrong_type_does_not_hide_faults_elsewhere(with_):
    request = with_(("rows", 5), ("header.currency_code", 5), ("header.number", 0))
    assert found(request) == [("$.invoice.header.number", "invoice-number")]


# --- the table --------------------------------------------------------------------------------------


def test_every_rule_about_an_invoice_is_in_the_table():
    reported = {rule for *_, rule in FAULTS} | {"type", "row-sums", "vat-breakdown", "amount-size"}
    assert reported <= {rule.id for rule in RULES}


def test_rule_ids_are_unique():
    assert len({rule.id for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_says_what_must_hold_and_where_that_comes_from(rule):
    assert rule.text.endswith(".")
    assert rule.source == "ours" or rule.source.startswith("§")


def test_the_converters_rule_is_in_the_table():
    with pytest.raises(RequestInvalidError) as caught:
        Converter().unstructure(Address(street=5))  # type: ignore[arg-type]
    assert caught.value.problems[0].rule in {rule.id for rule in RULES}


def test_a_schema_subclass_is_looked_at(with_):
    class Local(Address):
        pass

    assert found(with_(("parties.buyer_party.address", Local(country_code="QQ")))) == [
        ("$.invoice.parties.buyerParty.address.countryCode", "country")
    ]


def test_parties_of_a_smaller_invoice_are_looked_at():
    invoice = InvoiceContentData(
        header=HEADER, parties=InvoiceParties(seller_party=SellerParty(business_id="1234567-8"))
    )
    assert found(SalesInvoiceRequest(invoice=invoice)) == [
        ("$.invoice.parties.sellerParty.businessId", "business-id")
    ]
