"""A journal that was put back, removed, or is of an older form."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from .conftest import SETTLE

ROOT = Path(__file__).parents[3]
OLD = "10d56a8"
RUN = "import sys; from confirma_async.cli.app import run; sys.exit(run(sys.argv[1:]))"


@pytest.fixture(scope="session")
def old_code(tmp_path_factory):
    folder = tmp_path_factory.mktemp("old")
    packed = subprocess.run(
        ["git", "-C", str(ROOT), "archive", OLD, "confirma_async"], capture_output=True, check=True
    )
    subprocess.run(["tar", "x", "-C", str(folder)], input=packed.stdout, check=True)
    return folder


@pytest.fixture
def old(old_code):
    """Runs the command line of the version whose journals lay beside their inputs."""

    def call(*arguments):
        done = subprocess.run(
            [sys.executable, "-c", RUN, *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": str(old_code)},
            cwd=old_code,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    return call


def test_an_older_form_put_back_after_its_migration_is_in_doubt(cli, write, service, place, old):
    journal, file = place / "own.journal", write(1, 2, 3)
    old("submit", file, "--journal", journal)
    shutil.copyfile(journal, place / "copy")
    more = write(*range(1, 11), name="more.jsonl")
    assert cli("submit", more, "--journal", journal, *SETTLE).code == 0
    shutil.copyfile(place / "copy", journal)
    cli("submit", more, "--journal", journal, *SETTLE)
    assert not service.doubled


def test_an_older_journal_beside_its_input_is_not_passed_over(cli, write, service, old):
    file = write(1, 2, 3)
    old("submit", file)
    cli("submit", file, *SETTLE)
    assert not service.doubled


def test_a_second_restore_while_in_doubt_is_seen(cli, write, service, account, place):
    file, first, second = write(1, 2), place / "first", place / "second"
    assert cli("submit", file, *SETTLE).code == 0
    cli("journal", "backup", first)
    shutil.copyfile(first, account)
    service.loses = {5}  # answers 500, and lists nothing
    more = write(1, 2, 5, name="more.jsonl")
    assert cli("submit", more, *SETTLE, "--on-unknown", "hold").code == 3
    service.loses = set()
    assert cli("resolve", 5, "--is", "absent", "--because", "they said so", "--settle", 0).code == 0
    cli("journal", "backup", second)
    assert cli("submit", more, *SETTLE).code == 0
    sent = service.numbers()[5]
    shutil.copyfile(second, account)
    cli("submit", more, *SETTLE)
    assert service.numbers()[5] == sent, "sent once more without a lookup"


def test_an_account_that_has_sent_misses_its_journal_without_marks(cli, write, service, account, tmp_path):
    """The folder of the journals lasts, the state directory does not: a container with one volume."""
    file = write(1, 2, 3)
    assert cli("submit", file, *SETTLE, env={"XDG_STATE_HOME": str(tmp_path / "one")}).code == 0
    shutil.rmtree(account.parent)
    cli("submit", file, *SETTLE, env={"XDG_STATE_HOME": str(tmp_path / "two")})
    assert not service.doubled


def test_what_is_listed_without_a_type_is_settled_by_one_command(cli, write, service, account, place):
    file, copy = write(1, 2, 3), place / "copy"
    assert cli("submit", write(1, name="first.jsonl"), *SETTLE).code == 0
    cli("journal", "backup", copy)
    assert cli("submit", file, *SETTLE).code == 0
    shutil.copyfile(copy, account)
    held = cli("submit", write(1, 2, 3, 4, name="more.jsonl"), *SETTLE)
    assert (held.code, service.numbers()) == (3, {1: 1, 2: 1, 3: 1})
    assert "names no type" in held.output
    said = ("--because", "one series of numbers")
    assert "--is accepted" in cli("resolve", "--listed", "--is", "absent", *said).output
    assert (
        "3 invoices"
        not in cli("resolve", "--listed", "--is", "accepted", "--type", "CREDIT_NOTE", *said).output
    )
    assert "2 invoices: accepted" in cli("resolve", "--listed", "--is", "accepted", *said).output
    assert cli("status").output.count("names no type") == 0
    assert cli("journal", "trust", "--yes").code == 0
    assert cli("submit", file, *SETTLE).code == 0
    assert service.numbers() == {1: 1, 2: 1, 3: 1}


def test_a_copy_of_a_running_job_is_in_doubt_before_a_person_touches_it(
    cli, write, service, account, place, start
):
    """What was claimed in it may have been sent since."""
    file, copy, arrived, copied = write(*range(1, 7)), place / "copy", threading.Event(), threading.Event()

    def hold(document):
        arrived.set()
        copied.wait(20)

    service.before_answer = hold
    process = start("submit", file, *SETTLE, "--concurrency", 1)
    assert arrived.wait(20)
    cli("journal", "backup", copy)
    copied.set()
    assert process.wait(30) == 0
    shutil.copyfile(copy, account)
    assert cli("resolve", 1, "--is", "accepted", "--because", "seen in the portal").code == 0
    cli("submit", file, *SETTLE)
    assert not service.doubled
