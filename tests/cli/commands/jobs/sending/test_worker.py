"""``submit`` over a database that workers share, ``worker`` and what ``status`` says of them."""

import json
import re
import threading

import pytest

pytest.importorskip("procrastinate", reason="procrastinate is not installed")

from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.machines.planned_journal import open_planned
from confirma_async.cli.commands.jobs.sending import following
from confirma_async.sandbox import Fault
from tests.plugins.postgres import as_user

pytestmark = pytest.mark.usefixtures("quick_fingerprints")


@pytest.fixture
def planned(service, confirma_json, invoices, postgres):
    """Plans a file of three invoices."""
    code, output = confirma_json("submit", invoices(1, 2, 3), "--journal", postgres, "--detach")
    assert code == 0, output
    return output


def test_what_is_detached_is_planned_and_not_sent(service, planned, confirma_json, postgres):
    assert (planned["planned"], planned["known"], planned["refused"], planned["run"]) == (3, 0, 0, 1)
    assert not service.invoices()
    code, status = confirma_json("status", postgres)
    assert (code, status["counts"]["pending"]) == (3, 3)
    assert status["ending"] is None or status["ending"] == "planned for workers"


def test_a_worker_sends_it_and_the_run_that_planned_it_is_done(service, planned, confirma_json, postgres):
    code, output = confirma_json("worker", postgres, "--until-empty", "--rate", "1000")
    assert (code, output["accepted"], output["rejected"], output["chunks"]) == (0, 3, 0, 1)
    assert sorted(invoice.number for invoice in service.invoices()) == [1, 2, 3]
    (run,) = confirma_json("jobs", postgres)[1]["runs"]
    assert (run["run"], run["accepted"], run["ending"]) == (1, 3, "sent by workers")
    assert confirma_json("status", postgres)[0] == 0


def test_a_worker_tells_people_what_it_did(planned, confirma, postgres):
    code, _, output = confirma("worker", postgres, "--until-empty")
    assert code == 0
    assert "3 accepted, 0 rejected by this worker" in output


def test_planning_again_plans_nothing_that_is_queued_or_decided(
    planned, confirma, confirma_json, invoices, postgres
):
    confirma("worker", postgres, "--until-empty")
    code, out, _ = confirma("submit", invoices(1, 2, 3, 4), "--journal", postgres, "--detach")
    assert code == 0
    assert re.search(r"Planned for workers +│ +1 │", out)
    assert re.search(r"Decided in an earlier run +│ +3 │", out)


def test_waiting_for_workers_shows_what_became_of_all(
    service, confirma, confirma_json, invoices, postgres, monkeypatch
):
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.05)
    begun = threading.Event()
    real = following._look

    def look(run):
        begun.set()
        return real(run)

    monkeypatch.setattr(following, "_look", look)
    codes = []

    def work():
        from confirma_async.cli.app import run

        begun.wait(20)
        codes.append(run(["worker", postgres, "--until-empty"]))

    thread = threading.Thread(target=work)
    thread.start()
    code, out, _ = confirma("submit", invoices(1, 2), "--journal", postgres)
    thread.join()
    assert (code, codes) == (0, [0])
    assert "Accepted" in out
    assert len(service.invoices()) == 2


def test_whoever_waits_is_told_that_another_job_has_taken_the_invoices_up(
    service, confirma, confirma_json, invoices, postgres, monkeypatch
):
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.05)
    real, file = following._look, invoices(1, 2)
    codes: list[int] = []

    def look(run):
        if not codes:
            from confirma_async.cli.app import run as again

            codes.append(again(["submit", str(file), "--journal", postgres, "--detach"]))
        return real(run)

    monkeypatch.setattr(following, "_look", look)
    code, _, output = confirma("submit", file, "--journal", postgres)
    assert (code, codes) == (3, [0])
    assert "Invoices that do not count for run 1 any more: 2." in " ".join(output.split())
    assert not service.invoices()


