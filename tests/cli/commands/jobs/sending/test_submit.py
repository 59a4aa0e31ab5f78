"""``confirma submit``: results, numbers, and what a machine and a person are told."""

import json
import re

import pytest

from confirma_async.sandbox import Fault
from tests.cli.commands.jobs.sending.held import held


def test_every_invoice_is_accepted(confirma_json, service, invoices):
    code, report = confirma_json("submit", invoices(1, 2, 3))
    assert code == 0
    assert (report["accepted"], report["complete"]) == (3, True)
    assert held(service) == [1, 2, 3]


def test_run_again_nothing_is_sent(confirma_json, service, invoices):
    file = invoices(1, 2, 3)
    confirma_json("submit", file)
    code, report = confirma_json("submit", file)
    assert code == 0
    assert (report["accepted"], report["resumed"]) == (3, 3)
    assert service.requests["invoices.create"] == 3


def test_the_journal_is_the_accounts_unless_named(confirma_json, service, invoices, tmp_path, directories):
    file = invoices(1)
    _, report = confirma_json("submit", file)
    assert report["journal"] == str(directories / "localhost" / "default" / "account.journal")
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    _, report = confirma_json("submit", invoices(2), "--journal", tmp_path / "other")
    assert report["journal"] == str(tmp_path / "other")


def test_a_person_reads_a_summary_and_where_to_go_on(confirma, invoices):
    code, out, err = confirma("submit", invoices(1, 2), "--sandbox")
    assert code == 0
    assert "Accepted" in out
    assert not re.search(r"Refused|Rejected|arrived| 0 ", out)  # what is zero is left out
    assert "2 INVOICED" in out
    assert "sends nothing twice" in out
    assert "2 of 2 invoices" in err


def test_what_the_invoices_ask_for_is_summed_up_by_currency(confirma, confirma_json, service, invoices):
    many = [
        invoices(1, amounts={"grossAmount": 100.5}, name="a.jsonl"),
        invoices(2, amounts={"grossAmount": 1000}, name="b.jsonl"),
        invoices(3, amounts={"grossAmount": 7.25}, header={"currencyCode": "SEK"}, name="c.jsonl"),
    ]
    _, out, _ = confirma("submit", *many)
    assert "€1,100.50, SEK7.25" in out.replace("\u00a0", "")
    _, found = confirma_json("submit", *many)
    assert found["amounts"] == {"accepted": {"EUR": 1100.50, "SEK": 7.25}}


def test_a_status_sums_up_a_run_and_no_journal_of_years(confirma, confirma_json, service, invoices, tmp_path):
    own, file = tmp_path / "own.journal", invoices(1, amounts={"grossAmount": 100.5})
    confirma("submit", file)
    confirma("submit", file, "--journal", own)
    sums = [confirma_json("status", *which)[1]["amounts"] for which in [(), (own,)]]
    assert sums == [{"accepted": {"EUR": 100.50}}, {}]


def test_an_embedded_sandbox_keeps_its_state_beside_the_journal(confirma_json, invoices):
    file = invoices(1, 2)
    confirma_json("submit", file, "--sandbox")
    code, report = confirma_json("submit", file, "--sandbox")
    assert (code, report["resumed"]) == (0, 2)
    assert [record["status"] for record in report["distribution"]] == ["INVOICED", "INVOICED"]


def test_a_folder_stands_for_the_files_in_it(confirma_json, service, invoices, tmp_path):
    (tmp_path / "in").mkdir()
    invoices(1, name="in/a.jsonl")
    invoices(2, name="in/b.json")
    (tmp_path / "in" / "notes.txt").write_text("not an invoice")
    code, report = confirma_json("submit", tmp_path / "in", "--journal", "j")
    assert (code, report["accepted"]) == (0, 2)


def test_one_lost_answer_costs_a_lookup_and_no_second_request(confirma_json, service, invoices):
    service.faults.add(Fault.RESET_AFTER_COMMIT, operation="invoices.create", times=1)
    code, report = confirma_json("submit", invoices(1, 2))
    assert (code, report["accepted"]) == (0, 2)
    assert service.requests["invoices.create"] == 2


