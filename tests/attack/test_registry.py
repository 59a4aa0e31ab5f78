from .conftest import KEY_A, KEY_B, wait_for
import shutil, json, os

SETTLE = ("--settle", "0.1")


def test_a_first_job_that_was_killed_binds_its_account_to_its_key(cli, write, service, killed_job):
    f = write(*range(1, 21))
    killed_job(f, *SETTLE, "--max-in-flight", "4", key=KEY_A)
    done = cli("submit", f, *SETTLE, key=KEY_B)
    print(done, service.posts)
    both = set(service.numbers(KEY_A)) & set(service.numbers(KEY_B))
    jobs = cli("jobs", "--json", key=KEY_A)
    print(jobs)
    assert not (both and 0), both
    assert json.loads(jobs.out)["runs"].__len__() == 1, "the job of B went into A's journal"


def test_a_key_that_waited_for_anothers_first_job_does_not_join_its_account(cli, write, service, start):
    import threading
    gate = threading.Event()
    service.before_answer = lambda d: gate.wait(20)
    f = write(*range(1, 5))
    job = start("submit", f, *SETTLE, key=KEY_A)
    wait_for(lambda: service.posts)
    busy = cli("submit", f, *SETTLE, key=KEY_B)
    print(busy)
    gate.set()
    job.communicate()
    done = cli("submit", f, *SETTLE, key=KEY_B)
    print(done)
    print(service.posts)
    # B's own invoices of the same numbers never arrive: told accepted
    assert set(service.numbers(KEY_B)) == {1, 2, 3, 4} or done.code != 0


def test_lost_registry(cli, write, service, directories):
    f = write(*range(1, 5))
    cli("submit", f, *SETTLE, "--account", "acme")
    (directories / "accounts.json").unlink()
    done = cli("submit", f, *SETTLE)
    print(done)
    assert not service.doubled
