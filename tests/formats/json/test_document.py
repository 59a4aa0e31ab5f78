"""One JSON document as one schema."""

import io

import pytest

from confirma_async.converters import Converter
from confirma_async.errors import RequestInvalidError
from confirma_async.formats import InputError, read_document
from confirma_async.schemas import InvoiceHeader

GOOD = '{"number": 1, "date": "2026-11-02", "dueDate": "2026-11-16", "currencyCode": "EUR"}'


@pytest.fixture
def read(tmp_path):
    def call(content, converter=None):
        file = tmp_path / "document.json"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_document(file, InvoiceHeader, converter or Converter())

    return call


def test_it_is_read(read):
    document = read("\ufeff" + GOOD)
    assert document.value.number == 1
    assert not document.remarks


def test_corrected_names_count(read):
    content = GOOD.replace("dueDate", "payBy")
    assert read(content, Converter({"InvoiceHeader.due_date": "payBy"})).value.due_date.day == 16


def test_unknown_keys_are_remarked_on(read):
    document = read(GOOD.replace('"number"', '"currency": "EUR", "number"'))
    assert document.remarks == (
        "the key currency is not known and is sent as it is; did you mean currencyCode?",
    )


def test_standard_input_is_read(monkeypatch):
    from pathlib import Path

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert read_document(Path("-"), InvoiceHeader, Converter()).value.number == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{\n  "number": 1,\n  "date" "x"\n}', "line 3, column 10"),
        ('{"number": 1,}', "column 14"),
        ('{"number": 1', "truncated"),
        (b'{"number": "\xff"}', "not text in UTF-8"),
        ("", "is empty"),
        ("[" * 100000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_told_with_its_place(read, content, words):
    with pytest.raises(InputError, match=words):
        read(content)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_document(tmp_path / "nope.json", InvoiceHeader, Converter())


def test_every_wrong_place_is_listed(read):
    with pytest.raises(RequestInvalidError) as caught:
        read(GOOD.replace("2026-11-02", "soon").replace('"number"', '"number": 2, "number"'))
    assert {problem.path for problem in caught.value.problems} == {"$.date", "$.number"}
