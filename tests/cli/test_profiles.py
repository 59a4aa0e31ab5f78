"""``--profiles``: one command for the accounts of many creditors."""

import json
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from confirma_async.cli.app import run
from confirma_async.cli.commands.jobs.sending import following
from confirma_async.sandbox import Fault

SELLERS = {"oak": "0737546-2", "elm": "1927400-1"}


@pytest.fixture
def keys(service, monkeypatch):
    """The keys of two accounts of the service; its own is out of the way."""
    monkeypatch.delenv("CONFIRMA_API_KEY")
    return {name: service.add_client(name) for name in SELLERS}


@pytest.fixture
def profiles(keys, tmp_path):
    """Writes their profiles."""

    def write(*, journals=None, **otherwise):
        tables = []
        for name, seller in SELLERS.items():
            key = tmp_path / f"{name}.key"
            key.write_text(otherwise.get(name, keys[name]))
            key.chmod(0o600)
            tables.append(f'[{name}]\nkey_file = "{name}.key"\nsellers = ["{seller}"]\n')
            if journals:
                tables.append(f'journal = "{journals[name]}"\n')
        file = tmp_path / "profiles.toml"
        file.write_text("\n".join(tables))
        return file

    return write


@pytest.fixture
def mixed(wire_invoice, tmp_path):
    """Writes a file of invoices of these sellers, in turn."""

    def write(*sellers):
        invoices = [wire_invoice(n, seller={"businessId": seller}) for n, seller in enumerate(sellers, 1)]
        file = tmp_path / "mixed.jsonl"
        file.write_text("\n".join(json.dumps(invoice, default=float) for invoice in invoices))
        return file

    return write


BOTH = [SELLERS["oak"], SELLERS["elm"], SELLERS["oak"]]


def test_one_file_is_sent_for_every_seller(confirma_json, service, profiles, mixed):
    code, report = confirma_json("submit", mixed(*BOTH), "--profiles", profiles())
    assert code == 0
    assert {name: each["accepted"] for name, each in report["accounts"].items()} == {"oak": 2, "elm": 1}
    assert service.requests["invoices.create"] == 3


def test_people_are_told_account_by_account(confirma, profiles, mixed):
    code, out, _ = confirma("submit", mixed(*BOTH), "--profiles", profiles())
    assert code == 0
    assert "oak" in out
    assert "sends nothing twice" in out


def test_the_bar_counts_what_cannot_be_read_as_well(confirma, service, profiles, mixed):
    file = mixed(*BOTH)
    file.write_text(f"{file.read_text()}\nno invoice")
    code, _, err = confirma("submit", file, "--profiles", profiles())
    assert code == 1
    assert "4 of 4 invoices, " in " ".join(err.split())


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_an_unknown_seller_stops_the_whole_file(confirma, service, profiles, mixed, more):
    code, _, err = confirma("submit", mixed(*BOTH, "0201256-6"), "--profiles", profiles(), *more)
    assert code == 1
    assert "no profile names the seller 02012566; add it to the profile of its account" in err
    assert re.search(r"first at \S*mixed\.jsonl:4\)", err)
    assert not service.requests["invoices.create"]


def test_a_dry_run_sends_nothing(confirma, service, profiles, mixed):
    assert confirma("submit", mixed(*BOTH), "--profiles", profiles(), "--dry-run")[0] == 0
    assert not service.requests["invoices.create"]


def test_an_expired_key_pauses_its_account_alone(confirma, confirma_json, service, profiles, mixed):
    service.expire_token(client="elm")
    code, report = confirma_json("submit", mixed(*BOTH), "--profiles", profiles())
    assert code == 2
    assert {name: each["accepted"] for name, each in report["accounts"].items()} == {"oak": 2, "elm": 0}
    code, out, _ = confirma("submit", mixed(*BOTH), "--profiles", profiles())
    assert code == 2
    assert "elm: Paused: " in out
    assert "oak: Paused" not in out


def test_swapped_keys_are_refused_before_anything_is_sent(confirma, service, profiles, keys, mixed):
    confirma("submit", mixed(*BOTH), "--profiles", profiles())
    swapped = profiles(oak=keys["elm"], elm=keys["oak"])
    code, _, err = confirma("submit", mixed(*BOTH), "--profiles", swapped)
    assert code == 2
    assert "the key of the profile oak belongs to the account elm" in err
    assert service.requests["invoices.create"] == 3


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (("--sandbox",), "--sandbox"),
        (("--journal", "one.journal"), "--journal"),
        (("--number-from", "7"), "--number-from"),
        (("--account", "oak"), "--account"),
        (("--key-file", "oak.key"), "--key-file"),
    ],
)
def test_what_is_about_one_account_does_not_go_with_profiles(
    confirma, service, profiles, mixed, given, named
):
    code, _, err = confirma("submit", mixed(*BOTH), "--profiles", profiles(), *given)
    assert code == 2
    assert named in err
    assert not service.requests["invoices.create"]


def test_new_accounts_are_those_of_profiles(confirma, service, mixed):
    code, _, err = confirma("submit", mixed(*BOTH), "--new-accounts")
    assert code == 2
    assert "--profiles" in err


