"""The file: lost parts, full disks, unusable marks, looks that hold it."""
import hashlib, json, os, shutil, signal, sqlite3, subprocess, sys, threading, time
from pathlib import Path
import pytest
from .conftest import KEY_A, KEY_B, KEY_C, wait_for

SETTLE = ("--settle", "0.1")


def test_mark_that_cannot_be_written_does_not_spoil_the_journal(cli, service, write, account):
    f = write(1, 2, 3)
    assert cli("submit", f, *SETTLE).code == 0
    mark = account.with_name("account.journal.mark")
    kept = mark.read_bytes(); mark.unlink(); mark.mkdir()
    r = cli("submit", f, *SETTLE); print(r); assert r.code != 0
    mark.rmdir(); mark.write_bytes(kept)
    r = cli("submit", f, *SETTLE); print(r)
    assert r.code == 0, "the refused job has spoilt the journal"


def test_full_disk_then_room_goes_on(cli, service, write, tmp_path):
    disk = tmp_path / "disk"; disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", disk], check=True)
    try:
        env = {"CONFIRMA_JOURNAL_DIR": str(disk)}
        f = write(*range(1, 1200))
        r = cli("submit", f, *SETTLE, env=env); print(r)
        print(os.listdir(disk / "localhost/default"))
        subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
        r = cli("status", env=env); print(r)
        r = cli("submit", f, *SETTLE, env=env); print(r)
        assert not service.doubled
        assert r.code == 0
        assert len(service.numbers()) == 1199
    finally:
        subprocess.run(["umount", "-l", disk])


def test_full_disk_at_close(cli, service, write, tmp_path, start):
    disk = tmp_path / "disk"; disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=True)
    try:
        env = {"CONFIRMA_JOURNAL_DIR": str(disk)}
        f = write(*range(1, 30))
        gate = threading.Event(); n = []
        def hold(d):
            n.append(d)
            if len(n) > 25: gate.wait(20)
        service.before_answer = hold
        job = start("submit", f, *SETTLE, env=env)
        wait_for(lambda: len(n) > 25)
        time.sleep(.3)
        with open(disk / "filler", "wb") as fill:
            try:
                while True: fill.write(b"x" * 4096); fill.flush()
            except OSError: pass
        gate.set()
        print(job.communicate(), job.returncode)
        print(os.listdir(disk / "localhost/default"))
        (disk / "filler").unlink()
        r = cli("submit", f, *SETTLE, env=env); print(r)
        assert not service.doubled
        assert r.code == 0
    finally:
        subprocess.run(["umount", "-l", disk])


def test_looks_do_not_say_that_nothing_was_sent_where_the_journal_is_gone(cli, service, write, account):
    f = write(1, 2, 3)
    assert cli("submit", f, *SETTLE).code == 0
    account.unlink()
    told = {c: cli(*c.split()) for c in ("status", "jobs", "export", "journal verify")}
    told["dry"] = cli("submit", f, "--dry-run")
    for c, r in told.items(): print(c, r)
    assert "nothing has been sent yet" not in told["status"].told
    assert "no run yet" not in told["jobs"].told
    assert told["dry"].code != 0


def test_a_reader_at_rest_is_named_as_a_reader(cli, service, write, account):
    f = write(1, 2, 3)
    assert cli("submit", f, *SETTLE).code == 0
    import fcntl
    d = os.open(account, os.O_RDONLY); fcntl.flock(d, fcntl.LOCK_SH)  # as an export in a pager holds it
    r = cli("submit", f, *SETTLE); print(r)
    os.close(d)
    assert "another job" not in r.told
    assert r.code == 3


def test_many_looks_do_not_keep_a_job_from_starting(cli, service, write, account):
    f = write(*range(1, 300))
    assert cli("submit", f, *SETTLE).code == 0
    code = """
import sys, time
from pathlib import Path
from confirma_async.bulk.sqlite.journal import reading
end = time.monotonic() + 12
while time.monotonic() < end:
    try:
        with reading(Path(sys.argv[1])) as j: list(j.rows())
    except Exception as e: print(e)
"""
    loops = [subprocess.Popen([sys.executable, "-c", code, str(account)]) for _ in range(4)]
    time.sleep(2)
    r = cli("submit", f, *SETTLE); print(r)
    for l in loops: l.kill(); l.wait()
    assert r.code == 0


