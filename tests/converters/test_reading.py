"""What of a JSON is read into schemas, how, and what is refused with its place."""

from __future__ import annotations

import copy
import datetime
import pickle
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import attrs
import pytest

from confirma_async.converters.value_types import WHOLE_RECORD
from confirma_async.errors import RequestInvalidError, ResponseDecodeError
from confirma_async.schemas import (
    Address,
    Beneficiary,
    DistributionInformation,
    DistributionRecord,
    FiltersApplied,
    InvoiceContentData,
    InvoiceHeader,
    InvoiceReceipt,
    InvoiceReferences,
    InvoiceRowData,
    InvoiceStatus,
    InvoiceType,
    LedgerRow,
    Payment,
    PaymentTerms,
    Schema,
    SettlementAllocation,
    TokenValidity,
)
from tests.converters.samples import CONVERTER, HEADER, deep

WRONG_VALUES: list[tuple[type[Schema], dict[str, Any], str, str]] = [
    (TokenValidity, {"isValid": "true"}, "$.isValid", "text"),
    (TokenValidity, {"isValid": 1}, "$.isValid", "whole number"),
    (TokenValidity, {"isValid": True, "message": 5}, "$.message", "whole number"),
    (TokenValidity, {"isValid": True, "message": []}, "$.message", "list"),
    (PaymentTerms, {"netDays": Decimal("1.9")}, "$.netDays", "decimal number"),
    (PaymentTerms, {"netDays": 1.9}, "$.netDays", "float"),
    (PaymentTerms, {"netDays": True}, "$.netDays", "true/false"),
    (PaymentTerms, {"netDays": "12"}, "$.netDays", "text"),
    (InvoiceRowData, {"quantity": 1.5}, "$.quantity", "float"),
    (InvoiceRowData, {"quantity": "1.5"}, "$.quantity", "text"),
    (InvoiceRowData, {"quantity": True}, "$.quantity", "true/false"),
    (InvoiceRowData, {"quantity": Decimal("NaN")}, "$.quantity", "decimal number"),
    (InvoiceRowData, {"quantity": Decimal("-Infinity")}, "$.quantity", "decimal number"),
    (InvoiceRowData, {"quantity": Decimal("sNaN")}, "$.quantity", "decimal number"),
    (InvoiceRowData, {"netAmount": Decimal("1.001")}, "$.netAmount", "decimal number"),
    (InvoiceRowData, {"netAmount": 1.5}, "$.netAmount", "float"),
    (InvoiceRowData, {"netAmount": Decimal("1e999999999")}, "$.netAmount", "decimal number"),
    (InvoiceRowData, {"netAmount": Decimal(f"{'9' * 70}.00")}, "$.netAmount", "decimal number"),
    (InvoiceRowData, {"netAmount": 10**70}, "$.netAmount", "whole number"),
    (InvoiceRowData, {"quantity": Decimal("1e999999999")}, "$.quantity", "decimal number"),
    (InvoiceRowData, {"quantity": Decimal("1e-999999999")}, "$.quantity", "decimal number"),
    (InvoiceRowData, {"quantity": -(10**70)}, "$.quantity", "whole number"),
    (InvoiceRowData, {"netAmount": True}, "$.netAmount", "true/false"),
    (InvoiceRowData, {"netAmount": Decimal("NaN")}, "$.netAmount", "decimal number"),
    (InvoiceRowData, {"netAmount": Decimal("Infinity")}, "$.netAmount", "decimal number"),
    (InvoiceRowData, {"netAmount": Decimal("sNaN")}, "$.netAmount", "decimal number"),
    (InvoiceRowData, {"accounting": [1]}, "$.accounting", "list"),
    (InvoiceRowData, {"accounting": "x"}, "$.accounting", "text"),
    (InvoiceRowData, {"definitionDetails": {}}, "$.definitionDetails", "object"),
    (InvoiceRowData, {"definitionDetails": "ab"}, "$.definitionDetails", "text"),
    (InvoiceRowData, {"definitionDetails": [{}, None]}, "$.definitionDetails[1]", "nothing"),
    (InvoiceRowData, {"definitionDetails": [{}, {"code": 1}]}, "$.definitionDetails[1].code", "whole number"),
    (InvoiceReferences, {"orderDate": "1.2.2026"}, "$.orderDate", "text"),
    (InvoiceReferences, {"orderDate": "20260201"}, "$.orderDate", "text"),
    (InvoiceReferences, {"orderDate": "2026-W05-7"}, "$.orderDate", "text"),
    (InvoiceReferences, {"orderDate": "2026-02-30"}, "$.orderDate", "text"),
    (InvoiceReferences, {"orderDate": "2026-02-01T00:00:00Z"}, "$.orderDate", "text"),
    (InvoiceReferences, {"orderDate": ""}, "$.orderDate", "text"),
    (InvoiceReferences, {"creditedInvoiceNumber": "12a"}, "$.creditedInvoiceNumber", "text"),
    (InvoiceReferences, {"creditedInvoiceNumber": "012"}, "$.creditedInvoiceNumber", "text"),
    (InvoiceReferences, {"creditedInvoiceNumber": "-12"}, "$.creditedInvoiceNumber", "text"),
    (InvoiceReferences, {"creditedInvoiceNumber": "١٢"}, "$.creditedInvoiceNumber", "text"),
    (
        InvoiceReferences,
        {"creditedInvoiceNumber": Decimal("12.0")},
        "$.creditedInvoiceNumber",
        "decimal number",
    ),
    (FiltersApplied, {"invoiceNumber": Decimal(12)}, "$.invoiceNumber", "decimal number"),
    (FiltersApplied, {"invoiceNumber": True}, "$.invoiceNumber", "true/false"),
    (DistributionRecord, {"createdAt": "2026-02-01T00:00:00"}, "$.createdAt", "text"),
    (DistributionRecord, {"createdAt": "yesterday"}, "$.createdAt", "text"),
    (DistributionRecord, {"createdAt": 1700000000}, "$.createdAt", "whole number"),
    (DistributionRecord, {"status": 1}, "$.status", "whole number"),
]


