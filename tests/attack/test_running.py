"""The journal under a running or killed job: deleted, replaced, written over, half checkpointed, parts lost."""
import json, os, re, shutil, signal, sqlite3, struct, subprocess, sys, threading, time
from pathlib import Path
import pytest
from .conftest import KEY_A, KEY_B, KEY_C, wait_for

SETTLE = ("--settle", "0.1")
LOOKS = (("status",), ("jobs",), ("export",), ("journal", "verify"), ("journal", "list"), ("report", "--html", "r.html"))


def snapshot(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file() and not p.name.endswith("-shm") }


def test_a_checkpoint_that_was_cut_off_is_no_damage(cli, service, write, account, killed_job):
    f = write(*range(1, 300))
    killed_job(f, *SETTLE, after=150)
    log = account.with_name("account.journal-wal").read_bytes()
    salts, latest = log[16:24], None
    for at in range(32, len(log) - 4119, 4120):
        page, committed = struct.unpack_from(">II", log, at)
        if log[at + 8 : at + 16] == salts and page == 1: latest = log[at + 24 : at + 4120]
    assert latest is not None
    with account.open("r+b") as main: main.write(latest)  # the first page that a checkpoint moves; then the kill
    for c in LOOKS: print(c, r := cli(*c)); 
    r = cli("status"); print(r); 
    s = cli("submit", f, *SETTLE); print(s)
    assert "damaged" not in r.told + s.told
    assert not service.doubled and s.code == 0


@pytest.mark.parametrize("how", ["delete", "copy", "wal", "folder", "inplace"])
def test_gone_while_running(cli, service, write, account, start, how, place):
    f = write(*range(1, 41))
    first = write(100, name="first.jsonl")
    assert cli("submit", first, *SETTLE).code == 0
    shutil.copyfile(account, place / "early")
    gate = threading.Event(); n = []
    def hold(d):
        n.append(d)
        if len(n) > 20: gate.wait(20)
    service.before_answer = hold
    job = start("submit", f, *SETTLE, "--max-in-flight", "4")
    wait_for(lambda: len(n) > 20); time.sleep(.3)
    log = account.with_name("account.journal-wal")
    if how == "delete": account.unlink()
    if how == "copy": shutil.copyfile(account, place / "c"); os.replace(place / "c", account)
    if how == "wal": log.unlink()
    if how == "folder": shutil.rmtree(account.parent)
    if how == "inplace": shutil.copyfile(place / "early", account)
    gate.set()
    out, err = job.communicate(); print(out, err, job.returncode)
    service.before_answer = lambda d: None
    print(os.listdir(account.parent) if account.parent.exists() else None)
    if how != "inplace":
        assert job.returncode == 5
    r = cli("submit", f, *SETTLE); print("again", r)
    assert not service.doubled
    m = re.search(r"in (\S+rescued-\S+?):", err)
    if m:
        account.parent.mkdir(exist_ok=True)
        os.replace(m[1], account)
        print(os.listdir(account.parent))
        v = cli("journal", "verify"); print(v)
        r = cli("submit", f, *SETTLE); print("rescued", r)
        assert r.code == 0
    print(service.numbers())
    assert not service.doubled
    assert len(service.numbers()) == 41 or r.code != 0


PARTS = {"wal": ["account.journal-wal"], "shm": ["account.journal-shm"], "walshm": ["account.journal-wal", "account.journal-shm"], "main": ["account.journal"], "mark": ["account.journal.mark"], "allmarks": ["account.journal.mark", "STATE"], "none": []}

@pytest.mark.parametrize("part", PARTS)
def test_parts_lost_after_a_kill(cli, service, write, account, killed_job, part, directories, place):
    f = write(*range(1, 31))
    killed_job(f, *SETTLE, after=12)
    state = directories.parent / "state"
    for name in PARTS[part]:
        if name == "STATE": shutil.rmtree(state, ignore_errors=True)
        else: account.with_name(name).unlink()
    before = snapshot(account.parent); s_before = {p.name: p.read_bytes() for p in state.rglob("*") if p.is_file()}
    registry = (directories / "accounts.json").read_bytes()
    for c in (*LOOKS, ("submit", f, "--dry-run"), ("journal", "backup", place / "bk")):
        r = cli(*c); print(c, r.code, r.err[:300])
        after = snapshot(account.parent)
        assert after.keys() == before.keys(), c
        assert after == before, c
        assert {p.name: p.read_bytes() for p in state.rglob("*") if p.is_file()} == s_before
        assert (directories / "accounts.json").read_bytes() == registry
    r = cli("submit", f, *SETTLE); print(r)
    assert not service.doubled
    if part in {"shm", "mark", "none", "allmarks"}: assert r.code == 0
    else: assert r.code != 0
    r = cli("journal", "trust", "--yes"); print(r)


