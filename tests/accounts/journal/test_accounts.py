"""Keys, accounts and their list."""

import re
import threading

import pytest

from confirma_async.accounts.folders import target_of
from confirma_async.settings import check_base_url

from .conftest import KEY_A, KEY_B, SETTLE, wait_for


def refused_or_sent(done, service, *numbers):
    """A foreign key sends its own invoices, or is refused; nothing is told accepted that never arrived."""
    assert done.code != 0 or set(service.numbers(KEY_B)) == {*numbers}


def test_a_foreign_key_does_not_enter_the_journal_of_a_first_job_that_was_killed(
    cli, write, service, killed_job
):
    file = write(*range(1, 21))
    killed_job(file, *SETTLE, "--concurrency", "4", key=KEY_A)
    sent = set(service.numbers())
    done = cli("submit", file, *SETTLE, key=KEY_B)
    refused_or_sent(done, service, *range(1, 21))
    assert not sent & set(service.numbers(KEY_B)) or set(service.numbers(KEY_B)) == set(range(1, 21))


def test_a_foreign_key_that_met_a_first_job_does_not_join_its_account(cli, write, service, start):
    gate = threading.Event()
    service.before_answer = lambda _: gate.wait(20)
    file = write(1, 2, 3)
    job = start("submit", file, *SETTLE, key=KEY_A)
    wait_for(lambda: service.posts)
    threading.Timer(3.0, gate.set).start()
    refused_or_sent(cli("submit", file, *SETTLE, key=KEY_B), service, 1, 2, 3)
    gate.set()
    job.communicate()
    refused_or_sent(cli("submit", file, *SETTLE, key=KEY_B), service, 1, 2, 3)


def test_a_key_that_sent_nothing_does_not_stay_with_anothers_account(cli, write, service):
    file = write(1, 2, 3)
    service.refused_keys.add(KEY_B)
    assert cli("submit", file, *SETTLE, key=KEY_B).code == 2
    assert cli("submit", file, *SETTLE, key=KEY_A).code == 0
    service.refused_keys.clear()
    refused_or_sent(cli("submit", file, *SETTLE, key=KEY_B), service, 1, 2, 3)


def test_a_lost_list_does_not_let_a_foreign_key_in(cli, write, service, directories):
    file = write(1, 2, 3)
    assert cli("submit", file, *SETTLE, key=KEY_A).code == 0
    (directories / "accounts.json").unlink()
    refused_or_sent(cli("submit", file, *SETTLE, key=KEY_B), service, 1, 2, 3)


def test_a_lost_list_doubles_nothing_of_an_account_with_a_name(cli, write, service, directories):
    file = write(1, 2, 3)
    assert cli("submit", file, *SETTLE, "--account", "acme").code == 0
    (directories / "accounts.json").unlink()
    cli("submit", file, *SETTLE)
    assert not service.doubled


@pytest.mark.parametrize(
    "content",
    [
        '{"version": 1}',
        '{"version": 1, "salt": "zz", "accounts": {}, "renewals": {}}',
        '{"version": 1, "salt": "00", "accounts": [], "renewals": {}}',
        '{"version": 1, "salt": "00", "accounts": {"localhost": {"default": {}}}, "renewals": {}}',
    ],
)
def test_a_damaged_list_is_a_sentence(cli, write, service, directories, content):
    file = write(1)
    assert cli("submit", file, *SETTLE).code == 0
    (directories / "accounts.json").write_text(content)
    for command in (("submit", file, *SETTLE), ("status",), ("journal", "list")):
        assert cli(*command).code == 2


def test_a_list_that_is_damaged_during_a_job_does_not_hide_what_came_of_it(
    cli, write, service, directories, start
):
    gate = threading.Event()
    service.before_answer = lambda _: gate.wait(20)
    job = start("submit", write(1, 2, 3), *SETTLE)
    wait_for(lambda: service.posts)
    (directories / "accounts.json").write_text("{")
    gate.set()
    out, _ = job.communicate()
    assert "Accepted" in out
    assert job.returncode == 0


def test_a_dry_run_after_a_mistyped_first_key(cli, write, service):
    file = write(1)
    service.refused_keys.add(KEY_B)
    assert cli("submit", file, *SETTLE, key=KEY_B).code == 2
    assert cli("submit", file, "--dry-run", key=KEY_A).code == 0  # the job itself asks nothing


def test_what_a_message_advises_for_a_new_key_of_an_own_journal_works(cli, write, service, place):
    file, journal = write(1), place / "own.journal"
    assert cli("submit", file, "--journal", journal, *SETTLE, key=KEY_A).code == 0
    output = cli("submit", file, "--journal", journal, *SETTLE, key=KEY_B)
    (name,) = re.findall(r"--account (account-\w+)", output.err)
    assert cli("submit", file, "--journal", journal, *SETTLE, "--account", name, key=KEY_B).code == 0
    assert cli("submit", file, "--journal", journal, *SETTLE, key=KEY_B).code == 0


def test_a_refused_key_changes_nothing_in_an_own_journal(cli, write, service, place):
    journal = place / "own.journal"
    assert cli("submit", write(1), "--journal", journal, *SETTLE, key=KEY_A).code == 0
    odd = write("A-1", name="odd.jsonl")
    assert cli("submit", odd, "--journal", journal, "--number-from", 100, *SETTLE, key=KEY_B).code == 2
    cli("submit", odd, "--journal", journal, "--number-from", 700, *SETTLE, key=KEY_A)
    assert 700 in service.numbers(), "the refused job has given the number 100 in A's journal"


@pytest.mark.parametrize("other", [":443", ".", ".:443"])
def test_one_service_is_one_target_however_its_url_is_written(other):
    host = "https://integrations.confirmafinance.com"
    assert target_of(check_base_url(host + other)) == target_of(check_base_url(host))


def test_a_relative_folder_of_journals_does_not_follow_the_user_about(cli, write, service, place):
    file = write(1, 2, 3)
    for folder in ("a", "b"):
        (place / folder).mkdir()
        cli("submit", file, *SETTLE, env={"CONFIRMA_JOURNAL_DIR": "journals"}, cwd=place / folder)
    assert not service.doubled


def test_status_before_anything_advises_nothing_that_leads_nowhere(cli, service):
    assert "--account NAME" not in cli("status").err