def test_two_set_asides_in_one_second_keep_both(cli, service, write, account):
    import datetime
    from confirma_async.bulk.sqlite.keeping import set_aside
    now = datetime.datetime.now(datetime.UTC)
    f = write(1, 2, 3)
    assert cli("submit", f, *SETTLE).code == 0
    set_aside(account, now)
    assert cli("submit", f, *SETTLE).code == 0
    set_aside(account, now)
    kept = [p.name for p in account.parent.iterdir()]
    print(kept)
    assert len(kept) == 2


def test_set_aside_of_a_link_keeps_the_log_with_its_journal(cli, service, write, place, killed_job):
    real = place / "real"; real.mkdir()
    f = write(*range(1, 20))
    link = place / "own.journal"
    link.symlink_to(real / "kept.journal")
    killed_job(f, "--journal", link, *SETTLE)
    print(os.listdir(real))
    r = cli("journal", "set-aside", link, "--yes", "--confirm", "own.journal"); print(r)
    print(os.listdir(real), os.listdir(place))
    kept = next(p for p in place.iterdir() if "set-aside" in p.name and not p.name.endswith(("-wal", "-shm")))
    r = cli("status", kept); print(r)
    assert r.code != 2


def test_a_foreign_key_changes_nothing_in_anothers_journal(cli, service, write, place):
    j = place / "own.journal"
    f = write(1, 2, 3)
    assert cli("submit", f, "--journal", j, *SETTLE, key=KEY_A).code == 0
    one = place / "one.xml"; one.write_text(Path("/work/shared/cases/03-jan.xml").read_text())
    before = sqlite3.connect(f"file:{j}?mode=ro&immutable=1", uri=True).execute("select * from numbered").fetchall()
    r = cli("submit", one, "--journal", j, "--number-from", 100, *SETTLE, key=KEY_B); print(r)
    assert r.code == 2
    after = sqlite3.connect(f"file:{j}?mode=ro&immutable=1", uri=True).execute("select * from numbered").fetchall()
    assert after == before


def test_the_advice_for_a_new_key_on_an_own_journal_works(cli, service, write, place):
    j = place / "own.journal"
    f = write(1, 2, 3)
    assert cli("submit", f, "--journal", j, *SETTLE, key=KEY_A).code == 0
    r = cli("submit", f, "--journal", j, *SETTLE, key=KEY_B); print(r); assert r.code == 2
    for more in (("--account", "default"), ("--account", "acme"), ("--new-account", "acme")):
        r = cli("submit", f, "--journal", j, *SETTLE, *more, key=KEY_B); print(r)
        if r.code == 0: return
    raise AssertionError("no way that the message names lets the new key in")


@pytest.mark.parametrize("content", ['{"version": 1}', '{"version": 1, "salt": "zz", "accounts": {}, "renewals": {}}',
    '{"version": 1, "salt": "00", "accounts": [], "renewals": {}}', '{"version": 1, "salt": "00", "accounts": {"localhost": {"default": {}}}, "renewals": {}}', "", "[]"])
def test_a_damaged_list_of_accounts_is_a_sentence(cli, service, write, directories, content):
    f = write(1, 2, 3)
    assert cli("submit", f, *SETTLE).code == 0
    (directories / "accounts.json").write_text(content)
    for c in (("submit", f, *SETTLE), ("status",), ("journal", "list")):
        r = cli(*c); print(r)
        assert r.code == 2


def test_resolved_items_count_in_their_run(cli, service, write):
    service.answer_post = lambda d: (500, {"message": "x"}) if d[3] > 1 else (200, {"status": "ACCEPTED"})
    service_lists = service.documents
    f = write(1, 2, 3)
    import collections
    r = cli("submit", f, *SETTLE, "--unknown", "hold"); print(r)
    s = cli("status", "--json"); print(s)
