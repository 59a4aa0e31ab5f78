"""``-``: invoices from standard input."""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from confirma_async.formats import spooled

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def piped(monkeypatch):
    def pipe(contents):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(contents)))

    return pipe


@pytest.fixture
def lines(wire_invoice):
    return "\n".join(json.dumps(wire_invoice(n), default=float) for n in (1, 2)).encode()


def test_standard_input_is_submitted_once_however_often_it_is_piped(confirma_json, piped, lines, tmp_path):
    for resumed in (0, 2):
        piped(lines)
        code, report = confirma_json("submit", "-", "--sandbox", "--journal", tmp_path / "a.journal")
        assert code == 0
        assert (report["accepted"], report["resumed"]) == (2, resumed)


def test_standard_input_goes_into_the_accounts_journal_as_files_do(confirma_json, piped, lines):
    for resumed in (0, 2):
        piped(lines)
        code, report = confirma_json("submit", "-", "--sandbox")
        assert (code, report["accepted"], report["resumed"]) == (0, 2, resumed)


def test_the_format_can_be_told(confirma, piped):
    piped(b"number;date;due_date;currency\n1;2026-11-01;2026-11-15;EUR\n")
    code, out, _ = confirma("validate", "-", "--format", "csv")
    assert code == 0
    assert "Can be sent: 1" in out


def test_standard_input_is_read_once_only(confirma, piped, lines):
    piped(lines)
    code, _, err = confirma("validate", "-", "-")
    assert code == 2
    assert "once only" in err


WAITS = """
import io, os, sys
from types import SimpleNamespace
from confirma_async.formats import spooled
with spooled(io.BytesIO(b"an invoice")) as kept:
    assert open(kept, "rb").read() == open(kept, "rb").read() == b"an invoice"
    print("kept", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_nothing_is_left_of_it_however_the_process_ends(tmp_path, signal_number):
    with subprocess.Popen(
        [sys.executable, "-c", WAITS],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"kept\n"
        assert list(tmp_path.iterdir()) == []
        process.send_signal(signal_number)
    assert process.returncode == -signal_number
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet", "arrow", "xml", "jsonl"])
def test_every_form_can_be_read_from_it(confirma, piped, example, form):
    piped(example(form))
    code, out, err = confirma("validate", "-")
    assert (code, "Cannot be sent: 0" in out) == (0, True), err


def test_where_open_files_cannot_be_opened_again_it_has_a_name(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "getpid", lambda: 0)  # of whom /proc knows nothing
    with spooled(io.BytesIO(b"an invoice")) as kept:
        assert Path(kept).read_bytes() == b"an invoice"
        assert Path(kept).parent.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def example(tmp_path):
    """A file of one invoice in each form, as bytes."""

    def made(form):
        cells = {"number": 1, "date": "2026-11-01", "due_date": "2026-11-15", "currency": "EUR"}
        file = tmp_path / f"in.{form}"
        if form == "csv":
            return "\n".join([";".join(cells), ";".join(map(str, cells.values()))]).encode()
        if form in {"xml", "jsonl"}:
            name = {"xml": "ubl/invoice.xml", "jsonl": "invoices.jsonl"}[form]
            whole = (EXAMPLES / name).read_bytes()
            return whole.splitlines()[0] if form == "jsonl" else whole
        if form == "xlsx":
            book = openpyxl.Workbook()
            for row in (list(cells), list(cells.values())):
                book.active.append(row)
            book.save(file)
            return file.read_bytes()
        columns = pa.table({name: [value] for name, value in cells.items()})
        if form == "parquet":
            parquet.write_table(columns, file)
        else:
            feather.write_feather(columns, file)
        return file.read_bytes()

    return made
