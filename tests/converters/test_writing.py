"""How schemas are written, under which names, and what cannot be."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest

from confirma_async.errors import RequestInvalidError
from confirma_async.schemas import (
    Address,
    BuyerParty,
    DistributionInformation,
    DistributionRecord,
    FiltersApplied,
    InvoiceAmounts,
    InvoiceHeader,
    InvoiceReferences,
    InvoiceRowData,
    PaymentTerms,
    Schema,
    SellerParty,
    TokenValidity,
)
from tests.converters.samples import CONVERTER, HEADER

MOMENT_WITHOUT_OFFSET = datetime.datetime(2026, 1, 1)  # noqa: DTZ001

UNWRITABLE: list[tuple[Callable[[], Schema], str, str]] = [
    (lambda: TokenValidity(is_valid=1), "$.isValid", "int"),  # type: ignore[arg-type]
    (lambda: TokenValidity(is_valid=None), "$.isValid", "null"),  # type: ignore[arg-type]
    (lambda: Address(street=5), "$.street", "int"),  # type: ignore[arg-type]
    (lambda: Address(street=b"x"), "$.street", "bytes"),  # type: ignore[arg-type]
    (lambda: PaymentTerms(net_days=True), "$.netDays", "bool"),
    (lambda: PaymentTerms(net_days=1.0), "$.netDays", "float"),  # type: ignore[arg-type]
    (lambda: PaymentTerms(net_days="14"), "$.netDays", "str"),  # type: ignore[arg-type]
    (lambda: InvoiceRowData(quantity=1.5), "$.quantity", "float"),  # type: ignore[arg-type]
    (lambda: InvoiceRowData(quantity=1), "$.quantity", "int"),  # type: ignore[arg-type]
    (lambda: InvoiceRowData(quantity=Decimal("NaN")), "$.quantity", "Decimal"),
    (lambda: InvoiceRowData(quantity=Decimal("sNaN")), "$.quantity", "Decimal"),
    (lambda: InvoiceRowData(quantity=Decimal("Infinity")), "$.quantity", "Decimal"),
    (lambda: InvoiceRowData(net_amount=Decimal("1.005")), "$.netAmount", "Decimal"),
    (lambda: InvoiceRowData(net_amount=Decimal("-Infinity")), "$.netAmount", "Decimal"),
    (lambda: InvoiceRowData(net_amount=Decimal("NaN")), "$.netAmount", "Decimal"),
    (lambda: InvoiceRowData(quantity=Decimal("1e999999999")), "$.quantity", "Decimal"),
    (lambda: InvoiceRowData(net_amount=Decimal("1e999999999")), "$.netAmount", "Decimal"),
    (lambda: InvoiceRowData(net_amount=Decimal(f"{'9' * 70}.00")), "$.netAmount", "Decimal"),
    (lambda: InvoiceRowData(accounting={}), "$.accounting", "dict"),  # type: ignore[arg-type]
    (lambda: InvoiceRowData(accounting=Address()), "$.accounting", "Address"),  # type: ignore[arg-type]
    (lambda: InvoiceRowData(definition_details=5), "$.definitionDetails", "int"),  # type: ignore[arg-type]
    (lambda: InvoiceRowData(definition_details={1}), "$.definitionDetails", "set"),  # type: ignore[arg-type]
    (lambda: InvoiceRowData(definition_details=["x"]), "$.definitionDetails[0]", "str"),  # type: ignore[list-item]
    (lambda: InvoiceReferences(order_date="2026-01-01"), "$.orderDate", "str"),  # type: ignore[arg-type]
    (lambda: InvoiceReferences(order_date=MOMENT_WITHOUT_OFFSET), "$.orderDate", "datetime"),
    (lambda: InvoiceReferences(credited_invoice_number="12"), "$.creditedInvoiceNumber", "str"),  # type: ignore[arg-type]
    (lambda: DistributionRecord(created_at=MOMENT_WITHOUT_OFFSET), "$.createdAt", "datetime"),
    (lambda: Address(street="\ud800"), "$.street", "str"),
    (lambda: Address(extra={"x": [Decimal("NaN")]}), "$ (extra)", "Decimal"),
    (lambda: Address(extra={"x": {"y": float("nan")}}), "$ (extra)", "float"),
    (lambda: Address(extra={"x": [object()]}), "$.x[0]", "object"),
    (lambda: Address(extra={"\ud800": 1}), "$ (a key)", "str"),
]


@pytest.mark.parametrize(("make", "path", "found"), UNWRITABLE)
def test_an_attribute_of_the_wrong_kind_is_refused_with_its_path(make, path, found):
    with pytest.raises(RequestInvalidError) as caught:
        CONVERTER.dumps(make())
    (problem,) = caught.value.problems
    assert (problem.path, problem.rule, problem.found) == (path, "type", found)


def test_all_problems_of_a_request_come_at_once():
    row = InvoiceRowData(quantity=1.5, net_amount=Decimal("0.001"))  # type: ignore[arg-type]
    amounts = InvoiceAmounts(net_amount=Decimal("0.001"), vat_breakdown=[row])  # type: ignore[list-item]
    with pytest.raises(RequestInvalidError) as caught:
        CONVERTER.unstructure(amounts)
    assert [problem.path for problem in caught.value.problems] == ["$.netAmount", "$.vatBreakdown[0]"]


def test_no_write_error_prints_a_value():
    buyer = BuyerParty(personal_identity_number=131052308, name=b"SECRET", extra={"k": Decimal("NaN")})  # type: ignore[arg-type]
    with pytest.raises(RequestInvalidError) as caught:
        CONVERTER.dumps(buyer)
    error = caught.value
    assert len(error.problems) == 3
    assert error.__context__ is None
    assert not any(word in f"{error}{error!r}" for word in ("131052308", "SECRET", "NaN"))


def test_a_large_finite_number_in_extra_is_written():
    assert CONVERTER.dumps(Address(extra={"x": Decimal("1E+999")})) == b'{"x":1E+999}'


def test_none_and_empty_lists_are_not_written():
    assert CONVERTER.unstructure(InvoiceRowData()) == {}


def test_a_null_set_through_extra_is_written():
    assert CONVERTER.unstructure(Address(extra={"street": None})) == {"street": None}


def test_lists_and_tuples_are_written_alike():
    record = DistributionRecord(case_id=1)
    assert CONVERTER.dumps(DistributionInformation(data=[record])) == CONVERTER.dumps(
        DistributionInformation(data=(record,))
    )


def test_a_schema_subclass_is_written():
    class Local(Address):
        pass

    assert CONVERTER.unstructure(SellerParty(address=Local(street="x"))) == {"address": {"street": "x"}}


EARLIER = {"createdAt": "2026-01-01T02:00:00+02:00"}

NEW_YEAR = datetime.date(2026, 1, 1)

ONE_RECORD = (DistributionRecord(),)


@pytest.mark.parametrize(
    ("cls", "raw", "changes", "written"),
    [
        (FiltersApplied, {"invoiceNumber": 1}, {}, {"invoiceNumber": 1}),
        (
            InvoiceReferences,
            {"creditedInvoiceNumber": "1"},
            {"credited_invoice_number": 2},
            {"creditedInvoiceNumber": 2},
        ),
        (InvoiceReferences, {"creditedInvoiceNumber": "1"}, {"credited_invoice_number": None}, {}),
        (InvoiceHeader, {**HEADER, "number": "1"}, {"number": 2}, {**HEADER, "number": 2}),
        (FiltersApplied, {"invoiceNumber": 1}, {"invoice_number": "2"}, {"invoiceNumber": "2"}),
        (FiltersApplied, {"invoiceNumber": 1}, {"invoice_number": None}, {}),
        (DistributionRecord, EARLIER, {"created_at": NEW_YEAR}, {"createdAt": "2026-01-01"}),
        (DistributionRecord, EARLIER, {"created_at": None}, {}),
        (Address, {"street": None}, {"street": "x"}, {"street": "x"}),
        (Address, {"street": "x"}, {"street": None}, {}),
        (DistributionInformation, {"data": []}, {"data": ONE_RECORD}, {"data": [{}]}),
        (DistributionInformation, {"data": None}, {"data": ONE_RECORD}, {"data": [{}]}),
        (Address, {"street": "x", "later": 1}, {"street": "y"}, {"street": "y", "later": 1}),
    ],
)
def test_a_changed_attribute_wins_over_what_was_read(cls, raw, changes, written):
    assert CONVERTER.unstructure(attrs.evolve(CONVERTER.structure(raw, cls), **changes)) == written


def test_an_attribute_wins_over_extra_of_the_same_name():
    assert CONVERTER.unstructure(Address(street="x", extra={"street": "y"})) == {"street": "x"}


def test_a_spelling_that_no_attribute_could_have_is_not_written():
    changed = FiltersApplied(invoice_number="2", extra={"invoiceNumber": []})
    assert CONVERTER.unstructure(changed) == {"invoiceNumber": "2"}
