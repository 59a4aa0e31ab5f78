from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from confirma_async.converters import Converter
from confirma_async.formats import (
    BadRecord,
    Identity,
    InputError,
    ReadInvoice,
    ReadOptions,
    assign,
    read,
    scan,
)
from confirma_async.formats.json import records as json_records
from confirma_async.schemas import InvoiceType


def document(number: Any = 1, seller: Any = None, references: Any = None, **header: Any) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "invoice": {
            "header": {"number": number, "date": "2026-01-01", "dueDate": "2026-01-15", "currencyCode": "EUR"}
            | header
        }
    }
    if seller is not None:
        wire["invoice"]["parties"] = {"sellerParty": seller}
    if references is not None:
        wire["invoice"]["references"] = references
    return wire


def lines(*documents: Any) -> str:
    return "\n".join(each if isinstance(each, str) else json.dumps(each) for each in documents)


def one(path: Path, **options: Any) -> Any:
    (found,) = read(path, ReadOptions(**options))
    return found


def rules(record: Any) -> list[tuple[str, str]]:
    assert isinstance(record, BadRecord)
    return [(problem.path, problem.rule) for problem in record.problems]


def test_every_line_is_an_invoice_with_its_line_number(write):
    found = list(read(write("in.jsonl", lines(document(1), "", document(2)))))
    assert [(each.place.line, each.request.invoice.header.number) for each in found] == [(1, 1), (3, 2)]  # type: ignore[union-attr]


def test_a_byte_order_mark_is_no_part_of_the_first_line(write):
    assert isinstance(one(write("in.jsonl", "\ufeff" + lines(document()))), ReadInvoice)


def test_a_line_that_is_not_json_is_refused_alone(write):
    found = list(read(write("in.jsonl", lines(document(1), '{"secret": ', document(3)))))
    assert [type(each) for each in found] == [ReadInvoice, BadRecord, ReadInvoice]
    assert rules(found[1]) == [("$", "json.syntax")]


def test_problems_are_named_by_path_and_show_no_value(write):
    wire = document(1, date="tomorrow")
    wire["invoice"]["rows"] = [{"quantity": "hidden"}]
    found = one(write("in.jsonl", lines(wire)))
    assert rules(found) == [("$.invoice.header.date", "type"), ("$.invoice.rows[0].quantity", "type")]
    assert "hidden" not in str(found)
    assert found.number == "1"


def test_an_amount_that_is_too_fine_is_refused(write):
    wire = document(1)
    wire["invoice"]["amounts"] = {"netAmount": 1.005}
    assert rules(one(write("in.jsonl", lines(wire)))) == [("$.invoice.amounts.netAmount", "type")]


def test_a_number_as_text_goes_out_as_a_number(write):
    found = one(
        write(
            "in.jsonl", lines(document("12", type="CREDIT_NOTE", references={"creditedInvoiceNumber": "11"}))
        )
    )
    wire = json.loads(Converter().dumps(found.request))
    assert wire["invoice"]["header"]["number"] == 12
    assert wire["invoice"]["references"]["creditedInvoiceNumber"] == 11


@pytest.mark.parametrize("number", ["A-1", "007", -5, 10**18])
def test_a_number_that_is_no_whole_number_is_refused(write, number):
    assert rules(one(write("in.jsonl", lines(document(number))))) == [
        ("$.invoice.header.number", "number.whole")
    ]


def test_a_number_that_is_no_whole_number_is_given_by_the_book(write):
    path = write("in.jsonl", lines(document("A-1", seller={"businessId": "S"}, references={"sales": "old"})))
    found = one(path, numbers=assign((seen.identity for seen in scan(path)), 70))
    assert (found.request.invoice.header.number, found.original_number) == (70, "A-1")
    assert found.request.invoice.references.sales == "A-1"
    assert found.request.invoice.extensions.definition_details[0].value == "old"


def test_a_reference_to_an_original_outside_the_job_is_refused(write):
    path = write(
        "in.jsonl", lines(document(1, type="CREDIT_NOTE", references={"creditedInvoiceNumber": "A-9"}))
    )
    assert rules(one(path)) == [("$.invoice.references.creditedInvoiceNumber", "credit-note.original")]


def test_problems_with_numbers_do_not_hide_others(write):
    found = one(write("in.jsonl", lines(document("A-1", date=5))))
    assert [rule for _, rule in rules(found)] == ["number.whole", "type"]


def test_identities_name_the_seller_by_business_id_then_vat_code(write):
    path = write(
        "in.jsonl",
        lines(
            document(1, seller={"businessId": "B", "vatCode": "V"}),
            document("x", seller={"vatCode": "V"}, type="REMINDER"),
            document(3),
            "[]",
            "{",
            document(None),
        ),
    )
    assert [seen.identity for seen in scan(path)] == [
        Identity("B", InvoiceType.INVOICE, "1"),
        Identity("V", InvoiceType.REMINDER, "x"),
        Identity("", InvoiceType.INVOICE, "3"),
    ]


@pytest.mark.parametrize(
    "value", ["null", "3", '"text"', "[]", "{}", '{"invoice": null}', '{"invoice": {"header": 5}}']
)
def test_json_that_is_no_invoice_is_refused(write, value):
    assert isinstance(one(write("in.jsonl", value)), BadRecord)


def test_json_that_is_nested_without_end_is_refused(write):
    found = one(write("in.jsonl", "[" * 100_000))
    assert rules(found) == [("$", "json.syntax")]
    assert "is nested too deeply" in found.problems[0].message


