"""``-``: invoices from standard input."""

import io
import json
import sys
from types import SimpleNamespace

import pytest


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