def test_a_file_that_is_no_profiles_is_a_sentence(confirma, service, mixed, tmp_path):
    (tmp_path / "profiles.toml").write_text("[oak]\nsellers = []")
    code, _, err = confirma("submit", mixed(*BOTH), "--profiles", tmp_path / "profiles.toml")
    assert code == 2
    assert "profiles.toml: oak: must hold either key_file or key_variable" in err


def test_a_key_file_that_is_gone_is_named_with_its_profile(confirma, service, profiles, mixed, tmp_path):
    file = profiles()
    (tmp_path / "elm.key").unlink()
    code, _, err = confirma("submit", mixed(*BOTH), "--profiles", file)
    assert code == 2
    assert "elm.key cannot be read" in err
    assert not service.requests["invoices.create"]


def test_the_mirror_follows_every_account(confirma_json, service, profiles, mixed, monkeypatch, tmp_path):
    file = profiles()
    confirma_json("submit", mixed(*BOTH), "--profiles", file)
    code, output = confirma_json("mirror", "sync", "--profiles", file, "--db", tmp_path / "mirror.db")
    assert code in {0, 3}
    assert {name: each["journal"] for name, each in output["accounts"].items()} == {"oak": 2, "elm": 1}
    service.expire_token(client="elm")
    code, output = confirma_json("mirror", "sync", "--profiles", file, "--db", tmp_path / "mirror.db")
    assert output["accounts"]["elm"]["stopped"]
    assert not output["accounts"]["oak"]["stopped"]
    assert code in {2, 3}


def test_the_mirror_of_profiles_reads_what_is_due(confirma, service, profiles):
    code, _, err = confirma("mirror", "sync", "--profiles", profiles(), "--from", "2026-01-01")
    assert code == 2
    assert "--from" in err