@pytest.mark.parametrize(("cls", "raw", "path", "found"), WRONG_VALUES)
def test_a_value_of_the_wrong_kind_is_refused_with_its_path(cls, raw, path, found):
    with pytest.raises(ResponseDecodeError) as caught:
        CONVERTER.structure(raw, cls)
    (problem,) = caught.value.problems
    assert (problem.path, problem.rule, problem.found) == (path, "type", found)


@pytest.mark.parametrize("obj", [None, [], "text", 5, True, Decimal(1)], ids=repr)
def test_what_is_no_object_is_refused(obj):
    with pytest.raises(ResponseDecodeError, match="an object") as caught:
        CONVERTER.structure(obj, TokenValidity)
    assert caught.value.problems[0].path == "$"


@pytest.mark.parametrize("missing", ["number", "date", "dueDate", "currencyCode"])
def test_a_missing_required_value_is_refused_with_its_path(missing):
    for raw in ({key: value for key, value in HEADER.items() if key != missing}, {**HEADER, missing: None}):
        with pytest.raises(ResponseDecodeError) as caught:
            CONVERTER.structure(raw, InvoiceHeader)
        assert [(p.path, "required" in p.message) for p in caught.value.problems] == [(f"$.{missing}", True)]


def test_all_problems_of_an_answer_come_at_once():
    raw = {
        "metaData": {"totalCount": "3", "filtersApplied": []},
        "data": [{}, {"caseId": True}, {"status": 1, "createdAt": 2}, "x"],
    }
    with pytest.raises(ResponseDecodeError) as caught:
        CONVERTER.structure(raw, DistributionInformation)
    assert [problem.path for problem in caught.value.problems] == [
        "$.metaData.totalCount",
        "$.metaData.filtersApplied",
        "$.data[1].caseId",
        "$.data[2].status",
        "$.data[2].createdAt",
        "$.data[3]",
    ]


def test_no_decode_error_prints_a_value():
    raw = {"isValid": "SECRET-1", "message": {"SECRET-2": "SECRET-3"}}
    with pytest.raises(ResponseDecodeError) as caught:
        CONVERTER.structure(raw, TokenValidity)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert "SECRET" not in f"{error}{error!r}{error.problems!r}"


def test_the_default_of_a_missing_value_is_read_and_written():
    header = CONVERTER.structure({k: v for k, v in HEADER.items() if k != "type"}, InvoiceHeader)
    assert header.type is InvoiceType.INVOICE
    assert CONVERTER.unstructure(header) == HEADER


def test_null_stands_for_the_default_of_a_value_that_has_one():
    header = CONVERTER.structure({**HEADER, "type": None}, InvoiceHeader)
    assert header == CONVERTER.structure(HEADER, InvoiceHeader)
    assert CONVERTER.unstructure(header)["type"] == "INVOICE"


def test_absent_values_read_as_none_and_lists_as_empty():
    row = CONVERTER.structure({}, InvoiceRowData)
    assert row == InvoiceRowData()
    assert row.definition_details == ()


def test_empty_text_is_text():
    assert CONVERTER.structure({"street": ""}, Address).street == ""


