"""Records that are prepared before anything is sent: checked, encoded, and kept until they are."""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import attrs
import pytest

from confirma_async.bulk.job.preparation import prepare
from confirma_async.bulk.models import Entry, RefusedRecord
from confirma_async.bulk.scratch_file import PreparedRecords
from confirma_async.converters import Converter
from confirma_async.errors import ConfigurationError
from confirma_async.formats import ReadOptions, assign, read_files, scan_files, spooled
from confirma_async.formats.files import read_each
from confirma_async.formats.xml import documents
from confirma_async.validation import Checks

UBL = Path(__file__).parents[2] / "examples" / "ubl" / "invoice.xml"
HEADER = "number;date;due_date;currency;gross_amount;attachment\n"


@pytest.fixture
def write(tmp_path):
    def written(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.fixture
def lines(tmp_path, wire_invoice):
    def written(name, *numbers, **deviations):
        path = tmp_path / name
        path.write_text("\n".join(json.dumps(wire_invoice(n, **deviations), default=float) for n in numbers))
        return path

    return written


def prepared(*files, options=None):
    with PreparedRecords(Converter(), Checks()) as kept:
        kept.take(read_each(files, options or ReadOptions()))
        found = list(kept)
        assert len(found) == kept.count
        return found


def test_what_is_kept_is_what_was_prepared(lines, write, tmp_path):
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(b"%PDF-1.7 %%EOF" + name.encode() + b"%%EOF")
    table = (
        f"{HEADER}7;2.11.2026;16.11.2026;EUR;1,00;a.pdf\n7;;;;;b.pdf\n"
        "8;2.11.2026;16.11.2026;EUR;1,00;https://example.fi/c.pdf\n9;2.11.2026;16.11.2026;EUR;x;\n"
        "10;2.11.2026;1.11.2026;EUR;1,00;\nA-11;2.11.2026;16.11.2026;EUR;1,00;\n"
    )
    files = [write("in.csv", table), lines("in.jsonl", 1, 2), lines("bad.jsonl", 3, header={"date": "x"})]
    options = ReadOptions(numbers=assign([each.identity for each in scan_files(files)], 900))
    wanted = [prepare(record, 1, Converter(), Checks()) for record in read_files(files, options)]
    found = prepared(*files, options=options)
    assert [as_tuples(each) for each in found] == [as_tuples(each) for each in wanted]
    assert [type(each) for each in found] == [
        Entry,
        Entry,
        RefusedRecord,
        Entry,
        Entry,
        Entry,
        Entry,
        RefusedRecord,
    ]
    assert [len(each.placeholders) for each in found[:2]] == [2, 1]
    assert found[3].warnings
    assert found[4].original_number == "A-11"
    assert found[4].remarks


def as_tuples(record):
    """All that a record holds; whether a sequence is a list or a tuple is nobody's business."""
    return attrs.astuple(
        attrs.evolve(
            record,
            **{
                name: tuple(getattr(record, name))
                for name in ("problems", "warnings", "remarks", "placeholders")
                if hasattr(record, name)
            },
        )
    )


def test_a_file_that_changes_or_goes_after_it_was_read_changes_nothing_that_is_sent(lines):
    file = lines("in.jsonl", 1, 2)
    with PreparedRecords(Converter(), Checks()) as kept:
        kept.take(read_each([file]))
        before = file.read_bytes()
        file.write_bytes(before.replace(b"Work", b"Fraud"))
        bodies = [record.body for record in kept if isinstance(record, Entry)]
        file.unlink()
        assert [record.body for record in kept if isinstance(record, Entry)] == bodies
    assert len(bodies) == 2
    assert not any(b"Fraud" in body for body in bodies)


def test_a_number_that_stands_twice_is_named_by_its_element_without_reading_again(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "lines_of_elements", lambda *_: pytest.fail("parsed a document twice"))
    one, other = (tmp_path / name for name in ("one.xml", "other.xml"))
    for path in (one, other):
        path.write_bytes(UBL.read_bytes())
    for record in prepared(one, other):
        assert isinstance(record, RefusedRecord)
        assert record.problems[0].path == "/Invoice/ID ($.invoice.header.number)"


def test_a_number_that_stands_twice_is_named_by_its_column(write):
    row = "7;2.11.2026;16.11.2026;EUR;1,00;\n"
    one, other = write("one.csv", HEADER + row), write("other.csv", HEADER + row)
    for record in prepared(one, other):
        assert isinstance(record, RefusedRecord)
        assert record.problems[0].path == "line 2, column number ($.invoice.header.number)"


def test_a_number_that_stands_twice_is_refused_in_every_place_also_where_one_is_broken(lines):
    good, bad = lines("good.jsonl", 1, 2), lines("bad.jsonl", 2, header={"dueDate": "x"})
    first, *twice = prepared(good, bad)
    assert isinstance(first, Entry)
    for record in twice:
        assert isinstance(record, RefusedRecord)
        assert record.problems[0].rule == "job.clash"
        assert "good.jsonl:2" in record.problems[0].message
        assert "bad.jsonl:1" in record.problems[0].message
    assert len(twice[1].problems) > 1


def test_nothing_of_the_scratch_file_can_be_seen(lines, tmp_path, monkeypatch):
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with PreparedRecords(Converter(), Checks()) as kept:
        kept.take(read_each([lines("in.jsonl", 1)]))
        assert list(folder.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is always full")
def test_a_full_disk_is_told_in_a_sentence(lines, monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: open("/dev/full", "w+b"))  # noqa: SIM115
    with (
        pytest.raises(ConfigurationError, match=r"scratch file.*no space left.*TMPDIR.*Nothing was sent"),
        PreparedRecords(Converter(), Checks()) as kept,
    ):
        kept.take(read_each([lines("in.jsonl", 1)]))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is always full")
def test_so_it_is_where_standard_input_finds_no_room(monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: open("/dev/full", "w+b"))  # noqa: SIM115
    with pytest.raises(ConfigurationError, match=r"scratch file.*no space left"), spooled(io.BytesIO(b"x")):
        pass


def test_a_scratch_file_that_cannot_be_made_is_told_in_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(ConfigurationError, match="scratch file"):
        PreparedRecords(Converter(), Checks())


SPOOLS = """
import sys
from confirma_async.bulk.scratch_file import PreparedRecords
from confirma_async.converters import Converter
from confirma_async.formats.files import read_each
from confirma_async.validation import Checks
with PreparedRecords(Converter(), Checks()) as kept:
    kept.take(read_each(sys.argv[1:]))
    print(kept.count, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_it_however_the_process_ends(lines, tmp_path, number):
    folder = tmp_path / "scratch"
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", SPOOLS, str(lines("in.jsonl", 1, 2))],
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"2\n"
        process.send_signal(number)
    assert list(folder.iterdir()) == []
