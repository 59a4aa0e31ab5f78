"""Many files as one stream, with numbers that stand twice found before anything is handed on."""

import io
import json
import os
import sys
from typing import Any

import pytest

from confirma_async.formats import (
    BadRecord,
    DocumentRef,
    DuplicateNumbers,
    FileFormat,
    Identity,
    InputError,
    Place,
    ReadInvoice,
    ReadOptions,
    expand,
    read_files,
    spooled,
)
from confirma_async.schemas import InvoiceType


@pytest.fixture
def lines(tmp_path, wire_invoice):
    def write(name, *numbers, **deviations):
        file = tmp_path / name
        file.write_text("\n".join(json.dumps(wire_invoice(n, **deviations), default=float) for n in numbers))
        return file

    return write


def test_files_are_read_in_the_order_given(lines):
    found: list[Any] = list(read_files([lines("b.jsonl", 3, 1), lines("a.jsonl", 2)]))
    assert [record.request.invoice.header.number for record in found] == [3, 1, 2]


def test_a_number_in_two_files_is_refused_in_both_places(lines):
    found: list[Any] = list(read_files([lines("a.jsonl", 1, 2), lines("b.jsonl", 2)]))
    assert [type(record) for record in found] == [ReadInvoice, BadRecord, BadRecord]
    for record in found[1:]:
        (problem,) = record.problems
        assert problem.rule == "job.clash"
        assert "a.jsonl:2" in problem.message
        assert "b.jsonl:1" in problem.message


def test_lines_of_one_invoice_that_do_not_stand_together_are_never_sent_in_parts(tmp_path):
    file = tmp_path / "f.csv"
    file.write_text(
        "number;date;due_date;currency;row_net_amount\n"
        "1;2026-11-01;2026-11-15;EUR;10\n"
        "2;2026-11-01;2026-11-15;EUR;20\n"
        "1;2026-11-01;2026-11-15;EUR;30\n"
    )
    found: list[Any] = list(read_files([file]))
    assert [type(record) for record in found] == [BadRecord, ReadInvoice, BadRecord]
    assert "lines of one invoice must stand together" in found[0].problems[0].message


def test_the_same_number_on_an_invoice_and_a_credit_note_is_no_clash(lines):
    credit = lines("b.jsonl", 1, header={"type": "CREDIT_NOTE"}, references={"creditedInvoiceNumber": 1})
    assert all(isinstance(record, ReadInvoice) for record in read_files([lines("a.jsonl", 1), credit]))


def test_the_same_number_of_two_sellers_is_no_clash(lines):
    other = lines("b.jsonl", 1, seller={"businessId": "2345678-0"})
    assert all(isinstance(record, ReadInvoice) for record in read_files([lines("a.jsonl", 1), other]))


ONE_SELLER = [
    ({"businessId": "0737546-2"}, {"businessId": "FI07375462"}),
    ({"businessId": "0737546-2"}, {"businessId": "07375462"}),
    ({"businessId": "0737546-2"}, {"businessId": None, "vatCode": "FI07375462"}),
    ({"businessId": None, "vatCode": "fi 0737546-2"}, {"businessId": "0737546-2"}),
    ({"businessId": "0737546-2"}, {"businessId": None}),
    ({"businessId": None}, {"businessId": None, "vatCode": "FI07375462"}),
]
"""Two spellings of one seller; one that is not named may be any."""


@pytest.mark.parametrize(("first", "second"), ONE_SELLER)
def test_a_seller_spelled_two_ways_is_one_seller(lines, first, second):
    files = [lines("a.jsonl", 1, 2, seller=first), lines("b.jsonl", 3, 1, seller=second)]
    found: list[Any] = list(read_files(files))
    assert [type(record) for record in found] == [BadRecord, ReadInvoice, ReadInvoice, BadRecord]
    for record in (found[0], found[3]):
        (problem,) = record.problems
        assert problem.rule == "job.clash"
        assert "a.jsonl:1" in problem.message
        assert "b.jsonl:2" in problem.message


def test_a_number_of_two_sellers_and_of_one_that_is_not_named_is_refused_in_every_place(lines):
    sellers = ({"businessId": "0737546-2"}, {"businessId": "2345678-0"}, {"businessId": None})
    files = [lines(f"{name}.jsonl", 1, seller=seller) for name, seller in zip("abc", sellers, strict=True)]
    assert all(isinstance(record, BadRecord) for record in read_files(files))


def test_a_type_in_small_letters_is_the_same_type(lines):
    files = [lines("a.jsonl", 1), lines("b.jsonl", 1, header={"type": "invoice"})]
    assert all(isinstance(record, BadRecord) for record in read_files(files))


def test_reminders_may_repeat(lines):
    reminders = lines("a.jsonl", 1, 1, header={"type": "REMINDER"})
    assert all(isinstance(record, ReadInvoice) for record in read_files([reminders]))


def test_a_file_that_cannot_be_read_does_not_stop_the_others(lines, tmp_path):
    (tmp_path / "odd.csv").write_text("colour;size\nred;3\n")
    found: list[Any] = list(read_files([tmp_path / "odd.csv", lines("a.jsonl", 1)]))
    assert [type(record) for record in found] == [BadRecord, ReadInvoice]
    (problem,) = found[0].problems
    assert problem.rule == "file"
    assert str(problem).startswith("the first line does not name columns")


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="file names are Unicode there")
def test_a_file_whose_name_is_no_utf_8_has_a_place_that_can_be_printed(tmp_path, wire_invoice):
    named = os.fsencode(tmp_path) + b"/lasku_\xe4.jsonl"
    with open(named, "w") as file:
        file.write(json.dumps(wire_invoice(1), default=float) + "\n{")
    found = list(read_files(expand([tmp_path])))
    assert [type(record) for record in found] == [ReadInvoice, BadRecord]
    for record in found:
        assert str(record.place).encode().startswith(bytes(tmp_path))
        assert "lasku_\ufffd.jsonl" in str(record.place)


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="file names are Unicode there")
def test_an_unreadable_file_whose_name_is_no_utf_8_has_a_message_that_can_be_printed(tmp_path):
    named = tmp_path / os.fsdecode(b"lasku_\xe4.csv")
    named.write_bytes(b"")
    (found,) = read_files([named])
    assert isinstance(found, BadRecord)
    assert str(found.problems[0]).encode().startswith(b"is empty")


