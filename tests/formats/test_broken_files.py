"""Files with broken bytes: bad records at their places, or one sentence about the whole file, never more."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from confirma_async.formats import BadRecord, ReadInvoice, read_files

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = ("invoices.csv", "invoices.jsonl", "ubl/invoice.xml", "ubl/credit-note.xml", "finvoice/invoices.xml")
LARGEST = 20_000
LINES = 90
"""Of a table, those of about thirty-five invoices: one line, and several."""
CHANGES = st.lists(st.tuples(st.integers(0, LARGEST), st.binary(max_size=3)), max_size=6)


@functools.cache
def contents_of(name: str) -> bytes:
    return (EXAMPLES / name).read_bytes()[:LARGEST]


def broken(name: str, changes: list[tuple[int, bytes]]) -> list[ReadInvoice | BadRecord]:
    contents = bytearray(contents_of(name))
    for place, put in changes:
        at = place % len(contents)
        contents[at : at + len(put)] = put
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(contents)
        return list(read_files([path]))


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=40)
@given(changes=CHANGES)
def test_every_record_is_an_invoice_or_told_with_its_place(name, changes):
    found = broken(name, changes)
    assert found
    for record in found:
        assert record.place.source.endswith(Path(name).name)
        if isinstance(record, BadRecord):
            assert record.problems
            assert all(problem.rule and problem.message for problem in record.problems)


@pytest.mark.parametrize(("name", "first"), [("invoices.csv", 2), ("invoices.jsonl", 1)])
def test_a_broken_line_costs_its_own_invoice_alone(tmp_path, name, first):
    lines = (EXAMPLES / name).read_bytes().splitlines(keepends=True)[:LINES]
    path = tmp_path / name
    path.write_bytes(b"".join(lines))
    whole = list(read_files([path]))
    for number in range(first - 1, len(lines), 3):
        path.write_bytes(b"".join([*lines[:number], b'"\xff\xfe' + lines[number], *lines[number + 1 :]]))
        found = list(read_files([path]))
        bad = [each for each in found if isinstance(each, BadRecord)]
        good = len(found) - len(bad)
        assert len(whole) - 3 <= good < len(whole)  # where nothing of a line is sure, its neighbours are not
        places = {f"line {number + 1}", str(number + 1)}
        reported = [problem.path.partition(",")[0] for each in bad for problem in each.problems]
        assert places & {*reported, *(str(each.place.line) for each in bad)}
