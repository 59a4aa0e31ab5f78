"""A job in a person's hands: how it runs, what it rejected, what is unknown, what it knows."""

import csv
import datetime
import io
import json
from pathlib import Path

import pytest

from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.cli.options.jobs import next_time
from confirma_async.sandbox import Fault

pytestmark = pytest.mark.usefixtures("quick_fingerprints")

CREATE = "invoices.create"


# --- how it runs ----------------------------------------------------------------------------------


def test_until_is_the_next_time_that_clocks_show_it():
    now = datetime.datetime.now().astimezone()
    for hour in range(24):
        moment = next_time(f"{hour:02}:30")
        assert (moment.hour, moment.minute) == (hour, 30)
        assert datetime.timedelta(0) < moment - now <= datetime.timedelta(days=1, hours=1)


@pytest.mark.parametrize("value", ["24:00", "noon", "9", "09:60"])
def test_what_is_no_time_is_said(confirma, invoices, value):
    code, _, err = confirma("submit", invoices(1), "--until", value)
    assert code == 2
    assert "no time of the form HH:MM" in err


def test_a_wave_of_rejections_pauses_the_job_and_names_the_reason(confirma, invoices, answering):
    answering.answer("/invoice", {"message": "no agreement"}, status=422)
    file = invoices(*range(1, 101))
    code, out, _ = confirma("submit", file, "--max-rejections", 5, "--concurrency", 1)
    assert code == 3
    assert "5 invoices in a row for the same reason" in out
    assert "no agreement" in out


def test_status_says_how_far_the_job_is(confirma_json, service, invoices):
    confirma_json("submit", invoices(1, 2, 3))
    code, found = confirma_json("status")
    assert code == 0
    assert (found["expected"], found["counts"]["accepted"], found["seconds_left"]) == (3, 3, 0.0)
    assert found["rate"] > 0


def test_status_says_how_long_invoices_have_been_unknown(confirma, service, invoices):
    service.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE, times=1)
    confirma("submit", invoices(1), "--settle", 0, "--on-unknown", "hold")
    code, out, _ = confirma("status")
    assert code == 3
    assert "unknown for up to " in out


# --- retry ----------------------------------------------------------------------------------------


@pytest.fixture
def rejected(confirma, invoices, answering):
    """A job of two invoices that the service rejected; from now on it accepts."""
    answering.answer("/invoice", {"message": "no agreement"}, status=422)
    code, _, _ = confirma("submit", invoices(1, 2))
    assert code == 1
    answering.answer("/invoice", {"status": "PAUSED"})
    answering.asked.clear()
    return answering


def test_a_corrected_invoice_takes_the_place_of_the_one_that_was_rejected(
    confirma, confirma_json, rejected, invoices
):
    invoices(1, 2, header={"description": "corrected"})
    code, report = confirma_json("retry")
    assert (code, report["accepted"], len(rejected.asked)) == (0, 2, 2)
    with reading(Path(report["journal"])) as journal:
        assert [former.detail for former in journal.previous_versions()] == ["no agreement", "no agreement"]


def test_an_unchanged_invoice_is_not_sent_again_unless_asked_for(confirma_json, rejected):
    code, report = confirma_json("retry")
    assert (code, report["rejected"], rejected.asked) == (1, 2, [])
    code, report = confirma_json("retry", "--unchanged")
    assert (code, report["accepted"], len(rejected.asked)) == (0, 2, 2)


def test_submit_says_that_a_corrected_invoice_needs_a_retry(confirma, rejected, invoices):
    code, out, _ = confirma("submit", invoices(1, 2, header={"description": "corrected"}))
    assert code == 1
    assert "retry" in out
    assert rejected.asked == []


def test_a_journal_named_by_another_scripts_digit_is_no_run(
    confirma_json, answering, invoices, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    answering.answer("/invoice", {"message": "no agreement"}, status=422)
    confirma_json("submit", invoices(1), "--journal", "\N{ARABIC-INDIC DIGIT THREE}")
    answering.answer("/invoice", {"status": "PAUSED"})
    code, report = confirma_json("retry", "\N{ARABIC-INDIC DIGIT THREE}", "--unchanged")
    assert (code, Path(report["journal"]).name) == (0, "\N{ARABIC-INDIC DIGIT THREE}")


def test_a_journal_without_files_wants_them_named(confirma, tmp_path):
    open_sqlite(tmp_path / "empty").close()
    code, _, err = confirma("retry", "empty")
    assert code == 2
    assert "names no files" in err


# --- resolve --------------------------------------------------------------------------------------


@pytest.fixture
def unknown(confirma, service, invoices):
    """A job whose invoice 7 may have arrived, and did not."""
    service.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE, times=1)
    file = invoices(7)
    code, _, _ = confirma("submit", file, "--settle", 0, "--on-unknown", "hold")
    assert code == 3
    return file