def test_a_folder_stands_for_the_files_of_known_kinds_in_it(lines, tmp_path):
    (tmp_path / "sub").mkdir()
    expected = [lines("a.jsonl", 1), lines("sub/b.json", 2)]
    (tmp_path / "README.md").write_text("x")
    assert expand([tmp_path]) == expected


def test_a_named_file_is_taken_whatever_its_name(tmp_path):
    (tmp_path / "data.txt").write_text("x")
    assert expand([tmp_path / "data.txt"]) == [tmp_path / "data.txt"]


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_what_stands_for_no_file_is_said(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=name):
        expand([tmp_path / name])


def test_the_first_two_places_of_many_are_kept():
    who = Identity("s", InvoiceType.INVOICE, "1")
    seen = [DocumentRef(who, Place("f", line)) for line in (1, 5, 9)]
    with DuplicateNumbers() as duplicates:
        assert list(duplicates.watch(seen)) == seen
        assert duplicates.find(who) == (Place("f", 1), Place("f", 5))
        assert duplicates.find(Identity("s", InvoiceType.INVOICE, "2")) is None


def test_a_pattern_stands_for_the_files_that_match(lines, tmp_path):
    (tmp_path / "sub").mkdir()
    expected = [lines("a.jsonl", 1), lines("sub/b.jsonl", 2)]
    lines("c.json", 3)
    assert expand([tmp_path / "**" / "*.jsonl"]) == expected
    with pytest.raises(InputError, match="no file matches"):
        expand([tmp_path / "*.parquet"])


def test_a_file_whose_name_is_a_pattern_is_that_file(lines, tmp_path):
    odd = lines("a[1].jsonl", 1)
    assert expand([odd]) == [odd]


def test_files_that_excel_keeps_beside_open_ones_are_passed_over(lines, tmp_path):
    expected = [lines("a.jsonl", 1)]
    (tmp_path / "~$a.xlsx").write_bytes(b"x")
    assert expand([tmp_path]) == expected


def test_input_that_comes_once_is_read_twice_and_called_by_its_name(wire_invoice, tmp_path):
    text = "\n".join([json.dumps(wire_invoice(n), default=float) for n in (1, 2, 2)] + ["{"])
    with spooled(io.BytesIO(text.encode())) as piped:
        found: list[Any] = list(read_files(expand([piped])))
        kept = piped.path
    assert [str(each.place) for each in found] == ["-:1", "-:2", "-:3", "-:4"]
    assert [type(each) for each in found] == [ReadInvoice, BadRecord, BadRecord, BadRecord]
    assert "at -:2 and at -:3" in found[1].problems[0].message
    assert not kept.exists()


def test_what_is_wrong_with_the_whole_of_it_is_told_by_its_name():
    with spooled(io.BytesIO(b"colour;size\nred;3\n")) as piped:
        for options in (ReadOptions(), ReadOptions(file_format=FileFormat.CSV)):
            (found,) = read_files([piped], options)
            assert isinstance(found, BadRecord)
            assert found.place == Place("-")
            assert "/" not in found.problems[0].message.split(";")[0]


def test_attachments_of_it_are_named_from_the_folder_that_we_are_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 %%EOF")
    table = b"number;date;due_date;currency;attachment\n1;2026-11-01;2026-11-15;EUR;a.pdf\n"
    with spooled(io.BytesIO(table)) as piped:
        (found,) = read_files([piped])
    assert isinstance(found, ReadInvoice)
    assert found.complete().invoice.attachments[0].data


def test_what_else_is_wrong_with_a_number_that_stands_twice_is_told_with_it(write):
    header = "number;date;due_date;currency;gross_amount;seller_iban\n"
    line = "7;2.11.2026;16.11.2026;EUR;1,00;FI2112345600000786\n"
    found = [*read_files([write("a.csv", header + line), write("b.csv", header + line)])]
    rules = [
        [problem.rule for problem in record.problems] for record in found if isinstance(record, BadRecord)
    ]
    assert rules == [["job.clash", "iban"]] * 2


def test_folders_and_patterns_are_taken_as_the_command_takes_them(write, tmp_path):
    contents = "number;date;due_date;currency;gross_amount\n{};2.11.2026;16.11.2026;EUR;1,00\n"
    for number in (1, 2):
        write(f"in-{number}.csv", contents.format(number))
    for named in ([tmp_path], [tmp_path / "in-*.csv"], [f"{tmp_path}/*.csv"]):
        numbers = [
            record.request.invoice.header.number
            for record in read_files(named)
            if isinstance(record, ReadInvoice)
        ]
        assert numbers == [1, 2]


def test_a_folder_with_nothing_to_read_is_a_bad_record_and_the_others_go_on(write, tmp_path):
    (tmp_path / "empty").mkdir()
    path = write("a.csv", "number;date;due_date;currency;gross_amount\n1;2.11.2026;16.11.2026;EUR;1,00\n")
    bad, good = read_files([tmp_path / "empty", path])
    assert isinstance(bad, BadRecord)
    assert "holds no file to read" in bad.problems[0].message
    assert isinstance(good, ReadInvoice)
