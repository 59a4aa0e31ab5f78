"""Public UBL documents that others wrote, through the command line into the sandbox."""

import json
from collections import Counter
from pathlib import Path

import pytest

from confirma_async.cli.app import run
from confirma_async.converters import Converter
from confirma_async.formats import ReadInvoice, ReadOptions, assign, read_files, scan_files
from confirma_async.sandbox import Sandbox

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "ubl"
FILES = sorted(FOLDER.glob("*.xml"))

pytestmark = pytest.mark.skipif(not FILES, reason="the public documents are not beside this checkout")


def submit(capsys, tmp_path):
    code = run(
        [
            *("submit", *map(str, FILES), "--sandbox", "--number-from", "1000"),
            *("--journal", str(tmp_path / "job.journal"), "--json"),
        ]
    )
    return code, json.loads(capsys.readouterr().out)


async def stored(tmp_path):
    async with Sandbox(db=tmp_path / "job.journal.sandbox.db") as sandbox:
        return [(str(invoice.status), Converter().parse(invoice.body)) for invoice in sandbox.invoices()]


def test_all_of_them_go_through(capsys, tmp_path):
    code, report = submit(capsys, tmp_path)
    assert code == 0, report["issues"]
    assert (report["accepted"], report["complete"]) == (len(FILES), True)
    assert Counter(record["status"] for record in report["distribution"]) == {
        "INVOICED": len(FILES) - 1,
        "CREDITED": 1,  # by the credit note whose number is that of an invoice of the same seller
    }
    assert {given["original"] for given in report["numbers"]} >= {"08/00355", "2007-99123", "2018-112"}


def test_run_again_nothing_is_resent(capsys, tmp_path):
    _, first = submit(capsys, tmp_path)
    code, second = submit(capsys, tmp_path)
    assert (code, second["resumed"]) == (0, len(FILES))
    assert first["numbers"] == second["numbers"]


def test_the_service_holds_exactly_what_the_documents_say(capsys, tmp_path):
    import asyncio

    submit(capsys, tmp_path)
    book = assign((each.identity for each in scan_files(FILES)), 1000)
    records = list(read_files(FILES, ReadOptions(numbers=book)))
    expected = [
        Converter().unstructure(record.request) for record in records if isinstance(record, ReadInvoice)
    ]
    held = asyncio.run(stored(tmp_path))
    assert len(expected) == len(FILES)

    def by_number(body):
        return body["invoice"]["header"]["number"]

    assert sorted((body for _, body in held), key=by_number) == sorted(expected, key=by_number)
    assert {status for status, _ in held} == {"INVOICED", "CREDITED"}
