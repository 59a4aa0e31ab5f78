import asyncio, json, os, random, re, shutil, signal, sqlite3, subprocess, sys, threading, time
from pathlib import Path
import pytest
from .conftest import KEY_A, KEY_B, KEY_C, wait_for
from .test_doubt import old, old_code

SETTLE = ("--settle", "0.1")


def test_full_disk_at_close(cli, service, write, tmp_path, start):
    disk = tmp_path / "disk"; disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=True)
    try:
        env = {"CONFIRMA_JOURNAL_DIR": str(disk)}
        assert cli("submit", write(*range(100, 400), name="first.jsonl"), *SETTLE, env=env).code == 0
        f = write(*range(1, 40))
        gate = threading.Event(); n = []
        def hold(d):
            n.append(d)
            if len(n) > 30: gate.wait(20)
        service.before_answer = hold
        job = start("submit", f, *SETTLE, "--max-in-flight", "4", env=env)
        wait_for(lambda: len(n) > 30)
        time.sleep(.3)
        filler = os.open(disk / "filler", os.O_WRONLY | os.O_CREAT)
        try:
            while os.write(filler, b"x" * 4096): pass
        except OSError: pass
        gate.set()
        print(job.communicate(), job.returncode)
        print(os.listdir(disk / "localhost/default"))
        os.close(filler); (disk / "filler").unlink()
        r = cli("submit", f, *SETTLE, env=env); print(r)
        assert not service.doubled
        assert r.code == 0
    finally:
        subprocess.run(["umount", "-l", disk])


def test_lost_list_does_not_let_a_foreign_key_in(cli, service, write, directories):
    f = write(1, 2, 3)
    assert cli("submit", f, *SETTLE, key=KEY_A).code == 0
    (directories / "accounts.json").unlink()
    r = cli("submit", f, *SETTLE, key=KEY_B); print(r, service.posts)
    assert r.code != 0 or set(service.numbers(KEY_B)) == {1, 2, 3}


def test_nothing_is_left_after_a_plain_job(cli, service, place, account):
    one = place / "one.xml"; one.write_text(Path("/work/shared/cases/03-jan.xml").read_text())
    assert cli("submit", one, "--number-from", 5, *SETTLE).code == 0
    print(os.listdir(account.parent))
    assert {p.name for p in account.parent.iterdir()} == {"account.journal", "account.journal.mark"}


def test_the_usual_port_is_no_other_account():
    from confirma_async.accounts import target_of
    from confirma_async.settings import check_base_url
    a, b = (target_of(check_base_url(u)) for u in ("https://integrations.confirmafinance.com", "https://integrations.confirmafinance.com:443"))
    assert a == b
    assert target_of(check_base_url("https://integrations.confirmafinance.com.")) == a


def test_kill_at_random_moments_of_the_first_job(cli, service, write, account, start):
    f = write(*range(1, 200))
    random.seed(5)
    for i in range(25):
        p = start("submit", f, *SETTLE, "--max-in-flight", "8")
        time.sleep(random.uniform(0.35, 1.1))
        p.send_signal(signal.SIGKILL); p.communicate()
    left = [x.name for x in account.parent.iterdir()] if account.parent.exists() else []
    print(left)
    r = cli("submit", f, *SETTLE); print(r)
    assert r.code == 0 and not service.doubled and len(service.numbers()) == 199


def test_creation_race(service, write, start, account):
    f = write(*range(1, 30))
    ps = [start("submit", f, *SETTLE) for _ in range(5)]
    for p in ps: out, err = p.communicate(); print(p.returncode, err[-300:]); assert "Traceback" not in err and p.returncode in (0, 2)
    assert not service.doubled and len(service.numbers()) == 29
    print(os.listdir(account.parent))