def test_running_copy_put_back(cli, service, write, account, start, place):
    f = write(*range(1, 41))
    gate = threading.Event(); n = []
    def hold(d):
        n.append(d)
        if len(n) > 10: gate.wait(20)
    service.before_answer = hold
    job = start("submit", f, *SETTLE, "--max-in-flight", "2")
    wait_for(lambda: len(n) > 10); time.sleep(.3)
    keep = place / "keep"; shutil.copytree(account.parent, keep)
    gate.set(); job.communicate()
    service.before_answer = lambda d: None
    for p in account.parent.iterdir(): p.unlink()
    for p in keep.iterdir(): shutil.copy2(p, account.parent / p.name)
    print(cli("status"))
    r = cli("submit", f, *SETTLE); print(r)
    assert not service.doubled
    # in place, same inode, marks beside it too
    for p in keep.iterdir(): shutil.copyfile(p, account.parent / p.name)
    r = cli("submit", f, *SETTLE); print(r)
    assert not service.doubled


@pytest.mark.parametrize("home", [None, "", "/nonexistent/x", "/dev/null/x", "relative"])
def test_home(cli, service, write, home):
    f = write(1, 2)
    env = {"CONFIRMA_JOURNAL_DIR": None, "XDG_STATE_HOME": None, "XDG_DATA_HOME": None, "HOME": home}
    for c in (("status",), ("jobs",), ("journal", "list"), ("submit", f, "--dry-run")):
        r = cli(*c, env=env); print(c, r)
    existed = [os.path.exists(p) for p in ("/.local", "/nonexistent", "/root/.local/share/confirma")]
    print(existed)


def test_journal_dir_is_a_file(cli, service, write, place):
    f = write(1, 2)
    (place / "x").write_text("")
    for d in (place / "x", place / "x" / "y"):
        for c in (("submit", f), ("status",), ("jobs",), ("journal", "list"), ("submit", f, "--dry-run"), ("journal", "set-aside", "--yes")):
            r = cli(*c, env={"CONFIRMA_JOURNAL_DIR": str(d)}); print(c, r)
            assert r.code != 0 or c == ("journal", "list")


@pytest.mark.parametrize("name", ["ä", "..", "a/b", "", "a b", "A" * 64, "A" * 65, "con", "accounts.json", "-x"])
def test_names(cli, service, write, name):
    f = write(1, 2)
    r = cli("submit", f, f"--account={name}", *SETTLE); print(r)
    r = cli("status", f"--account={name}"); print(r)


def test_renewals(cli, service, write, place, directories):
    key = place / "key"; key.write_text(KEY_A + "\n"); key.chmod(0o600)
    f = write(1, 2, 3)
    env = {"CONFIRMA_API_KEY": None}
    j = place / "own.journal"
    assert cli("submit", f, "--key-file", key, *SETTLE, env=env).code == 0
    assert cli("submit", write(11, 12, name="g.jsonl"), "--journal", j, "--key-file", key, *SETTLE, env=env).code == 0
    service.renewed[KEY_A] = KEY_B
    r = cli("token", "renew", "--key-file", key, env=env); print(r); assert r.code == 0
    for c in (("submit", f, *SETTLE), ("submit", place / "g.jsonl", "--journal", j, *SETTLE), ("status",)):
        r = cli(*c, "--key-file", key, env=env); print(r); assert r.code == 0
    service.renewed[KEY_B] = KEY_C
    assert cli("token", "renew", "--key-file", key, env=env).code == 0
    (directories / "accounts.json").unlink()
    r = cli("submit", f, *SETTLE, "--key-file", key, env=env); print("lost list", r)
    assert set(service.numbers(KEY_C)) == set()