def test_whoever_waits_is_told_of_invoices_that_another_worker_has_in_its_hands(
    service, planned, confirma, invoices, postgres
):
    other = open_planned(postgres)
    with other.transaction():
        run = other.runs.begin(JobName(service.url), now=9e9)
        other.become_worker(run, "there:2:b")
        assert len(other.take(1)) == 3
    code, _, output = confirma("submit", invoices(1, 2, 3), "--journal", postgres)
    other.close()
    assert code == 3
    assert "in the hands of another run when run 3 was planned: 3." in " ".join(output.split())
    assert not service.invoices()


def test_what_was_rejected_is_planned_for_workers_when_it_is_retried(
    service, planned, confirma, confirma_json, invoices, postgres
):
    service.faults.add(Fault.REFUSAL, operation="invoices.create", status=400, times=1)
    confirma("worker", postgres, "--until-empty")
    assert len(service.invoices()) == 2
    code, output = confirma_json("retry", postgres, "--unchanged", "--detach")
    assert (code, output["planned"], output["known"]) == (0, 1, 2)
    assert confirma("worker", postgres, "--until-empty")[0] == 0
    assert sorted(invoice.number for invoice in service.invoices()) == [1, 2, 3]


def test_a_worker_takes_as_many_at_a_time_as_the_plan_has_said(
    service, confirma, confirma_json, invoices, postgres
):
    file = invoices(1, 2, 3, 4, 5)
    assert confirma("submit", file, "--journal", postgres, "--detach", "--chunk-size", "2")[0] == 0
    assert confirma_json("worker", postgres, "--until-empty")[1]["chunks"] == 3


def test_what_was_planned_can_be_sent_from_here_and_workers_send_none_of_it_again(
    service, planned, confirma, confirma_json, invoices, postgres
):
    code, report = confirma_json("submit", invoices(1, 2, 3), "--journal", postgres, "--here")
    assert (code, report["accepted"]) == (0, 3)
    code, output = confirma_json("worker", postgres, "--until-empty")
    assert (code, output["accepted"]) == (0, 0)
    assert len(service.invoices()) == 3


@pytest.mark.parametrize("words", [("--detach",), ("--keep-bodies", "30"), ("--chunk-size", "20")])
def test_what_is_sent_from_here_is_not_planned_for_workers(service, confirma, invoices, postgres, words):
    code, _, output = confirma("submit", invoices(1), "--journal", postgres, "--here", *words)
    assert code == 2
    assert "about workers" in " ".join(output.split())
    assert not service.invoices()


def test_status_names_the_workers_that_live_and_those_that_died(
    service, planned, confirma, confirma_json, postgres, in_database
):
    journals = []
    for name in ("here:1:a", "there:2:b"):
        journals.append(open_planned(postgres))
        with journals[-1].transaction():
            run = journals[-1].runs.begin(JobName(service.url), now=9e9)
            journals[-1].become_worker(run, name)
    with in_database() as connection:
        connection.execute("UPDATE confirma_journal.run SET lease_until = now() WHERE worker = 'here:1:a'")
    _, status = confirma_json("status", postgres)
    assert [(one["name"], one["alive"]) for one in status["workers"]] == [
        ("here:1:a", False),
        ("there:2:b", True),
    ]
    _, out, _ = confirma("status", postgres)
    assert "Worker there:2:b: alive, 0 in hand" in out
    assert "Worker here:1:a: dead" in out
    for journal in journals:
        journal.close()


def test_records_that_are_refused_are_named_and_say_so_by_the_exit_code(
    service, confirma, invoices, postgres
):
    file = invoices(1, 1)
    code, out, _ = confirma("submit", file, "--journal", postgres, "--detach")
    assert code == 1
    assert re.search(r"Refused before sending +│ +2 │", out)
    assert "Planned for workers" not in out
    assert "invoices.jsonl" in out


