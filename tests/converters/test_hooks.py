"""What a program can do with the converter as with any converter of cattrs."""

import copy
import datetime
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any, cast

import cattrs
import pytest
from attrs import evolve, frozen
from cattrs.gen import make_dict_structure_fn, override
from cattrs.strategies import configure_tagged_union

from confirma_async.converters import Converter
from confirma_async.errors import RequestInvalidError, ResponseDecodeError
from confirma_async.schemas import (
    Address,
    Amount,
    BlankText,
    DistributionRecord,
    Identifier,
    InvoiceAmounts,
    InvoiceContentData,
    InvoiceHeader,
    InvoiceReceipt,
    InvoiceReferences,
    InvoiceRowData,
    InvoiceStatus,
    InvoiceType,
    Moment,
    Payment,
    SellerParty,
)
from tests.converters.samples import HEADER

ROW = {"netAmount": Decimal("12.40"), "quantity": Decimal("2.5"), "unknownKey": 1}
PAYMENT = {"caseId": 7, "amount": Decimal("1.50"), "bookingDate": "2026-11-01"}


class Cents(int):
    """Money as a program of its own counts it."""


def to_cents(value, _kind):
    if isinstance(value, int | Decimal):
        return Cents(value * 100)
    raise ValueError(f"no money: {value}")


def counting_cents():
    converter = Converter()
    converter.register_structure_hook(Amount, to_cents)
    converter.register_unstructure_hook(Amount, lambda cents: Decimal(cents).scaleb(-2))
    return converter


@frozen
class Ledger:
    """A class of a program's own that holds schemas."""

    name: str
    day: datetime.date
    payments: Sequence[Payment]
    seller: SellerParty | None = None
    status: InvoiceStatus | None = None


LEDGER = {
    "name": "n",
    "day": "2026-11-30",
    "payments": [PAYMENT],
    "seller": {"address": {"street": "x"}},
    "status": "DRAFT",
}


def test_the_converter_is_one_of_cattrs():
    assert isinstance(Converter(), cattrs.Converter)


@pytest.mark.parametrize("way", ["dict", "bytes"])
def test_a_hook_reads_and_writes_each_value_of_its_kind_in_a_schema(way):
    converter = counting_cents()
    raw = {"rows": [ROW], "amounts": {"netAmount": Decimal("12.40"), "vatBreakdown": []}}
    raw["header"] = {
        "number": 1,
        "type": "INVOICE",
        "date": "2026-01-01",
        "dueDate": "2026-01-15",
        "currencyCode": "EUR",
    }
    if way == "dict":
        content = converter.structure(raw, InvoiceContentData)
        assert converter.unstructure(content) == raw
    else:
        content = converter.loads(converter.encode(raw), InvoiceContentData)
        assert converter.parse(converter.dumps(content)) == raw
    assert content.amounts
    assert (content.amounts.net_amount, content.rows[0].net_amount) == (Cents(1240), Cents(1240))
    assert isinstance(content.rows[0].net_amount, Cents)
    assert content.rows[0].quantity == Decimal("2.5")
    assert content.rows[0].extra == {"unknownKey": 1}