def resolve(confirma, *more, found="absent"):
    return confirma("resolve", 7, "--is", found, "--because", "asked the service desk", "--settle", 0, *more)


def test_an_invoice_that_may_still_arrive_is_absent_to_nobody(confirma, confirma_json, service, unknown):
    code, _, err = resolve(confirma, "--settle", 60)
    assert (code, "may still arrive" in err, "nothing was changed" in err) == (2, True, True)
    _, report = confirma_json("status")
    assert [one["number"] for one in report["unknown"]] == [7]


def test_an_invoice_that_a_person_knows_to_be_absent_is_sent_by_the_next_run(
    confirma, confirma_json, service, unknown
):
    code, out, _ = resolve(confirma)
    assert (code, "the next run of the job sends it" in out) == (0, True)
    code, report = confirma_json("submit", unknown)
    assert (code, report["accepted"], service.requests[CREATE]) == (0, 1, 2)


@pytest.mark.parametrize(("found", "code"), [("accepted", 0), ("rejected", 1)])
def test_an_invoice_that_a_person_knows_of_is_not_sent_again(
    confirma, confirma_json, service, unknown, found, code
):
    assert resolve(confirma, found=found)[0] == 0
    again, report = confirma_json("submit", unknown)
    assert again == code
    assert service.requests[CREATE] == 1
    with reading(Path(report["journal"])) as journal:
        (former,) = journal.previous_versions()
        assert (former.state.name, former.note) == ("UNKNOWN", "asked the service desk")


def test_only_what_is_unknown_can_be_resolved(confirma, service, invoices):
    confirma("submit", invoices(7))
    code, _, err = resolve(confirma)
    assert code == 2
    assert "no invoice 7 of unknown outcome" in err


def test_of_several_documents_of_one_number_one_must_be_named(confirma, service, invoices):
    service.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE, times=2)
    first = invoices(7)
    second = invoices(7, name="b.jsonl", seller={"businessId": "2946186-3"})
    confirma("submit", first, second, "--settle", 0, "--on-unknown", "hold")
    code, _, err = resolve(confirma)
    assert code == 2
    assert "unknown under this number" in err
    assert resolve(confirma, "--seller", "29461863")[0] == 0


def test_there_must_be_a_journal_to_write_into(confirma, tmp_path):
    code, _, err = confirma("resolve", "own.journal", 7, "--is", "absent", "--because", "asked")
    assert code == 2
    assert "there is no journal" in err
    assert not (tmp_path / "own.journal").exists()


# --- export ---------------------------------------------------------------------------------------


@pytest.fixture
def mixed(confirma, service, invoices, tmp_path):
    """A job with an accepted invoice and one that was refused before sending."""
    file = invoices(1)
    wrong = json.loads(file.read_text())
    wrong["invoice"]["header"].update(number=2, currencyCode="EURO")
    file.write_text(file.read_text() + "\n" + json.dumps(wrong))
    confirma("submit", file)


def test_everything_that_is_known_is_exported_as_csv(confirma, mixed):
    code, out, _ = confirma("export", "--csv")
    accepted, refused = csv.DictReader(io.StringIO(out))
    assert code == 0
    assert (accepted["number"], accepted["state"], accepted["amount"]) == ("1", "accepted", "")
    assert accepted["decided_at"].endswith("+00:00")
    assert (refused["number"], refused["state"]) == ("2", "refused")
    assert refused["rule"]


def test_everything_that_is_known_is_exported_as_json_lines(confirma, mixed):
    _, out, _ = confirma("export", "--json")
    accepted, refused = map(json.loads, out.splitlines())
    assert (accepted["number"], accepted["duplicate"]) == (1, False)
    assert refused["state"] == "refused"


def test_text_that_a_spreadsheet_would_run_is_made_harmless(confirma, invoices, answering):
    answering.answer("/invoice", {"message": "=1+1"}, status=422)
    confirma("submit", invoices(1))
    _, out, _ = confirma("export")
    (row,) = csv.DictReader(io.StringIO(out))
    assert row["detail"] == "'=1+1"