@pytest.mark.parametrize("text", ["1E+2", "100", "1.0E+2", "0.00", "-0.00", "9" * 30 + ".99"])
def test_an_amount_keeps_its_spelling(text):
    raw = f'{{"netAmount":{text}}}'.encode()
    assert CONVERTER.dumps(CONVERTER.loads(raw, InvoiceRowData)) == raw


@pytest.mark.parametrize("text", ["1E-30", "0.10", "123456789012345678901234567890.123456789", "1E+40"])
def test_a_quantity_keeps_its_spelling(text):
    raw = f'{{"quantity":{text}}}'.encode()
    assert CONVERTER.dumps(CONVERTER.loads(raw, InvoiceRowData)) == raw


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**70), 10**100])
def test_whole_numbers_have_no_limit(number):
    raw = f'{{"caseId":{number}}}'.encode()
    record = CONVERTER.loads(raw, DistributionRecord)
    assert record.case_id == number
    assert CONVERTER.dumps(record) == raw


def test_an_invoice_number_in_text_is_read_as_the_number_and_sent_as_the_vendor_wants_it():
    references = CONVERTER.structure({"creditedInvoiceNumber": "1041"}, InvoiceReferences)
    assert references.credited_invoice_number == 1041
    assert CONVERTER.dumps(references) == b'{"creditedInvoiceNumber":1041}'


def test_an_older_name_is_read_into_the_same_attribute_and_written_back():
    older = {"events": [{"type": "CAPITAL", "amount": Decimal("5.00")}]}
    allocation = CONVERTER.structure(older, SettlementAllocation)
    assert allocation.breakdown[0].amount == Decimal("5.00")
    assert CONVERTER.unstructure(allocation) == older


def test_the_newer_name_wins_where_both_are_given_and_both_are_written_back():
    both = {"breakdown": [{"type": "FEES"}], "events": [{"type": "CAPITAL"}]}
    allocation = CONVERTER.structure(both, SettlementAllocation)
    assert [part.type for part in allocation.breakdown] == ["FEES"]
    assert CONVERTER.unstructure(allocation) == both


def test_an_attribute_changed_since_is_written_under_its_newer_name_alone():
    allocation = CONVERTER.structure({"events": [{"type": "CAPITAL"}]}, SettlementAllocation)
    changed = attrs.evolve(allocation, breakdown=())
    assert CONVERTER.unstructure(changed) == {}


def test_a_fault_below_an_older_name_is_told_at_that_name():
    with pytest.raises(ResponseDecodeError) as caught:
        CONVERTER.structure({"events": [{"amount": "5.00"}]}, SettlementAllocation)
    assert [problem.path for problem in caught.value.problems] == ["$.events[0].amount"]


def test_both_names_may_hold_what_is_as_deep_as_may_be():
    both = {"events": [], "breakdown": [{"later": deep(100)}]}
    allocation = CONVERTER.structure(both, SettlementAllocation)
    assert CONVERTER.unstructure(allocation) == both


def test_empty_text_reads_as_none_where_the_contract_says_so_and_is_written_back():
    beneficiary = CONVERTER.structure({"name": "", "iban": "x"}, Beneficiary)
    assert (beneficiary.name, beneficiary.iban) == (None, "x")
    assert CONVERTER.unstructure(beneficiary) == {"name": "", "iban": "x"}


def test_a_flag_that_the_vendor_writes_as_a_number_is_a_flag():
    row = CONVERTER.structure({"isVatRow": 1}, LedgerRow)
    assert row.is_vat_row is True
    assert CONVERTER.dumps(row) == b'{"isVatRow":1}'


@pytest.mark.parametrize("value", [2, True, "1", Decimal(1)])
def test_a_flag_that_is_no_number_of_the_two_is_refused(value):
    with pytest.raises(ResponseDecodeError, match=r"\$\.isVatRow: must be 0 or 1"):
        CONVERTER.structure({"isVatRow": value}, LedgerRow)


def test_an_answer_that_is_a_bare_array_is_read_as_a_tuple():
    payments = CONVERTER.loads(b'[{"caseId": 7}, {"invoiceNumber": "12"}]', tuple[Payment, ...])
    assert payments == (Payment(case_id=7), Payment(invoice_number="12"))


@pytest.mark.parametrize(
    ("answer", "place"), [(b"{}", "$"), (b'[{}, {"caseId": "7"}]', "$[1].caseId"), (b"[[]]", "$[0]")]
)
def test_what_is_no_array_of_the_records_is_explained(answer, place):
    with pytest.raises(ResponseDecodeError) as caught:
        CONVERTER.loads(answer, tuple[Payment, ...])
    assert [problem.path for problem in caught.value.problems] == [place]


