"""What status, export and report tell of writes that are no invoices."""

import csv
import io
import json

import pytest

from confirma_async.sandbox import Fault
from tests.cli.samples import LEDGER

pytestmark = pytest.mark.usefixtures("quick_fingerprints")

LEDGERS = "accounting.submit_ledger"


@pytest.fixture
def written(confirma, service, invoices, tmp_path):
    """An invoice and a ledger that were taken, and a ledger of unknown outcome, in the account's journal."""
    confirma("submit", invoices(1))
    file = tmp_path / "ledger.json"
    file.write_text(json.dumps(LEDGER))
    confirma("ledger", "submit", file, "--key", "first")
    other = json.loads(json.dumps(LEDGER))
    other["ledgers"]["ledgerIdentifier"] = "2026-12"
    file.write_text(json.dumps(other))
    service.faults.add(Fault.RESET_BEFORE_COMMIT, operation=LEDGERS)
    assert confirma("ledger", "submit", file)[0] == 4
    return service


@pytest.fixture
def journal(directories):
    (found,) = directories.glob("*/*/account.journal")
    return found


def test_status_tells_how_they_stand(confirma, confirma_json, written, journal):
    code, out, _ = confirma("status", journal)
    assert code == 3
    assert "Other writes" in out
    assert "accounting.submit_ledger 2026-12, unknown" in out
    code, output = confirma_json("status", journal)
    assert (output["writes"]["accepted"], output["writes"]["unknown"]) == (1, 1)
    assert [(one["operation"], one["key"]) for one in output["open_writes"]] == [(LEDGERS, "2026-12")]


def test_status_of_invoices_alone_says_nothing_of_them(confirma, service, invoices):
    confirma("submit", invoices(1))
    code, out, _ = confirma("status")
    assert code == 0
    assert "Other writes" not in out


def test_export_has_a_line_for_each(confirma, written, journal):
    _, out, _ = confirma("export", journal)
    rows = {(row["type"], row["number"]): row for row in csv.DictReader(io.StringIO(out))}
    assert {key: row["state"] for key, row in rows.items()} == {
        ("INVOICE", "1"): "accepted",
        (LEDGERS, "first"): "accepted",
        (LEDGERS, "2026-12"): "unknown",
    }
    assert rows[LEDGERS, "2026-12"]["attempted_at"]
    assert not rows[LEDGERS, "first"]["amount"]


def test_a_report_tells_of_one_that_is_unknown(confirma, written, journal, tmp_path):
    assert confirma("report", journal, "--html", tmp_path / "report.html")[0] == 0
    page = (tmp_path / "report.html").read_text()
    assert "other writes not accepted: 1" in page
    assert "nothing is left to do" not in page
    assert "2026-12" in page