@pytest.mark.parametrize("kind", ["empty", "truncated", "text", "other", "fifo", "dir", "ours-empty"])
def test_strange_files(cli, service, write, account, kind):
    f = write(1, 2, 3)
    assert cli("submit", f, *SETTLE).code == 0
    data = account.read_bytes()
    account.unlink()
    if kind == "empty": account.touch()
    if kind == "truncated": account.write_bytes(data[: len(data) // 2])
    if kind == "text": account.write_text("hello" * 100)
    if kind == "other": sqlite3.connect(account).execute("create table x (y)")
    if kind == "fifo": os.mkfifo(account)
    if kind == "dir": account.mkdir()
    if kind == "ours-empty": c = sqlite3.connect(account); c.execute("pragma application_id = 0x434E464A"); c.execute("create table meta (name, value)"); c.execute("pragma user_version = 3"); c.commit(); c.close()
    for c in (("status",), ("jobs",), ("export",), ("journal", "verify"), ("journal", "backup", "bk"), ("submit", f, "--dry-run"), ("resolve", 1, "--is", "absent", "--because", "x"), ("journal", "trust", "--yes"), ("journal", "archive", "--before", "2030-01-01"), ("submit", f, *SETTLE)):
        r = cli(*c); print(c, r.code, r.err[:300])
        assert r.code != 0
    assert not service.doubled
    r = cli("journal", "set-aside", "--yes"); print(r)


def test_old_form_killed(cli, service, write, place, old, old_code):
    f = write(*range(1, 31))
    j = place / "own.journal"
    gate = threading.Event(); n = []
    def hold(d):
        n.append(d)
        if len(n) > 12: gate.wait(20)
    service.before_answer = hold
    script = old_code / "run.py"
    from .test_doubt import OLD
    script.write_text(OLD)
    p = subprocess.Popen([sys.executable, str(script), str(old_code), "submit", str(f), "--journal", str(j), "--max-in-flight", "3"], env=os.environ | {"PYTHONPATH": str(old_code)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: len(n) > 12); time.sleep(.3); p.kill(); p.communicate(); gate.set()
    service.before_answer = lambda d: None
    before = {x.name: x.read_bytes() for x in place.iterdir() if x.is_file() and not x.name.endswith("-shm")}
    for c in (("status", j), ("jobs", j), ("export", j), ("journal", "verify", j), ("report", j, "--html", "r.html"), ("submit", f, "--journal", j, "--dry-run")):
        r = cli(*c); print(c, r)
    after = {x.name: x.read_bytes() for x in place.iterdir() if x.is_file() and not x.name.endswith("-shm") and x.name != "r.html"}
    assert before == after
    r = cli("submit", f, "--journal", j, *SETTLE); print(r)
    assert r.code == 0 and not service.doubled and len(service.numbers()) == 30
    print(cli("status", j), cli("jobs", j))


def test_registry_race(service, write, start, directories):
    f = write(1)
    import uuid
    keys = [str(uuid.uuid4()) for _ in range(6)]
    ps = [start("submit", f, *SETTLE, f"--account=a{i}", key=k) for i, k in enumerate(keys)]
    for p in ps: print(p.communicate()[1][-200:], p.returncode)
    known = json.loads((directories / "accounts.json").read_text())["accounts"]["localhost"]
    assert sorted(known) == [f"a{i}" for i in range(6)]
    assert all(k["proved"] for k in known.values())
    assert all(len(k["keys"]) == 1 for k in known.values())


def test_commands_on_a_running_journal(cli, service, write, account, start, place):
    f = write(*range(1, 60))
    gate = threading.Event(); n = []
    def hold(d):
        n.append(d)
        if len(n) > 10: gate.wait(60)
    service.before_answer = hold
    job = start("submit", f, *SETTLE, "--max-in-flight", "2")
    wait_for(lambda: len(n) > 10); time.sleep(.3)
    for c in (("status",), ("jobs",), ("export",), ("journal", "verify"), ("journal", "backup", place / "bk"), ("submit", f, "--dry-run"), ("report", "--html", "r.html"), ("resolve", 11, "--is", "absent", "--because", "x"), ("journal", "trust", "--yes"), ("journal", "archive", "--before", "2030-01-01"), ("journal", "set-aside", "--yes"), ("submit", f, *SETTLE), ("retry", "--rejected")):
        r = cli(*c); print(c, r.code, r.out[-200:], r.err[:300])
    gate.set(); out, err = job.communicate(); print(out, err)
    assert job.returncode == 0 and not service.doubled
    bk = place / "bk"
    r = cli("submit", f, "--journal", bk, *SETTLE); print(r)
    assert not service.doubled


def test_readonly_filesystem(cli, service, write, account, tmp_path, directories, killed_job):
    f = write(*range(1, 31))
    killed_job(f, *SETTLE, after=12)
    ro = tmp_path / "ro"; ro.mkdir()
    subprocess.run(["mount", "--bind", directories, ro], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", ro], check=True)
    try:
        env = {"CONFIRMA_JOURNAL_DIR": str(ro)}
        for shm in (True, False):
            if not shm: account.with_name("account.journal-shm").unlink()
            for c in (("status",), ("jobs",), ("export",), ("journal", "verify"), ("journal", "backup", tmp_path / f"bk{shm}"), ("submit", f, "--dry-run"), ("submit", f, *SETTLE), ("journal", "trust", "--yes")):
                r = cli(*c, env=env); print(c, r.code, r.err[:300])
        assert not service.doubled
    finally:
        subprocess.run(["umount", "-l", ro])
