"""How a file is written: its decimal mark, delimiter, header and encoding."""

from __future__ import annotations

from decimal import Decimal

import pytest

from confirma_async.formats import InputError, ReadInvoice, read, scan
from tests.formats.tables.csv.rows import HEADER, bad, good, row


def test_a_number_that_can_be_read_twice_is_refused_with_what_to_do(records):
    found = records(row("1", quantity="1.234", net="5"))
    assert bad(found) == [(2, "1", [("line 2, column row_quantity", "table.number")])]
    assert "decimal_comma" in found[0].problems[0].message


def test_the_rest_of_the_file_settles_a_number_that_can_be_read_twice(records):
    found = records(row("1", quantity="1.234", net="5"), row("2", quantity="1.5"))
    assert found[0].request.invoice.rows[0].quantity == Decimal("1.234")


def test_the_options_settle_a_number_that_can_be_read_twice(records):
    found = records(row("1", quantity="1.234", net="5"), decimal_comma=True)
    assert found[0].request.invoice.rows[0].quantity == Decimal(1234)


def test_a_file_that_writes_both_ways_settles_nothing(records):
    header = HEADER.replace(",", ";")
    lines = [
        row(str(n), quantity=q).replace(",", ";").replace("_", ",")
        for n, q in enumerate(["1_5", "1.5", "1.234"], start=1)
    ]
    found = records(*lines, header=header)
    assert [number for _, number in good(found)] == [1, 2]
    assert bad(found)[0][1] == "3"


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(write, delimiter):
    path = write("in.csv", "\n".join([HEADER, row("1")]).replace(",", delimiter))
    assert good(read(path)) == [(2, 1)]


def test_header_names_may_be_written_freely(records):
    assert good(records("1,2026-01-01,2026-01-15,EUR", header="Number, DATE ,Due Date,currency")) == [(2, 1)]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("number,date,due_date,currency,row_quantiy", "did you mean row_quantity"),
        ("number,date,due_date,currency,xyzzy", "'xyzzy'"),
        ("number,date,due_date,currency,", "column 5 has no name"),
        ("number,date,due_date,currency,Date", "'date' is there 2 times"),
        ("number,date,currency", "'due_date' is missing"),
    ],
)
def test_a_header_that_cannot_be_used_is_named(write, header, says):
    with pytest.raises(InputError, match=says):
        list(read(write("in.csv", header + "\n")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_the_encoding_is_found(write, encoding):
    path = write("in.csv", "\n".join([HEADER, row("1", text="Ääkköset ja €")]).encode(encoding))
    (found,) = read(path)
    assert isinstance(found, ReadInvoice)
    assert found.request.invoice.header.description == "Ääkköset ja €"


def test_a_byte_that_windows_1252_lacks_is_named(write):
    path = write(
        "in.csv",
        "\n".join([HEADER, row("1", text="ä"), row("2", text="?"), row("3")])
        .encode("cp1252")
        .replace(b"?", b"\x81"),
    )
    found = list(read(path))
    assert bad(found) == [(3, "2", [("line 3, column description", "csv.encoding")])]
    assert good(found) == [(2, 1), (4, 3)]


def test_a_damaged_byte_in_a_utf_8_file_does_not_turn_the_file_into_another_encoding(write):
    path = write(
        "in.csv",
        "\n".join([HEADER, row("1", text="äöå"), row("2", text="?")]).encode().replace(b"?", b"\xff"),
    )
    found = list(read(path))
    assert found[0].request.invoice.header.description == "äöå"  # type: ignore[union-attr]
    assert bad(found) == [(3, "2", [("line 3, column description", "csv.encoding")])]


def test_a_damaged_byte_in_a_number_gives_no_message_that_cannot_be_printed(write):
    path = write("in.csv", f"{HEADER}\n{row('?1', text='äöå')}\n".encode().replace(b"?", b"\xff"))
    str(list(read(path))).encode()


def test_a_utf_16_file_is_refused_with_what_to_do(write):
    with pytest.raises(InputError, match="UTF-16"):
        list(read(write("in.csv", f"{HEADER}\n".encode("utf-16"))))


def test_a_file_of_a_header_alone_is_refused(records):
    with pytest.raises(InputError, match="holds no invoice"):
        records()


@pytest.mark.parametrize(
    "line",
    [
        "Maija Esimerkki;131052-308T;Katu 1;2026-11-01",
        "1001;2026-11-01;2026-11-15;EUR;Maija Esimerkki",
        "\x00\x01secret\x7f;\x02",
    ],
)
def test_nothing_of_a_first_line_that_names_no_columns_is_shown(write, line):
    with pytest.raises(InputError, match=r"does not name columns \(\d of \d names are unknown\)") as caught:
        list(read(write("in.csv", f"{line}\n{line}\n")))
    words = [word for value in line.lower().split(";") for word in value.split()]
    assert not [word for word in words if len(word) > 3 and word in str(caught.value).lower()]


def test_a_name_that_looks_like_a_value_is_told_by_its_position(write):
    with pytest.raises(InputError, match="column 5 is not known") as caught:
        list(read(write("in.csv", "number,date,due_date,currency,131052-308T\n")))
    assert "131052" not in str(caught.value)


@pytest.mark.parametrize("number", ["131052-308T", "131052A308T", "19811218-9876", "811218+9876"])
def test_a_number_that_may_be_a_persons_is_in_no_message_and_no_repr(write, number):
    path = write("in.csv", "\n".join([HEADER, row(number)]))
    (found,) = read(path)
    shown = f"{found!r}{found.problems[0]}{[*scan(path)]!r}"  # type: ignore[union-attr]
    assert number not in shown
    assert "looks like a personal identity number" in found.problems[0].message  # type: ignore[union-attr]


def test_that_a_file_was_read_as_windows_1252_is_told_once(write):
    lines = [HEADER, row("x", text="ä"), row("1", text="ä"), row("2")]
    found = list(read(write("in.csv", "\n".join(lines).replace(",", "\t").encode("cp1252"))))
    assert "read as Windows-1252, columns separated by tab, decimal point" in found[1].remarks[0]  # type: ignore[union-attr]
    assert [len(each.remarks) for each in found[1:]] == [1, 0]  # type: ignore[union-attr]


def test_a_file_in_utf_8_has_no_remark(records):
    assert records(row("1", text="ä"))[0].remarks == ()


@pytest.mark.parametrize("text", ["HINTÄ€ ä", "PÅ\u00a0ö", "SÄ” å"])
def test_capitals_before_a_euro_sign_do_not_make_windows_1252_look_like_utf_8(write, text):
    (found,) = read(write("in.csv", "\n".join([HEADER, row("1", text=text)]).encode("cp1252")))
    assert found.request.invoice.header.description == text  # type: ignore[union-attr]


def test_one_letter_in_utf_8_outweighs_any_number_of_damaged_bytes(write):
    lines = "\n".join([HEADER, row("1", text="Å"), row("2", text="???"), row("3", text="?")])
    found = list(read(write("in.csv", lines.encode().replace(b"?", b"\xe4"))))
    assert found[0].request.invoice.header.description == "Å"  # type: ignore[union-attr]
    assert [number for _, number, _ in bad(found)] == ["2", "3"]
