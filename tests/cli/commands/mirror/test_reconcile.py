"""``confirma reconcile``: what agrees, what does not, and what a person says of it."""

import datetime
import json

import pytest

from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.sandbox import ListedKind

pytestmark = pytest.mark.usefixtures("quick_fingerprints")


@pytest.fixture
def sent(service, confirma, invoices):
    """Two invoices of a few days ago, sent and delivered, and their mirror."""
    day = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=9)
    header = {"date": str(day), "dueDate": str(day + datetime.timedelta(days=14))}
    assert confirma("submit", invoices(41, 42, header=header))[0] == 0
    service.advance(hours=2)
    return service


@pytest.fixture
def unexpected(sent, confirma):
    """A third one, which another system sent."""
    day = str(sent.clock.now().date())
    record = {"invoiceNumber": "666", "invoiceDate": day, "status": "INVOICED", "error": "=cmd()"}
    sent.add_records(ListedKind.DISTRIBUTION, {"d": record})
    confirma("mirror", "sync")
    return sent


def test_what_agrees_is_told_and_the_code_is_0(sent, confirma):
    confirma("mirror", "sync")
    code, out, _ = confirma("reconcile")
    assert code == 0
    assert "matched" in out
    assert "0 open of 0 differences" in out


def test_what_differs_is_told_and_the_code_is_3(unexpected, confirma):
    code, out, _ = confirma("reconcile")
    assert code == 3
    assert "Unexpected at service" in out
    assert "invoice 666" in out


def test_an_explanation_settles_it(unexpected, confirma, confirma_json):
    _, output = confirma_json("reconcile")
    (difference,) = output["differences"]
    code, _, _ = confirma("explain", difference["id"], "--note", "sent by the web shop")
    assert code == 0
    code, output = confirma_json("reconcile")
    assert code == 0
    assert output["settled"]
    assert output["differences"][0]["note"] == "sent by the web shop"


def test_machines_get_amounts_as_they_are(sent, confirma_json, confirma):
    confirma("mirror", "sync")
    _, output = confirma_json("reconcile")
    (total,) = [total for total in output["totals"] if total["what"] == "invoices"]
    assert (total["kind"], total["count"], total["currency"]) == ("matched", 2, "EUR")
    assert output["horizons"] == {"listed_days": 3, "settled_banking_days": 10}


def test_spreadsheets_get_no_formula(unexpected, confirma, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    _, out, _ = confirma("reconcile", "--csv", "--xlsx", "r.xlsx")
    assert ",=" not in out
    assert '"=' not in out
    book = openpyxl.load_workbook("r.xlsx")
    assert book.sheetnames == ["Totals", "Differences"]
    assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)


def test_a_page_is_written_with_both_sides(unexpected, confirma, tmp_path):
    code, _, _ = confirma("reconcile", "--html", "r.html")
    assert code == 3
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "invoice 666" in page
    assert "prefers-color-scheme" in page
    assert "Theirs" in page


def test_a_page_runs_nothing_that_a_record_or_a_note_says(unexpected, confirma, confirma_json, tmp_path):
    script = "<script>alert(1)</script>"
    day = str(unexpected.clock.now().date())
    record = {"invoiceNumber": f'"{script}', "invoiceDate": day, "status": script, "error": script}
    unexpected.add_records(ListedKind.DISTRIBUTION, {"hostile": record})
    confirma("mirror", "sync")
    _, output = confirma_json("reconcile")
    assert confirma("explain", output["differences"][0]["id"], "--note", f"'{script}")[0] == 0
    confirma("reconcile", "--html", "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "alert(1)" in page
    assert "<script" not in page


def test_a_journal_of_another_target_is_refused_and_nothing_changes(sent, confirma, tmp_path):
    confirma("mirror", "sync")
    journal = open_sqlite(tmp_path / "other.journal")
    journal.runs.begin(JobName("https://other.example"), now=0.0)
    journal.close()
    code, _, err = confirma("reconcile", "--journal", "other.journal")
    assert code == 2
    assert "is of other.example" in err
    assert "(--journal)" in err
    _, out, _ = confirma(
        "mirror", "query", "SELECT count(*) AS n FROM invoices WHERE sent_state <> ''", "--json"
    )
    assert json.loads(out) == {"n": 2}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("reconcile",), "there is no mirror"),
        (("reconcile", "--settled-within", "-1"), "settled-within"),
        (("explain", "d-1"), "--note"),
        (("explain", "d-1", "--note", " "), "it is empty"),
    ],
)
def test_what_cannot_be_done_is_said(service, confirma, arguments, said):
    code, _, err = confirma(*arguments)
    assert code == 2
    assert said in err


def test_another_file_is_not_written_over(unexpected, confirma, tmp_path):
    (tmp_path / "mine.xlsx").write_text("mine")
    (tmp_path / "mine.html").write_text("mine")
    assert confirma("reconcile", "--xlsx", "mine.xlsx")[0] == 2
    assert confirma("reconcile", "--html", "mine.html")[0] == 2
    assert (tmp_path / "mine.xlsx").read_text() == (tmp_path / "mine.html").read_text() == "mine"


def test_what_was_sent_over_a_database_is_compared_as_well(
    service, confirma, confirma_json, invoices, postgres
):
    day = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=9)
    header = {"date": str(day), "dueDate": str(day + datetime.timedelta(days=14))}
    assert confirma("submit", invoices(41, 42, header=header), "--journal", postgres, "--here")[0] == 0
    service.advance(hours=2)
    assert confirma("mirror", "sync", "--journal", postgres)[0] == 0
    code, output = confirma_json("reconcile", "--journal", postgres)
    (total,) = [total for total in output["totals"] if total["what"] == "invoices"]
    assert (code, total["kind"], total["count"]) == (0, "matched", 2)
    assert confirma("reconcile")[0] == 0  # what was read before is remembered


def test_without_a_journal_nobody_is_told_that_everything_agrees(service, confirma, invoices, postgres):
    assert confirma("submit", invoices(41), "--journal", postgres, "--here")[0] == 0
    assert confirma("mirror", "sync")[0] == 0
    code, _, output = confirma("reconcile")
    assert code == 3
    assert "nothing was compared with what was sent; name it: --journal" in " ".join(output.split())
