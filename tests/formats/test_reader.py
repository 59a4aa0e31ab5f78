from __future__ import annotations

import json
import os
import sys

import pytest

from confirma_async.formats import BadRecord, InputError, ReadInvoice, read, scan

JSON = json.dumps(
    {
        "invoice": {
            "header": {"number": 1, "date": "2026-01-01", "dueDate": "2026-01-15", "currencyCode": "EUR"}
        }
    }
)
CSV = "number;date;due_date;currency\n1;2026-01-01;2026-01-15;EUR\n"


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("a.csv", CSV),
        ("a.CSV", CSV),
        ("a.tsv", CSV.replace(";", "\t")),
        ("a.txt", CSV),
        ("a", "\ufeff" + CSV),
        ("a.jsonl", JSON),
        ("a.ndjson", JSON),
        ("a.json", JSON),
        ("a.dat", JSON),
        ("a.dat", f"[{JSON}]"),
    ],
)
def test_the_format_is_found_by_extension_else_by_content(write, name, contents):
    (found,) = read(write(name, contents))
    assert isinstance(found, ReadInvoice)


@pytest.mark.parametrize(
    ("name", "contents", "says"),
    [
        ("a.csv", "", "is empty"),
        ("a.xml", b"\xef\xbb\xbf \n", "is empty"),
        ("a.dat", "some text", "no known format"),
        ("a.bin", b"\x00\x01\x02", "no known format"),
        ("a.xlsx", b"PK\x03\x04rest", "no .xlsx workbook"),
        ("a.csv", b"PK\x03\x04rest", "no .xlsx workbook"),
        ("a.xls", b"\xd0\xcf\x11\xe0rest", "spreadsheet"),
        ("a.pdf", "%PDF-1.7", "PDF"),
        ("a.csv.gz", b"\x1f\x8brest", "compressed"),
    ],
)
@pytest.mark.parametrize("ask", [read, scan])
def test_a_file_that_cannot_be_read_is_named_with_what_to_do(write, ask, name, contents, says):
    with pytest.raises(InputError, match=says) as caught:
        list(ask(write(name, contents)))
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["none.csv", "none/none.csv", "n" * 300 + ".csv"])
def test_a_missing_file_is_an_input_error(tmp_path, name):
    with pytest.raises(InputError):
        read(tmp_path / name)


def test_a_name_that_no_file_can_have_is_an_input_error():
    with pytest.raises(InputError, match="NUL"):
        read("a\0b.csv")


def test_a_directory_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="directory"):
        read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_an_input_error_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match="regular file"):
        read(tmp_path / "pipe.csv")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_an_input_error(write):
    path = write("a.csv", CSV)
    path.chmod(0)
    with pytest.raises(InputError, match="Permission"):
        read(path)


def test_a_file_that_goes_away_while_it_is_read_is_an_input_error(write):
    path = write("a.csv", CSV)
    records = read(path)
    path.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        next(records)


def test_without_the_library_of_one_format_others_are_read(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert not isinstance(next(read(write("a.csv", CSV))), BadRecord)


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("a.xlsx", "openpyxl", "excel"),
        ("a.parquet", "pyarrow.parquet", "parquet"),
        ("a.arrow", "pyarrow", "parquet"),
    ],
)
def test_without_a_library_its_format_is_refused_with_the_command_that_installs_it(
    write, monkeypatch, name, module, extra
):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf"pip install 'confirma-sdk\[{extra}\]'"):
        read(write(name, b"anything"))