def test_an_unknown_outcome_that_is_held_is_no_success(confirma_json, service, invoices):
    service.faults.add(Fault.RESET_BEFORE_COMMIT, operation="invoices.create", times=1)
    code, report = confirma_json("submit", invoices(1), "--on-unknown", "hold", "--settle", "0")
    assert (code, report["unknown"]) == (3, 1)


def test_a_clash_is_named_with_both_places(confirma_json, service, invoices):
    code, report = confirma_json("submit", invoices(1, 2, 1))
    assert code == 1
    message = report["issues"][0]["problems"][0]["message"]
    assert "invoices.jsonl:1" in message
    assert "invoices.jsonl:3" in message
    assert held(service) == [2]


@pytest.mark.parametrize(
    "other", [{"businessId": "FI07375462"}, {"businessId": None, "vatCode": "FI07375462"}]
)
def test_one_seller_spelled_two_ways_is_refused_in_both_places_before_anything_is_sent(
    confirma_json, service, invoices, other
):
    files = [invoices(7, name="a.jsonl"), invoices(7, name="b.jsonl", seller=other)]
    code, report = confirma_json("submit", *files)
    assert (code, report["accepted"], report["refused"]) == (1, 0, 2)
    assert {issue["problems"][0]["rule"] for issue in report["issues"]} == {"job.clash"}
    assert service.requests["invoices.create"] == 0


def test_numbers_are_given_once_and_for_all(confirma_json, service, invoices):
    file = invoices("08/00355", 501, "2007-99123")
    code, first = confirma_json("submit", file, "--number-from", 500)
    assert code == 0
    assert held(service) == [500, 501, 502]
    _, second = confirma_json("submit", file, "--number-from", 900)
    assert first["numbers"] == second["numbers"]
    assert [(given["original"], given["number"]) for given in first["numbers"]] == [
        ("08/00355", 500),
        ("2007-99123", 502),
    ]
    assert held(service) == [500, 501, 502]
    references = [json.loads(invoice.body)["invoice"].get("references", {}) for invoice in service.invoices()]
    assert {reference.get("sales") for reference in references} == {"08/00355", "2007-99123", None}


def test_numbers_given_earlier_hold_without_being_asked_for_again(confirma_json, service, invoices):
    file = invoices("08/00355")
    confirma_json("submit", file, "--number-from", 500)
    code, report = confirma_json("submit", file)
    assert (code, report["resumed"]) == (0, 1)


def test_a_number_that_is_no_whole_number_is_refused_with_the_way_out(confirma_json, service, invoices):
    code, report = confirma_json("submit", invoices("08/00355", 2))
    assert code == 1
    (issue,) = report["issues"]
    assert issue["place"].endswith("invoices.jsonl:1")
    assert "--number-from" in issue["detail"]
    assert held(service) == [2]


def test_rules_that_cannot_be_checked_are_named(confirma, service, invoices, monkeypatch):
    from confirma_async.cli import options

    monkeypatch.setattr(options, "missing_libraries", lambda: {"python-stdnum": ("iban", "bic")})
    _, _, err = confirma("submit", invoices(1))
    assert "not checked here: bic, iban" in err
    assert "confirma-sdk[validation]" in err


def test_the_sandbox_keeps_invoices_to_their_owner(confirma, invoices, tmp_path):
    confirma("submit", invoices(1), "--sandbox", "--journal", "j")
    assert (tmp_path / "j.sandbox.db").stat().st_mode & 0o077 == 0
    assert (tmp_path / "j").stat().st_mode & 0o077 == 0


def test_a_dry_run_sends_nothing_and_keeps_no_journal(confirma_json, service, invoices, directories):
    code, findings = confirma_json("submit", invoices(1, "x"), "--dry-run")
    assert code == 1
    assert (findings["valid"], len(findings["invalid"])) == (1, 1)
    assert not service.requests
    assert not directories.exists()


