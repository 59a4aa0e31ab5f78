"""The commands over a journal in PostgreSQL: they take its URL wherever they take a journal's path."""

import pytest

from confirma_async.bulk.journal.records import Decision, JobName
from confirma_async.bulk.models import Entry, State
from confirma_async.bulk.postgres.journal import open_postgres
from confirma_async.formats import Place
from confirma_async.sandbox import Fault
from confirma_async.schemas.identity import InvoiceKey
from tests.plugins.postgres import as_user

pytestmark = pytest.mark.usefixtures("quick_fingerprints")


@pytest.fixture
def submitted(service, confirma, invoices, postgres):
    """Submits a file of two invoices; returns it."""
    file = invoices(1, 2)
    code, _, output = confirma("submit", file, "--journal", postgres, "--here")
    assert code == 0, output
    return file


@pytest.fixture
def unknown(service, postgres):
    """Has a job leave an invoice whose outcome is unknown."""
    journal = open_postgres(postgres)
    with journal.transaction():
        run = journal.runs.begin(JobName(service.url), now=1000.0)
    with journal.transaction():
        key = InvoiceKey("", "INVOICE", 7, "", "2026-11-01")
        journal.admit([Entry(place=Place("a.jsonl", 1), key=key, digest=b"a" * 16, body=b"{}")], run)
        journal.sending([1], 5.0, 35.0)
        journal.decide([Decision(position=1, state=State.UNKNOWN, at=9.0, lost=True)])
        journal.runs.end(run, "finished", now=1001.0)
    journal.close()


def test_what_was_sent_is_known_to_the_next_job(service, confirma_json, submitted, postgres):
    code, report = confirma_json("submit", submitted, "--journal", postgres, "--here")
    assert (code, report["accepted"], report["resumed"]) == (0, 2, 2)
    assert len(service.invoices()) == 2


def test_status_jobs_export_and_report_read_it(confirma, confirma_json, submitted, postgres, tmp_path):
    code, status = confirma_json("status", postgres)
    assert (code, status["counts"]["accepted"]) == (0, 2)
    assert "/confirma_test_" in status["journal"]
    assert "@" not in status["journal"]
    assert confirma_json("jobs", postgres)[1]["runs"][0]["accepted"] == 2
    code, exported, _ = confirma("export", postgres)
    assert code == 0
    assert exported.count("accepted") == 2
    assert confirma("report", postgres, "--html", tmp_path / "report.html")[0] == 0
    assert "2" in (tmp_path / "report.html").read_text()


def test_what_was_rejected_is_sent_again_from_the_files_of_its_run(
    service, confirma, confirma_json, invoices, postgres
):
    service.faults.add(Fault.REFUSAL, operation="invoices.create", status=400, times=1)
    assert confirma("submit", invoices(1, 2), "--journal", postgres, "--here")[0] == 1
    assert len(service.invoices()) == 1
    code, report = confirma_json("retry", postgres, "--unchanged", "--here")
    assert (code, report["accepted"], report["resumed"]) == (0, 2, 1)
    assert sorted(invoice.number for invoice in service.invoices()) == [1, 2]


def test_an_unknown_invoice_is_resolved(confirma_json, unknown, postgres):
    assert confirma_json("status", postgres)[1]["counts"]["unknown"] == 1
    code, output = confirma_json("resolve", postgres, "7", "--is", "accepted", "--because", "seen there")
    assert (code, output["is"]) == (0, "accepted")
    assert confirma_json("status", postgres)[1]["counts"] == {
        **dict.fromkeys(("pending", "claimed", "sending", "unknown", "rejected", "refused"), 0),
        "accepted": 1,
    }


def test_a_dry_run_looks_into_it_and_makes_none(service, confirma, invoices, postgres, in_database):
    file = invoices(1, 2)
    assert confirma("submit", file, "--journal", postgres, "--dry-run")[0] == 0
    with in_database() as connection:
        (found,) = connection.execute("SELECT to_regnamespace('confirma_journal')::text").fetchone()
    assert found is None


