"""Figures of runs that do not add up, and advice."""

import json

from .conftest import SETTLE


def test_what_a_person_resolved_counts_in_its_run(cli, write, service):
    service.loses = {2, 3}
    assert cli("submit", write(1, 2, 3), *SETTLE, "--on-unknown", "hold").code == 3
    assert cli("resolve", 2, "--is", "accepted", "--because", "seen").code == 0
    assert cli("resolve", 3, "--is", "rejected", "--because", "seen", "--settle", 0).code == 0
    done = cli("status", "--json")
    counts = json.loads(done.out)["counts"]
    assert (counts["accepted"], counts["rejected"]) == (2, 1)
    assert done.code == 1


def test_an_archived_run_adds_up_wherever_it_is_told(cli, write, service):
    assert cli("submit", write(1, 2, 3), *SETTLE).code == 0
    assert cli("journal", "archive", "--before", "2030-01-01").code == 0
    assert json.loads(cli("status", "--json").out)["counts"]["accepted"] == 3
    assert "3 invoices" in cli("report", "--html", "r.html").out


def test_the_rejections_of_an_old_run_are_as_many_as_are_listed(cli, write, service):
    service.rejects = {2}
    file = write(1, 2, 3)
    cli("submit", file, *SETTLE)
    cli("submit", file, *SETTLE)
    service.rejects = set()
    assert cli("retry", "--unchanged", *SETTLE).code == 0
    for run in (1, 2):
        output = json.loads(cli("status", run, "--json").out)
        assert [row["state"] for row in output["rejected"]] == ["rejected"] * output["counts"]["rejected"]


def test_no_message_advises_to_send_an_accepted_invoice_under_another_number(cli, write, service):
    assert cli("submit", write(1), *SETTLE).code == 0
    output = cli("submit", write(1, header={"dueDate": "2026-11-29"}), *SETTLE).output
    assert "differs" in output
    assert "a number of its own" not in " ".join(output.split())


def test_a_retry_of_standard_input_says_to_name_the_file(cli, cli_apart, write, service):
    service.rejects = {1}
    cli_apart("submit", "-", "--format", "jsonl", *SETTLE, stdin=write(1).read_text())
    assert "- does not exist" not in cli("retry").err