def test_a_dry_run_knows_what_the_journal_has_decided(confirma, confirma_json, service, invoices):
    confirma_json("submit", invoices(1, 2))
    file = invoices(1, 2, 3)
    code, findings = confirma_json("submit", file, "--dry-run")
    assert (code, findings["valid"], findings["decided"]) == (0, 3, 2)
    _, out, _ = confirma("submit", file, "--dry-run")
    assert "Can be sent: 3, 2 of them decided in an earlier run" in out


def test_the_log_of_calls_is_for_those_who_ask(confirma, service, invoices):
    _, _, quiet = confirma("submit", invoices(1))
    assert "invoices.create" not in quiet
    _, _, verbose = confirma("--verbose", "submit", invoices(2), "--journal", "j")
    assert "invoices.create POST" in verbose
    assert service.api_key not in verbose


def test_a_job_takes_its_connection_from_options_too(confirma_json, service, invoices, monkeypatch, tmp_path):
    (tmp_path / "key").write_text(service.api_key)
    (tmp_path / "key").chmod(0o600)
    monkeypatch.delenv("CONFIRMA_API_KEY")
    monkeypatch.delenv("CONFIRMA_BASE_URL")
    code, report = confirma_json("submit", invoices(1), "--key-file", "key", "--base-url", service.url)
    assert (code, report["accepted"]) == (0, 1)


def test_a_person_is_told_where_the_invoices_go(confirma, service, invoices):
    _, _, err = confirma("submit", invoices(1))
    assert f"Sending to {service.url}" in err


@pytest.mark.parametrize(("command", "ending"), [(["validate"], ""), (["submit", "--sandbox"], ", refused")])
def test_a_place_stays_whole_in_a_narrow_terminal(confirma, tmp_path, monkeypatch, command, ending):
    monkeypatch.setenv("COLUMNS", "40")
    file = tmp_path / "invoices of a name that is longer than a line.jsonl"
    file.write_text("{}\n{", encoding="utf-8")
    _, out, _ = confirma(*command, file)
    assert f"{file}:2{ending}" in out.splitlines()


def test_a_machine_is_told_where_the_invoices_went(confirma_json, service, invoices):
    _, report = confirma_json("submit", invoices(1))
    assert report["target"] == service.url


def test_an_environment_of_the_vendor_is_told_by_its_name(confirma, invoices, monkeypatch):
    monkeypatch.setenv("CONFIRMA_API_KEY", "k")
    file = invoices(1)
    confirma("submit", file, "--sandbox", "--journal", "j")  # so that nothing is sent anywhere else
    _, _, err = confirma("submit", file, "--journal", "j")
    assert "Sending to staging, https://staging-" in err


def test_an_attachment_that_cannot_be_fetched_is_told_as_one_that_is_missing(
    confirma, confirma_json, tmp_path
):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 %%EOF")
    file = tmp_path / "in.csv"
    attached = ["http://me:s3cret@127.0.0.1:1/a.pdf?s3cret", "a.pdf"]
    lines = [f"{n};2026-11-01;2026-11-15;EUR;{name}" for n, name in enumerate(attached, 1)]
    file.write_text("\n".join(["number;date;due_date;currency;attachment", *lines]))
    code, found = confirma_json("submit", file, "--sandbox", "--attach-private")
    assert (code, found["accepted"], found["refused"], found["pending"]) == (1, 1, 1, 0)
    _, out, err = confirma("export", "--sandbox", "--csv")
    (output,) = [line for line in out.splitlines() if '"refused"' in line]
    assert 'in.csv:2","1",' in output
    assert '"attachment.missing"' in output
    assert "connection refused" in output
    assert "s3cret" not in f"{found}{out}{err}"
    code, found = confirma_json("status", "--sandbox")
    assert (code, found["counts"]["pending"], found["counts"]["refused"]) == (1, 0, 1)
    assert found["seconds_left"] == 0