def test_a_line_beyond_the_limit_is_refused_alone(write, monkeypatch):
    monkeypatch.setattr(json_records, "LONGEST_LINE", 1000)
    long = document(1, description="x" * 5000)
    found = list(read(write("in.jsonl", lines(long, document(2)))))
    assert rules(found[0]) == [("$", "json.size")]
    assert isinstance(found[1], ReadInvoice)


def test_overridden_wire_names_are_read(write):
    converter = Converter({"InvoiceHeader.number": "invoiceNumber"})
    wire = document("A")
    wire["invoice"]["header"]["invoiceNumber"] = wire["invoice"]["header"].pop("number")
    path = write("in.jsonl", lines(wire))
    book = assign((seen.identity for seen in scan(path, converter=converter)), 5)
    (found,) = read(path, ReadOptions(numbers=book), converter)
    assert isinstance(found, ReadInvoice)
    assert found.request.invoice.header.number == 5


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('{"invoice":1,"invoice":%s}', "$.invoice"),
        ('{"invoice":{"header":{"number":1,"x":2,"x":{"y":"hidden"}},"rows":[]}}', "$.invoice.header.x"),
        ('{"invoice":{"rows":[{},{"unit":"h","unit":"hidden"}]}}', "$.invoice.rows[1].unit"),
        ('{"a":{"b":1,"\\u0062":2}}', "$.a.b"),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_its_path(write, line, path):
    found = list(read(write("in.jsonl", lines(line.replace("%s", "{}"), document(2)))))
    assert (path, "json.duplicate-key") in rules(found[0])
    assert "hidden" not in repr(found[0])
    assert isinstance(found[1], ReadInvoice)


def test_a_key_that_stands_twice_in_an_array_spoils_its_own_record(write):
    whole = f'[{json.dumps(document(1))}, {{"a": 1, "a": 2}}, {json.dumps(document(3))}]'
    found = list(read(write("in.json", whole)))
    assert [type(each) for each in found] == [ReadInvoice, BadRecord, ReadInvoice]
    assert ("$[1].a", "json.duplicate-key") in rules(found[1])


def test_the_same_key_in_two_objects_is_fine(write):
    assert isinstance(
        one(write("in.jsonl", lines(document(1) | {"rows": [{"a": 1}, {"a": 1}]}))), ReadInvoice
    )


def test_an_unknown_key_is_told_once_with_a_near_name(write):
    wire = document(1)
    wire["invoice"]["amounts"] = {"grossamount": 5}
    wire["invoice"]["rows"] = [{"xyzzy": 1}, {"xyzzy": 2}]
    assert one(write("in.jsonl", lines(wire))).remarks == (
        "the key invoice.rows[].xyzzy is not known and is sent as it is",
        "the key invoice.amounts.grossamount is not known and is sent as it is; did you mean grossAmount?",
    )


def test_many_unknown_keys_are_counted(write):
    remarks = one(write("in.jsonl", lines(document(1) | {f"q{n}": n for n in range(25)}))).remarks
    assert len(remarks) == 11
    assert remarks[-1].startswith("15 more keys")


def test_known_keys_have_no_remark(write):
    assert one(write("in.jsonl", lines(document(1, languageCode=None)))).remarks == ()


@pytest.mark.parametrize("amount", ["1e999999999", "-1E70", "1e-99", "9" * 70])
@pytest.mark.parametrize("place", ["netAmount", "quantity"])
def test_a_number_of_too_many_digits_is_refused(write, place, amount):
    line = lines(document(1)).replace('"header"', f'"rows":[{{"{place}":{amount}}}],"header"')
    found = one(write("in.jsonl", line))
    assert "too many digits" in str(found.problems[0]) or "two decimals" in str(found.problems[0])


@pytest.mark.parametrize("number", [10**18, 2**63, 2**64])
def test_a_number_beyond_18_digits_is_refused(write, number):
    path = "$.invoice.references.creditedInvoiceNumber"
    found = one(write("in.jsonl", lines(document(1, references={"creditedInvoiceNumber": number}))))
    assert rules(found)[0] == (path, "credit-note.original")


def test_what_was_found_is_said_in_plain_words(write):
    found = one(write("in.jsonl", lines(document(1, date=5, currencyCode=1.5))))
    assert [problem.found for problem in found.problems] == ["whole number", "decimal number"]


def test_an_empty_array_holds_no_invoice(write):
    with pytest.raises(InputError, match="holds no invoice"):
        list(read(write("in.json", "[]")))


def test_unknown_keys_are_kept(write):
    found = one(write("in.jsonl", lines(document(1) | {"later": {"a": 1}})))
    assert found.request.extra == {"later": {"a": 1}}


# --- .json ------------------------------------------------------------------------------------------


def test_a_json_file_may_hold_one_object_over_several_lines(write):
    found = one(write("in.json", json.dumps(document(5), indent=2)))
    assert (found.place.line, found.request.invoice.header.number) == (None, 5)


def test_a_json_file_may_hold_an_array(write):
    found = list(
        read(write("in.json", json.dumps([document(1), document(2, date=0), document(3)], indent=2)))
    )
    assert [type(each) for each in found] == [ReadInvoice, BadRecord, ReadInvoice]
    assert rules(found[1]) == [("$[1].invoice.header.date", "type")]


def test_a_json_file_may_hold_lines(write):
    assert len(list(read(write("in.json", lines(document(1), document(2)))))) == 2


def test_a_broken_json_file_is_one_bad_record(write):
    assert rules(one(write("in.json", json.dumps([document(1)])[:-5]))) == [("$", "json.syntax")]


def test_a_json_array_beyond_the_limit_is_refused_with_what_to_do(write, monkeypatch):
    monkeypatch.setattr(json_records, "LARGEST_FILE", 10)
    with pytest.raises(InputError, match="JSON Lines"):
        one(write("in.json", json.dumps([document(1)])))