def test_a_failed_over_journal_is_trusted_by_a_person(confirma, submitted, postgres, in_database):
    with in_database() as connection:
        connection.execute("UPDATE confirma_journal.meta SET value = '1:2:00000001' WHERE name = 'term'")
    code, out, _ = confirma("status", postgres)
    assert "may not know all that was sent" in out
    code, out, _ = confirma("journal", "trust", postgres, "--yes")
    assert code == 0
    assert out.startswith("Trusted.")
    assert "in no doubt" in confirma("journal", "trust", postgres, "--yes")[1]


def test_old_invoices_are_archived(confirma, submitted, postgres):
    code, out, _ = confirma("journal", "archive", postgres, "--before", "2100-01-01")
    assert (code, out.split()[0]) == (0, "2")


@pytest.mark.parametrize("command", ["verify", "set-aside"])
def test_what_is_done_with_files_only_says_what_to_do_instead(confirma, submitted, postgres, command):
    code, _, output = confirma("journal", command, postgres)
    assert code != 0
    assert "tools of PostgreSQL" in output


@pytest.mark.parametrize("command", [["status"], ["export"], ["jobs"], ["submit", "x.jsonl", "--journal"]])
def test_another_kind_of_database_is_refused(service, confirma, invoices, command):
    invoices(1, name="x.jsonl")
    code, _, output = confirma(*command, "mysql://u:secret@host/db")
    assert code == 2
    assert "mysql:// is neither" in output
    assert "secret" not in output
    assert not service.invoices()


def test_a_server_that_is_not_there_ends_the_job_before_anything_is_sent(
    service, confirma, invoices, unused_tcp_port
):
    url = f"postgresql://u:secret@127.0.0.1:{unused_tcp_port}/db"
    code, _, output = confirma("submit", invoices(1), "--journal", url)
    assert code != 0
    assert "cannot be reached" in output
    assert "secret" not in output
    assert not service.invoices()


def test_two_targets_on_one_journal_are_refused(service, confirma, submitted, postgres, in_database):
    with in_database() as connection:
        other = "UPDATE confirma_journal.meta SET value = 'https://b.example' WHERE name = 'target'"
        connection.execute(other)
    code, _, output = confirma("submit", submitted, "--journal", postgres, "--here")
    assert code != 0
    assert "belongs to https://b.example" in output


def test_the_embedded_sandbox_needs_a_file(confirma, invoices, postgres):
    code, _, output = confirma("submit", invoices(1), "--sandbox", "--journal", postgres, "--here")
    assert code == 2
    assert "--base-url" in output


@pytest.fixture
def looking(service, confirma, invoices, postgres, in_database, grants_to_look, plain_user):
    """The URL of a journal for a user who may only look; one invoice is sent, another one planned."""
    pytest.importorskip("procrastinate", reason="procrastinate is not installed")
    assert confirma("submit", invoices(1, name="sent.jsonl"), "--journal", postgres, "--here")[0] == 0
    assert confirma("submit", invoices(2, name="planned.jsonl"), "--journal", postgres, "--detach")[0] == 0
    with in_database() as connection:
        for grant in grants_to_look:
            connection.execute(grant)
    return as_user(postgres, plain_user)


@pytest.mark.parametrize("command", ["status", "jobs", "export --json", "report --html look.html"])
def test_who_may_only_look_sees_how_jobs_stand(confirma, looking, command):
    verbs, options = command.partition(" --")[::2]
    code, out, output = confirma(*verbs.split(), looking, *(f"--{options}".split() if options else ()))
    assert code in {0, 3}, output
    assert "permission denied" not in out + output


def test_who_may_only_look_does_not_see_what_invoices_say(confirma, looking):
    code, out, output = confirma("journal", "body", looking, "2")
    assert (code, out) == (3, "")
    assert "permission denied" in output