@pytest.mark.parametrize(
    ("cls", "kind", "raw", "attribute"),
    [
        (Address, str, {"street": "x"}, "street"),
        (DistributionRecord, Moment, {"createdAt": "2026-01-01"}, "created_at"),
        (InvoiceReferences, datetime.date, {"orderDate": "2026-01-01"}, "order_date"),
        (InvoiceRowData, Decimal, {"quantity": Decimal(1)}, "quantity"),
        (InvoiceReceipt, InvoiceStatus, {"status": "DRAFT"}, "status"),
        (SellerParty, Address, {"address": {"street": "x"}}, "address"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_hook_may_be_for_any_kind(cls, kind, raw, attribute):
    converter = Converter()
    converter.register_structure_hook(kind, lambda value, _kind: ("read", value))
    converter.register_unstructure_hook(kind, lambda pair: pair[1])
    for read in (converter.structure(raw, cls), converter.loads(converter.encode(raw), cls)):
        assert getattr(read, attribute) == ("read", *raw.values())
        assert converter.unstructure(read) == raw
        assert converter.parse(converter.dumps(read)) == raw


def test_the_default_of_a_missing_value_stays_under_a_hook():
    converter = Converter()
    converter.register_structure_hook(InvoiceType, lambda word, _kind: InvoiceType(word.upper()))
    raw = {name: value for name, value in HEADER.items() if name != "type"}
    assert converter.structure(raw, InvoiceHeader).type is InvoiceType.INVOICE
    assert converter.structure({**raw, "type": "credit_note"}, InvoiceHeader).type is InvoiceType.CREDIT_NOTE


def test_a_hook_is_taken_by_a_schema_that_was_read_before():
    converter = Converter()
    assert converter.structure(ROW, InvoiceRowData).net_amount == Decimal("12.40")
    assert converter.unstructure(InvoiceRowData(net_amount=Decimal(1))) == {"netAmount": Decimal(1)}
    converter.register_structure_hook(Amount, to_cents)
    converter.register_unstructure_hook(Amount, str)
    assert converter.structure(ROW, InvoiceRowData).net_amount == Cents(1240)
    assert converter.unstructure(InvoiceRowData(net_amount=Decimal(1))) == {"netAmount": "1"}


def test_a_hook_is_its_converters_alone():
    counting_cents()
    assert Converter().structure(ROW, InvoiceRowData).net_amount == Decimal("12.40")


def test_a_hook_may_be_registered_in_every_way_of_cattrs():
    converter = Converter()

    @converter.register_structure_hook
    def street(value: object, _kind: object) -> str:
        return f"<{value}>"

    @converter.register_unstructure_hook
    def plain(value: str) -> object:
        return value.strip("<>")

    @converter.register_structure_hook_factory(lambda kind: kind == Amount)
    def cents(kind):
        return to_cents

    converter.register_unstructure_hook_func(check_func=lambda kind: kind == Amount, func=str)
    converter.register_unstructure_hook_factory(lambda kind: kind is Payment, lambda kind: repr)
    address = converter.structure({"street": "x"}, Address)
    assert (address.street, converter.unstructure(address)) == ("<x>", {"street": "x"})
    row = converter.structure({"netAmount": 1}, InvoiceRowData)
    assert row.net_amount == Cents(100)
    assert converter.unstructure(row) == {"netAmount": "100"}
    assert str(converter.unstructure(Payment())).startswith("Payment(")


# --- a hook of a schema's own -----------------------------------------------------------------------


def test_a_hook_of_a_schema_is_taken_wherever_it_stands():
    converter = Converter()
    converter.register_structure_hook(Payment, lambda value, _kind: Payment(invoice_number=value))
    converter.register_unstructure_hook(Payment, lambda payment: payment.invoice_number)
    one, many = Payment(invoice_number="1"), (Payment(invoice_number="1"),)
    assert converter.structure("1", Payment) == converter.loads(b'"1"', Payment) == one
    assert converter.structure(["1"], tuple[Payment, ...]) == many
    assert converter.loads(b'["1"]', tuple[Payment, ...]) == many
    assert converter.dumps(one) == b'"1"'
    assert converter.structure({**LEDGER, "payments": ["1"]}, Ledger).payments == many


def test_a_hook_may_go_around_the_converters_own():
    converter = Converter({"Payment.case_id": "case"})
    own, own_writing = converter.get_structure_hook(Payment), converter.get_unstructure_hook(Payment)
    converter.register_structure_hook(Payment, lambda value, kind: own({"case": value}, kind))
    converter.register_unstructure_hook(Payment, lambda payment: own_writing(payment)["case"])
    assert converter.structure([7], tuple[Payment, ...]) == (Payment(case_id=7),)
    assert converter.dumps(Payment(case_id=7)) == b"7"
    with pytest.raises(ResponseDecodeError) as caught:
        converter.structure([7, "x"], tuple[Payment, ...])
    assert [problem.path for problem in caught.value.problems] == ["$[1].case"]


def test_a_hook_that_cattrs_makes_of_a_schema_is_taken():
    converter = Converter()
    renamed = make_dict_structure_fn(
        Address, converter, street=override(rename="s"), extra=override(omit=True)
    )
    converter.register_structure_hook(Address, renamed)
    assert converter.structure({"address": {"s": "x"}}, SellerParty) == SellerParty(
        address=Address(street="x")
    )


def test_the_hook_of_a_schema_reads_as_the_converter_does():
    converter = Converter()
    read = converter.get_structure_hook(Payment)({"bookingDate": "soon", "later": 1}, Payment)
    assert (read.booking_date, read.extra) == (None, {"bookingDate": "soon", "later": 1})
    assert [drift.path for drift in read.drift] == ["$.bookingDate"]
    with pytest.raises(ResponseDecodeError):
        Converter(strict=True).get_structure_hook(Payment)({"bookingDate": "soon"}, Payment)


# --- classes of a program's own ---------------------------------------------------------------------


@pytest.mark.parametrize("way", ["dict", "bytes"])
def test_a_class_that_holds_schemas_goes_both_ways(way):
    converter = Converter()
    if way == "dict":
        ledger = converter.structure(LEDGER, Ledger)
        assert converter.unstructure(ledger) == LEDGER
    else:
        ledger = converter.loads(converter.encode(LEDGER), Ledger)
        assert converter.parse(converter.dumps(ledger)) == LEDGER
    assert ledger.payments == (
        Payment(case_id=7, amount=Decimal("1.50"), booking_date=datetime.date(2026, 11, 1)),
    )
    assert ledger.status is InvoiceStatus.DRAFT


def test_an_answer_in_a_class_is_read_as_tolerantly_as_alone():
    raw = {**LEDGER, "payments": [{**PAYMENT, "bookingDate": "soon"}]}
    assert [each.path for each in Converter().structure(raw, Ledger).payments[0].drift] == ["$.bookingDate"]
    for strict in (partial(Converter().structure, strict=True), Converter(strict=True).structure):
        with pytest.raises(ResponseDecodeError) as caught:
            strict(raw, Ledger)
        assert [problem.path for problem in caught.value.problems] == ["$.payments[0].bookingDate"]


def test_every_fault_in_a_class_is_told_with_its_place_and_no_value():
    raw = {
        "day": "SECRET",
        "payments": [PAYMENT, {"caseId": "SECRET"}],
        "seller": {"address": {"street": ["SECRET"]}},
        "status": 1,
    }
    with pytest.raises(ResponseDecodeError) as caught:
        Converter().structure(raw, Ledger)
    assert {(problem.path, problem.message) for problem in caught.value.problems} == {
        ("$.name", "is required and missing"),
        ("$.day", "must be a date as YYYY-MM-DD"),
        ("$.payments[1].caseId", "must be a whole number"),
        ("$.seller.address.street", "must be text"),
        ("$.status", "must be text"),
    }
    assert caught.value.__context__ is None
    assert "SECRET" not in f"{caught.value}{caught.value!r}"


def test_what_cannot_be_written_is_told_for_a_class_as_well():
    ledger = Converter().structure(LEDGER, Ledger)
    with pytest.raises(RequestInvalidError, match=r"a datetime\.date"):
        Converter().dumps(evolve(ledger, day="SECRET"))  # type: ignore[arg-type]  # (on purpose)
    with pytest.raises(RequestInvalidError, match=r"caseId: must be a whole number"):
        Converter().dumps(evolve(ledger, payments=[Payment(case_id="SECRET")]))  # type: ignore[arg-type]  # (on purpose)


def test_single_values_and_enums_of_a_programs_own_are_read():
    class Colour(StrEnum):
        RED = "red"

    converter = Converter()
    assert converter.structure("red", Colour) is Colour.RED
    assert converter.structure("2026-11-01", datetime.date) == datetime.date(2026, 11, 1)
    assert converter.structure([1], list[int]) == [1]
    assert converter.structure([1, "a", True], tuple[int, str, bool]) == (1, "a", True)
    assert converter.structure({"a": PAYMENT}, dict[str, Payment])["a"].case_id == 7
    assert converter.loads(b"[1]", tuple[int, ...]) == (1,)
    assert converter.structure(5, Identifier) == "5"
    assert converter.structure("", BlankText) == ""
    for found, kind in [
        ("blue", Colour),
        (5, str),
        ([1], tuple[int, str]),
        ("ab", list[str]),
        (["a", 1], list[str]),
    ]:
        with pytest.raises(ResponseDecodeError):
            converter.structure(found, kind)


def test_a_class_that_no_hook_reads_is_an_error_of_cattrs():
    with pytest.raises(cattrs.StructureHandlerNotFoundError):
        Converter().structure("x", type(iter("")))


# --- what a hook refuses ----------------------------------------------------------------------------


def test_what_a_hook_refuses_is_told_with_its_place_and_no_value():
    with pytest.raises(ResponseDecodeError) as caught:
        counting_cents().structure({"vatBreakdown": [{"netAmount": "SECRET"}]}, InvoiceAmounts)
    (problem,) = caught.value.problems
    place = "$.vatBreakdown[0].netAmount"
    assert (problem.path, problem.message) == (place, "must be what its hook takes")
    assert caught.value.__context__ is None
    assert "SECRET" not in f"{caught.value}{caught.value!r}"


def test_what_a_hook_cannot_write_is_told_with_its_place_and_no_value():
    def write(_value):
        raise ValueError("SECRET")

    for hook in (write, lambda _value: object()):
        converter = Converter()
        converter.register_unstructure_hook(Amount, hook)
        with pytest.raises(RequestInvalidError) as caught:
            converter.dumps(InvoiceAmounts(net_amount=Decimal(1)))
        assert [problem.path for problem in caught.value.problems] == ["$.netAmount"]
        assert "SECRET" not in f"{caught.value}{caught.value!r}"


def test_in_an_answer_what_a_hook_refuses_is_kept_unless_it_is_firm():
    converter = counting_cents()

    def never(_value, _kind):
        raise ValueError("never")

    converter.register_structure_hook(Moment, never)
    read = converter.structure(PAYMENT, Payment)
    assert (read.booking_date, read.amount) == (None, Cents(150))
    assert read.extra == {"bookingDate": "2026-11-01"}
    converter.register_structure_hook(int, never)
    with pytest.raises(ResponseDecodeError, match="caseId: must be what its hook takes"):
        converter.structure(PAYMENT, Payment)


# --- copies -----------------------------------------------------------------------------------------


def test_a_strategy_of_cattrs_may_be_applied():
    @frozen
    class Paid:
        payment: Payment

    @frozen
    class Unpaid:
        reason: str

    converter, either = Converter(), cast("Any", Paid | Unpaid)
    configure_tagged_union(either, converter)
    told = {"payment": PAYMENT, "_type": "Paid"}
    assert converter.unstructure(Paid(converter.structure(PAYMENT, Payment)), either) == told
    assert converter.structure({"reason": "late", "_type": "Unpaid"}, either) == Unpaid("late")


@pytest.mark.parametrize("copied", [Converter.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_a_copy_has_the_names_the_strictness_and_the_hooks(copied):
    converter = Converter({"Payment.case_id": "case"}, strict=True)
    converter.register_structure_hook(Amount, to_cents)
    made = copied(converter)
    assert made.structure({"case": 7, "amount": 1}, Payment) == Payment(case_id=7, amount=Cents(100))  # type: ignore[arg-type]  # (on purpose)
    with pytest.raises(ResponseDecodeError):
        made.structure({"bookingDate": "soon"}, Payment)
    assert made.copy(strict=False).structure({"bookingDate": "soon"}, Payment).booking_date is None


def test_a_hook_of_a_copy_is_not_the_originals():
    converter = Converter()
    converter.copy().register_structure_hook(Amount, to_cents)
    assert converter.structure(ROW, InvoiceRowData).net_amount == Decimal("12.40")