def test_stopped_by_ctrl_c_it_goes_on_where_it_was(service, profiles, mixed):
    service.faults.add(Fault.LATENCY, operation="invoices.create", times=None, seconds=0.1)
    command = [sys.executable, "-m", "confirma_async.cli", "submit", mixed(*BOTH * 60)]
    command += ["--profiles", profiles(), "--json"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 30
    while service.requests["invoices.create"] < 20 and time.monotonic() < until:
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130, err
    assert not json.loads(out)["complete"]
    done = subprocess.run(command, capture_output=True, check=False)
    accepted = {name: one["accepted"] for name, one in json.loads(done.stdout)["accounts"].items()}
    assert accepted == {"oak": 120, "elm": 60}
    assert service.requests["invoices.create"] == 180


@pytest.fixture
def databases(postgres_database):
    """The URLs of a database for each account."""
    pytest.importorskip("procrastinate", reason="procrastinate is not installed")
    import psycopg

    urls = {}
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        for name in SELLERS:
            own = f"{connection.info.dbname}_{name}"
            connection.execute(f"CREATE DATABASE {own}")
            urls[name] = postgres_database.replace(f"/{connection.info.dbname}?", f"/{own}?")
        yield urls
        for name in SELLERS:
            connection.execute(f"DROP DATABASE {connection.info.dbname}_{name} WITH (FORCE)")


def test_one_worker_sends_for_every_account_from_its_own_database(
    confirma, confirma_json, service, profiles, mixed, databases, keys
):
    file = profiles(journals=databases)
    code, planned = confirma_json("submit", mixed(*BOTH), "--profiles", file, "--detach")
    assert code == 0
    assert {name: each["planned"] for name, each in planned["accounts"].items()} == {"oak": 2, "elm": 1}
    assert not service.invoices()
    code, ended = confirma_json("worker", "--profiles", file, "--until-empty")
    assert code == 0
    assert {name: each["accepted"] for name, each in ended["accounts"].items()} == {"oak": 2, "elm": 1}
    assert sorted(invoice.number for invoice in service.invoices()) == [1, 2, 3]
    code, out, _ = confirma("submit", mixed(*BOTH), "--profiles", file, "--detach")
    assert code == 0
    rows = [[cell.strip() for cell in re.split("[│┃]", line)[1:-1]] for line in out.splitlines()]
    assert rows[2][:3] == ["Account", "Planned for workers", "Decided in an earlier run"]
    assert ["oak", "0", "2"] in [row[:3] for row in rows]


def test_what_is_refused_of_each_account_is_told_with_its_place(
    confirma_json, profiles, mixed, databases, wire_invoice
):
    file, others = mixed(*BOTH), profiles(journals=databases)
    assert confirma_json("submit", file, "--profiles", others, "--detach")[0] == 0
    assert confirma_json("worker", "--profiles", others, "--until-empty")[0] == 0
    changed = wire_invoice(1, seller={"businessId": SELLERS["oak"]}, header={"dueDate": "2026-11-20"})
    file.write_text(json.dumps(changed, default=float))
    code, output = confirma_json("submit", file, "--profiles", others, "--detach")
    assert code == 1
    (bad,) = output["accounts"]["oak"]["refusals"]
    assert (bad["place"].endswith("mixed.jsonl:1"), bad["number"]) == (True, "1")
    assert bad["detail"]


def test_a_key_that_is_refused_stops_the_worker_of_its_account_alone(
    confirma, service, profiles, mixed, databases
):
    file = profiles(journals=databases)
    assert confirma("submit", mixed(*BOTH), "--profiles", file, "--detach")[0] == 0
    file = profiles(journals=databases, elm="0f8fad5b-d9cb-469f-a165-70867728950e")
    code, _, output = confirma("worker", "--profiles", file, "--until-empty")
    assert code == 2
    assert "oak: 2 accepted" in output
    assert "elm: 0 accepted" in output
    assert "did not accept the API key" in " ".join(output.split())
    assert len(service.invoices()) == 2


def test_a_database_that_is_away_stops_the_worker_of_its_account_alone(
    confirma, service, profiles, mixed, databases
):
    assert confirma("submit", mixed(*BOTH), "--profiles", profiles(journals=databases), "--detach")[0] == 0
    away = {**databases, "elm": "postgresql://nobody@127.0.0.1:1/none"}
    code, _, output = confirma("worker", "--profiles", profiles(journals=away), "--until-empty")
    assert code == 3
    assert "oak: 2 accepted" in output
    assert "elm: Failed: the journal postgresql://127.0.0.1:1/none: the server cannot be reached" in " ".join(
        output.split()
    )
    assert len(service.invoices()) == 2


def test_a_database_that_is_away_leaves_the_invoices_of_its_account_alone_unplanned(
    confirma_json, service, profiles, mixed, databases
):
    away = {**databases, "elm": "postgresql://nobody@127.0.0.1:1/none"}
    code, output = confirma_json("submit", mixed(*BOTH), "--profiles", profiles(journals=away), "--detach")
    assert code == 3
    assert output["accounts"]["oak"]["planned"] == 2
    assert "the server cannot be reached" in output["failed"]["elm"]
    assert not service.invoices()


def test_accounts_with_and_without_a_database_are_sent_together_from_here_alone(
    confirma, service, profiles, mixed, databases, tmp_path
):
    file = profiles(journals={**databases, "elm": tmp_path / "elm.journal"})
    code, _, output = confirma("submit", mixed(*BOTH), "--profiles", file)
    assert code == 2
    assert "some have none" in " ".join(output.split())
    assert not service.invoices()
    assert confirma("submit", mixed(*BOTH), "--profiles", file, "--here")[0] == 0
    assert len(service.invoices()) == 3


def test_workers_of_profiles_need_a_database_for_each(confirma, profiles, mixed, service):
    for words, said in (
        (("worker",), "the profile oak: its workers share a journal in a PostgreSQL database of its own"),
        (("submit", mixed(*BOTH), "--detach"), "postgresql://HOST/DATABASE, or in each profile"),
    ):
        code, _, output = confirma(*words, "--profiles", profiles())
        assert code == 2
        assert said in " ".join(output.split())


def test_a_journal_is_refused_beside_profiles_of_workers(confirma, profiles):
    code, _, output = confirma("worker", "postgresql://h/d", "--profiles", profiles())
    assert code == 2
    assert "--profiles names many" in output


@pytest.fixture
def work_beside(monkeypatch):
    """Has workers of profiles begin once another command waits for them; yields a function that ends this."""
    began, codes = threading.Event(), []
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.05)
    real = following._look

    def look(run):
        began.set()
        return real(run)

    monkeypatch.setattr(following, "_look", look)

    def begin(file):
        def work():
            began.wait(20)
            codes.append(run(["worker", "--profiles", str(file), "--until-empty"]))

        thread = threading.Thread(target=work)
        thread.start()

        def end():
            thread.join()
            return codes

        return end

    return begin


def test_a_command_waits_until_workers_have_sent_what_is_every_accounts(
    confirma, confirma_json, service, profiles, mixed, databases, work_beside
):
    file = profiles(journals=databases)
    end = work_beside(file)
    code, output = confirma_json("submit", mixed(*BOTH), "--profiles", file)
    assert (code, end()) == (0, [0])
    accepted = {name: each["counts"]["accepted"] for name, each in output["accounts"].items()}
    assert accepted == {"oak": 2, "elm": 1}
    assert (output["refused"], output["failed"]) == (0, {})
    assert len(service.invoices()) == 3
    code, out, _ = confirma("submit", mixed(*BOTH), "--profiles", file)
    assert code == 0  # all is decided, so that nobody is waited for
    rows = [line.split() for line in out.splitlines()]
    assert ["oak", "2"] in [[row[1], row[3]] for row in rows if len(row) > 4]
    assert len(service.invoices()) == 3


def test_what_the_service_rejects_is_named_with_its_account_once_workers_have_sent_it(
    confirma, service, profiles, mixed, databases, work_beside
):
    file = profiles(journals=databases)
    service.faults.add(Fault.REFUSAL, operation="invoices.create", status=400, times=1)
    end = work_beside(file)
    code, out, _ = confirma("submit", mixed(*BOTH), "--profiles", file)
    assert (code, end()) == (1, [0])
    assert re.search(r"^Account (oak|elm):\nRejected by the service$", out, re.MULTILINE)
    assert len(service.invoices()) == 2
