"""The file: half a checkpoint, full disks, marks that cannot be written, looks that hold it, set-aside."""

import contextlib
import datetime
import fcntl
import json
import os
import struct
import subprocess
import sys
import threading
import time

import pytest

from confirma_async.bulk.sqlite.keeping import set_aside

from .conftest import SETTLE

QUICK = (*SETTLE, "--timeout", "2")
"""For jobs that are cut off: the next one waits until the calls that were under way have surely ended."""

LOOK = """
import sys, time
from pathlib import Path
from confirma_async.bulk.sqlite.reader import reading
while True:
    with reading(Path(sys.argv[1])) as journal:
        list(journal.rows())
"""


@contextlib.contextmanager
def mounted(*arguments):
    if subprocess.run(["mount", *map(str, arguments)], check=False, capture_output=True).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(arguments[-1])], check=True)


def test_a_checkpoint_that_was_cut_off_is_no_damage(cli, write, service, account, killed_job):
    file = write(*range(1, 300))
    killed_job(file, *QUICK, after=150)
    log = account.with_name("account.journal-wal").read_bytes()
    first = [
        log[at + 24 : at + 4120]
        for at in range(32, len(log) - 4119, 4120)
        if struct.unpack_from(">I", log, at)[0] == 1 and log[at + 8 : at + 16] == log[16:24]
    ]
    with account.open("r+b") as main:
        main.write(first[-1])  # the first page that a checkpoint moves; then the kill
    looked = cli("status")
    done = cli("submit", file, *SETTLE)
    assert "damaged" not in looked.err + done.err
    assert done.code in {0, 3}, done  # what was under way as it was killed may want for a witness
    assert not service.doubled


@pytest.mark.parametrize("size", ["400k", "800k"])
def test_once_a_full_disk_has_room_the_job_goes_on(cli, write, service, tmp_path, size):
    disk, file = tmp_path / "disk", write(*range(1, 1500))
    disk.mkdir()
    with mounted("-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk):
        env = {"CONFIRMA_JOURNAL_DIR": str(disk)}
        assert "disk is full" in cli("submit", file, *QUICK, env=env).err
        subprocess.run(["mount", "-o", "remount,size=50m", str(disk)], check=True)
        done = cli("submit", file, *SETTLE, "--json", env=env)
    assert done.code in {0, 3}, done  # what was under way as the disk filled up may want for a witness
    output = json.loads(done.out)
    assert output["accepted"] + output["unknown"] == 1499
    assert output["unknown"] < 64
    assert not service.doubled


def test_a_mark_that_cannot_be_written_does_not_spoil_the_journal(cli, write, service, account):
    file, mark = write(1, 2, 3), account.with_name("account.journal.mark")
    assert cli("submit", file, *SETTLE).code == 0
    kept = mark.read_bytes()
    mark.unlink()
    mark.mkdir()
    assert cli("submit", file, *SETTLE).code == 2
    mark.rmdir()
    mark.write_bytes(kept)
    done = cli("submit", file, *SETTLE)
    assert done.code == 0, done


def test_looks_say_that_a_journal_is_gone(cli, write, service, account):
    file = write(1, 2, 3)
    assert cli("submit", file, *SETTLE).code == 0
    account.unlink()
    assert "nothing has been sent yet" not in cli("status").err
    assert "nothing has been sent yet" not in cli("export").err
    assert "no run yet" not in cli("jobs").out
    assert cli("submit", file, "--dry-run").code != 0


def test_one_that_looks_is_not_called_another_job(cli, write, service, account):
    file = write(1)
    assert cli("submit", file, *SETTLE).code == 0
    descriptor = os.open(account, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)  # as an export in a pager holds it
    done = cli("submit", file, *SETTLE)
    os.close(descriptor)
    assert "another job" not in done.err
    assert done.code == 3


def test_looks_do_not_keep_a_job_from_starting(cli, write, service, account):
    file = write(*range(1, 300))
    assert cli("submit", file, *SETTLE).code == 0
    looking = [subprocess.Popen([sys.executable, "-c", LOOK, str(account)]) for _ in range(4)]
    time.sleep(2)
    done = cli("submit", file, *SETTLE)
    for process in looking:
        process.kill()
        process.wait()
    assert done.code == 0, done


def test_two_set_asides_in_one_second_keep_both(cli, write, service, account):
    now, file = datetime.datetime.now(datetime.UTC), write(1)
    for _ in range(2):
        assert cli("submit", file, *SETTLE).code == 0
        set_aside(account, now)
    assert len([*account.parent.glob("*.set-aside-*")]) == 2


def test_set_aside_does_not_wait_for_ever(write, cli, service, account):
    assert cli("submit", write(1), *SETTLE).code == 0
    account.unlink()
    os.mkfifo(account)
    waiting = threading.Thread(target=cli, args=("journal", "set-aside", "--yes"), daemon=True)
    waiting.start()
    waiting.join(20)
    stuck = waiting.is_alive()
    if stuck:
        os.close(os.open(account, os.O_RDWR | os.O_NONBLOCK))  # lets it go
    assert not stuck


def test_a_folder_that_cannot_be_written_is_no_reason_to_begin_elsewhere(cli, write, service, directories):
    file = write(1)
    assert cli("submit", file, *SETTLE).code == 0
    with mounted("--bind", directories, directories):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(directories)], check=True)
        output = cli("submit", file, *SETTLE).err
    assert "another one" not in output  # a journal elsewhere knows nothing of what was sent
    assert "name a journal" not in output


def test_a_foreign_file_where_a_journal_was_is_no_reason_to_name_another(cli, write, service, account):
    file = write(1)
    assert cli("submit", file, *SETTLE).code == 0
    account.write_text("hello" * 100)
    assert "name another one" not in cli("submit", file, *SETTLE).err