@pytest.mark.parametrize("flag", [("--detach",), ("--keep-bodies", "30"), ("--chunk-size", "20")])
@pytest.mark.parametrize("journal", [(), ("--journal", "own.journal"), ("--sandbox",)])
def test_workers_need_a_database(service, confirma, invoices, flag, journal):
    code, _, output = confirma("submit", invoices(1), *flag, *journal)
    assert code == 2
    assert "postgresql://" in output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("own.journal",), "is a file"),
        (("redis://host/0",), "redis:// is neither"),
        ((), "Missing argument"),
        (("postgresql://nobody@127.0.0.1:1/none",), "cannot be reached"),
    ],
)
def test_a_worker_says_what_it_cannot_work_with(service, confirma, arguments, said):
    code, _, output = confirma("worker", *arguments)
    assert code in {2, 3}
    assert said in output


def test_a_worker_whose_key_is_of_another_account_sends_nothing(
    service, planned, confirma, postgres, monkeypatch
):
    monkeypatch.setenv("CONFIRMA_API_KEY", service.add_client("other"))
    code, _, output = confirma("worker", postgres, "--until-empty")
    assert code == 2
    assert "the key of this job is not known to be of that account" in " ".join(output.split())
    assert "planned in another database" in " ".join(output.split())
    assert not service.invoices()


def test_what_was_sent_can_be_read_for_as_long_as_it_is_kept(service, confirma, invoices, postgres):
    code, _, _ = confirma("submit", invoices(1, 2), "--journal", postgres, "--detach", "--keep-bodies", "30")
    assert code == 0
    assert confirma("worker", postgres, "--until-empty")[0] == 0
    code, out, _ = confirma("journal", "body", postgres, "2")
    assert code == 0
    assert json.loads(out)["invoice"]["header"]["number"] == 2
    code, _, output = confirma("journal", "body", postgres, "3")
    assert code == 2
    assert "no body of invoice 3 is kept" in output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("submit", "f.jsonl", "--keep-bodies", "30"), "about workers"),
        (("journal", "body", "own.journal", "1"), "there is no journal"),
    ],
)
def test_bodies_are_kept_in_a_database_alone(service, confirma, invoices, words, said):
    invoices(1, name="f.jsonl")
    code, _, output = confirma(*words)
    assert code == 2
    assert said in output


# --- rights that are missing ------------------------------------------------------------------------

JOURNAL, QUEUE = "confirma_journal", "confirma_queue"
RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
TABLES = [f"{right} ON ALL TABLES IN SCHEMA {schema}" for schema in (JOURNAL, QUEUE) for right in RIGHTS]
OTHERS = [
    f"USAGE ON SCHEMA {JOURNAL}",
    f"USAGE ON SCHEMA {QUEUE}",
    f"USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {JOURNAL}",
]


@pytest.fixture
def least(postgres, planned, plain_user, least_grants, in_database):
    """The URL of a user who has the least grants, and what takes one of them away."""

    def grant():
        with in_database() as connection:
            for each in least_grants:
                connection.execute(each)

    def revoke(right):
        grant()
        with in_database() as connection:
            connection.execute(f"REVOKE {right} FROM {plain_user}")

    grant()
    return as_user(postgres, plain_user), revoke, grant


@pytest.mark.parametrize("right", [*TABLES, *OTHERS])
def test_a_worker_that_lacks_a_right_says_so_and_sends_nothing(service, least, confirma, right):
    url, revoke, grant = least
    revoke(right)
    code, _, output = confirma("worker", url, "--until-empty")
    assert code == 3
    assert "permission denied for" in output
    assert "grant its role what the docs list" in " ".join(output.split())
    assert not service.requests["invoices.create"]
    grant()
    assert confirma("worker", url, "--until-empty")[0] == 0
    assert len(service.invoices()) == 3


@pytest.mark.parametrize("right", [f"USAGE ON SCHEMA {QUEUE}", f"INSERT ON ALL TABLES IN SCHEMA {QUEUE}"])
def test_a_plan_that_lacks_a_right_says_so_and_leaves_nothing(least, confirma, invoices, in_database, right):
    url, revoke, _ = least
    revoke(right)
    code, _, output = confirma("submit", invoices(7, name="7.jsonl"), "--journal", url, "--detach")
    assert code in {2, 3}
    assert "grant its role" in " ".join(output.split())
    with in_database() as connection:
        (count,) = connection.execute("SELECT count(*) FROM confirma_journal.item").fetchone()
    assert count == 3