def test_a_number_where_text_belongs_is_read_as_text():
    assert CONVERTER.structure({"invoiceNumber": 1041}, FiltersApplied).invoice_number == "1041"


def test_a_moment_is_a_date_or_a_time_with_its_offset():
    raw = {"createdAt": "2026-02-01T10:00:00.250+02:00", "distributedAt": "2026-02-01"}
    record = CONVERTER.structure(raw, DistributionRecord)
    eight = datetime.datetime(2026, 2, 1, 8, 0, 0, 250_000, tzinfo=datetime.UTC)
    assert record.created_at == eight
    assert record.distributed_at == datetime.date(2026, 2, 1)
    assert CONVERTER.unstructure(attrs.evolve(record, extra={}))["createdAt"] == "2026-02-01T08:00:00.250Z"


OUT_OF_UTC = ["0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-02:00"]


@pytest.mark.parametrize("text", OUT_OF_UTC)
def test_a_moment_that_utc_has_no_year_for_is_refused_both_ways(text):
    with pytest.raises(ResponseDecodeError, match="in the years 1 to 9999 of UTC") as read:
        CONVERTER.loads(f'{{"createdAt":"{text}"}}', DistributionRecord)
    record = DistributionRecord(created_at=datetime.datetime.fromisoformat(text))
    with pytest.raises(RequestInvalidError) as written:
        CONVERTER.dumps(record)
    assert read.value.problems[0].path == written.value.problems[0].path == "$.createdAt"


def test_the_first_moment_of_utc_is_read():
    raw = {"createdAt": "0001-01-01T00:00:00Z"}
    assert CONVERTER.unstructure(CONVERTER.structure(raw, DistributionRecord)) == raw


@pytest.mark.parametrize("unknown", [{}, {"later": 1}], ids=["known", "unknown key"])
def test_what_a_program_has_in_place_of_json_is_read(unknown):
    header = MappingProxyType({**HEADER, "date": datetime.date(2026, 1, 1)})
    read = CONVERTER.structure({"header": header, "rows": ({}, {}), **unknown}, InvoiceContentData)
    assert read.header == CONVERTER.structure(HEADER, InvoiceHeader)
    assert (read.rows, read.extra) == ((InvoiceRowData(), InvoiceRowData()), unknown)


def test_no_key_of_a_json_can_pass_for_what_was_gathered():
    raw = {"\ue000extra": {"street": 1}, "street": "x"}
    for address in (CONVERTER.structure(raw, Address), CONVERTER.loads(CONVERTER.encode(raw), Address)):
        assert address == Address(street="x", extra={"\ue000extra": {"street": 1}})


def test_no_key_of_a_json_can_pass_for_a_record_that_is_no_object():
    raw = {str(WHOLE_RECORD): 1, "street": "x"}
    assert CONVERTER.unstructure(CONVERTER.structure(raw, Address)) == raw
    assert {copy.deepcopy(WHOLE_RECORD), pickle.loads(pickle.dumps(WHOLE_RECORD))} == {WHOLE_RECORD}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"NaN",
        b'{"isValid":Infinity}',
        b"\xff",
        b'"\\ud800"',
        b"{}{}",
        b"1e99999999999999999999",
        b"1" * 5000,
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_json_is_refused(data):
    with pytest.raises(ResponseDecodeError, match=r"this (is not )?JSON") as caught:
        CONVERTER.loads(data, TokenValidity)
    assert caught.value.__context__ is None


def test_text_is_parsed_like_bytes():
    assert CONVERTER.loads('{"isValid":true}', TokenValidity).is_valid


def test_an_unknown_word_is_kept_and_goes_back_out():
    receipt = CONVERTER.structure({"status": "ON_ITS_WAY"}, InvoiceReceipt)
    assert isinstance(receipt.status, InvoiceStatus)
    assert not receipt.status.is_known
    assert receipt.status == "ON_ITS_WAY"
    assert CONVERTER.dumps(receipt) == b'{"status":"ON_ITS_WAY"}'


def test_a_known_word_is_the_member():
    assert CONVERTER.structure({"status": "DRAFT"}, InvoiceReceipt).status is InvoiceStatus.DRAFT


@pytest.mark.parametrize("word", ["name", "value", "is_known", "__class__", "_missing_", "mro"])
def test_a_word_like_a_name_of_python_is_a_word(word):
    assert CONVERTER.unstructure(CONVERTER.structure({"status": word}, InvoiceReceipt)) == {"status": word}
