"""What people do with inputs and journals, as a state machine, and the service that counts what arrives."""

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from confirma_async.accounts.folders import JOURNAL_DIR_VARIABLE, JOURNAL_NAME, LOCALHOST
from confirma_async.accounts.registry import FIRST_ACCOUNT, Accounts
from confirma_async.bulk.models import State
from confirma_async.bulk.sqlite.file.guard import _state_of, log_of
from confirma_async.bulk.sqlite.file.marks import mark_paths, read_marks
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.cli.app import run
from confirma_async.errors import JournalError

PACE = ("--settle", "0.5", "--timeout", "5", "--concurrency", "4")
RESEND = ("--on-unknown", "resend")
"""What is surely absent may be sent: the service lists at once what it has."""
REFUSED = 2
FOLDER, GLOB, ONE, ORDER = "folder", "glob", "one file", "another order"
named = st.sampled_from([FOLDER, GLOB, ONE, ORDER])
FILES = 6
one_of_the_files = st.integers(0, FILES - 1)


class Service:
    """The counting service, in a process of its own."""

    def __init__(self, folder):
        self._file = folder / "service.json"
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("counting_service.py"), self._file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        while not self._file.exists():
            assert self._process.poll() is None
            time.sleep(0.01)
        self.url, self.key = json.loads(self._file.read_text())

    def arrived(self):
        """How often each number has arrived."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Counter(json.loads(self._process.stdout.readline()))

    def end(self):
        self._process.communicate()


class People(RuleBasedStateMachine):
    """What they do. ``lost`` says where a part of the journal was put aside; each game is a subclass."""

    service: Service
    folder: Path
    make_invoice: Callable[[int], Any]
    numbers: Iterator[int]
    happened: Counter[str]

    def __init__(self):
        super().__init__()
        self.home = self.folder / uuid.uuid4().hex[:8]
        self.inputs = self.home / "in"
        self.inputs.mkdir(parents=True)
        os.environ[JOURNAL_DIR_VARIABLE] = str(self.home / "journals")
        os.environ["XDG_STATE_HOME"] = str(self.home / "state")
        self.journal = self.home / "journals" / LOCALHOST / FIRST_ACCOUNT / JOURNAL_NAME
        self.made = count()
        self.copies: list[Path] = []
        self.lost: dict[Path, Path] = {}

    # --- helpers ----------------------------------------------------------------------------------

    def command(self, *words, key=None):
        """Runs a command line in this process; returns its exit code and what it printed."""
        os.environ["CONFIRMA_API_KEY"] = key or self.service.key
        os.environ["CONFIRMA_BASE_URL"] = self.service.url
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = run([str(word) for word in words])
            out.flush()
        output = out.buffer.getvalue().decode()
        assert "Traceback" not in output
        return code, output

    def files(self):
        return sorted(each for each in self.inputs.rglob("*.jsonl") if each.is_file())

    def words(self, how):
        files = self.files()
        match how:
            case "folder":
                return [self.inputs]
            case "glob":
                return [self.inputs / "*.jsonl"]
            case "one file":
                return files[len(files) // 2 :][:1]
            case _:
                return files[::-1]

    def new_name(self, where=None):
        number = next(self.made)
        return (where or self.inputs) / f"{'zmaqf'[number % 5]}{number}.jsonl"

    def everything(self):
        """Every file of the account, byte for byte; of SQLite's index of a log only that it is there."""
        files = [*(self.home / "journals").rglob("*"), *mark_paths(self.journal), *self.inputs.rglob("*")]
        return {
            file: None if file.match("*-shm") else (file.read_bytes(), file.stat().st_mtime_ns)
            for file in files
            if file.is_file()
        }

    def note(self, what):
        self.happened[what] += 1

    @property
    def has_files(self):
        return bool(self.files())

    @property
    def is_whole(self):
        return self.journal.exists() and not self.lost

    # --- inputs -----------------------------------------------------------------------------------

    @initialize()
    def begin(self):
        self.add(6)

    # Which rule comes next must not hang on the moment of a kill, so each is always allowed: it does nothing
    # where it cannot do what it stands for.

    @rule(size=st.integers(1, 8))
    def more(self, size):
        if len(self.files()) < FILES:
            self.add(size)

    def add(self, size):
        numbers = [next(self.numbers) for _ in range(size)]
        lines = [json.dumps(self.make_invoice(number), default=float) for number in numbers]
        self.new_name().write_text("\n".join(lines))
        self.note("file added")

    @rule(which=one_of_the_files)
    def rename(self, which):
        for file in self.files()[which:][:1]:
            file.rename(self.new_name())
            self.note("file renamed")

    @rule(which=one_of_the_files)
    def reorder(self, which):
        for file in self.files()[which:][:1]:
            file.write_text("\n".join(reversed(file.read_text().splitlines())))
            self.note("file reordered")

    @rule(which=one_of_the_files, moved=st.booleans())
    def link(self, which, moved):
        """A link takes the place of a file, or stands beside it: then each invoice is there twice."""
        for file in self.files()[which:][:1]:
            if not moved:
                self.new_name().symlink_to(file)
            elif not file.is_symlink():
                elsewhere = self.home / "elsewhere"
                elsewhere.mkdir(exist_ok=True)
                file.symlink_to(file.rename(self.new_name(elsewhere)))
            self.note("file linked")

    @rule(which=one_of_the_files)
    def remove(self, which):
        for file in self.files()[1:][which:][:1]:
            file.unlink()
            self.note("file removed")

    # --- jobs -------------------------------------------------------------------------------------

    @rule(how=named)
    def submit(self, how):
        if not self.has_files:
            return
        before = self.service.arrived()
        must_be_refused = self.must_be_refused  # asked before: afterwards, something was sent
        code, output = self.command("submit", *self.words(how), *PACE, *RESEND)
        if must_be_refused:
            assert code == REFUSED, output
            assert self.service.arrived() == before
            self.note("submit refused")
        else:
            assert code in {0, 1, 3}, output
            self.begin_anew()
            self.note("submitted")

    def begin_anew(self):
        """A job that is not refused begins a new journal: the one that was lost knew of nothing sent."""
        self.lost.pop(self.journal, None)

    @property
    def must_be_refused(self):
        """A part that the journal cannot do without is gone."""
        if self.journal in self.lost:
            marked = any(mark.commits for mark in read_marks(self.journal))
            return marked or log_of(self.journal).exists() or any(one.proved for one in Accounts().all())
        return bool(self.lost) and self.is_not_closed

    @property
    def is_not_closed(self):
        """The file cannot do without its log, as it says or as it is cut off."""
        try:
            return _state_of(self.journal)[0]
        except JournalError:
            return True

    @rule(how=named, seconds=st.floats(0.1, 0.6), then=st.integers(0, 3))
    def die(self, how, seconds, then):
        """A job is killed, which is when a journal has most to lose."""
        self.kill(how, seconds)
        (self.find_again, self.back_up, partial(self.lose_log, left_empty=False), self.lose_journal)[then]()

    @rule(how=named, seconds=st.floats(0.1, 0.6))
    def kill(self, how, seconds):
        """A job is killed; one that must be refused ends before, by itself."""
        if not self.has_files:
            return
        if not self.must_be_refused:
            self.begin_anew()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # a fork is what is meant, and no thread runs
            child = os.fork()
        if child == 0:
            try:
                self.command("submit", *self.words(how), *PACE, *RESEND, "--rate", "40")
            finally:
                os._exit(0)
        time.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        self.note("killed" if os.WIFSIGNALED(status) else "ended before it was killed")
        if self.is_whole:
            with reading(self.journal) as journal:
                self.happened["left under way by a kill"] += journal.figures.open_counts()[State.SENDING]

    @rule(own=st.booleans())
    def use_another_key(self, own):
        """Another account's key: for this very journal, or for one that is its own."""
        if not self.is_whole or not self.has_files:
            return
        with reading(self.journal) as journal:
            if not journal.ownership.has_sent():
                return  # no key binds it yet
        before = self.service.arrived()
        where = () if own else ("--journal", self.journal)
        code, output = self.command("submit", *self.inputs_as_words(), *where, *PACE, key=str(uuid.uuid4()))
        assert code in ({1, 2, 3} if own else {REFUSED}), output
        assert self.service.arrived() == before
        self.note("foreign key" if own else "foreign key refused")

    def inputs_as_words(self):
        return self.words(FOLDER)

    # --- looks ------------------------------------------------------------------------------------

    @rule(which=st.sampled_from(["status", "jobs", "dry run", "export", "report", "verify", "list"]))
    def look(self, which):
        if which == "dry run" and not self.has_files:
            return
        looks = {
            "status": ["status", "--json"],
            "jobs": ["jobs"],
            "dry run": ["submit", "--dry-run", *self.inputs_as_words()],
            "export": ["export", "--json"],
            "report": ["report", "--html", self.home / f"{uuid.uuid4().hex}.html"],
            "verify": ["journal", "verify"],
            "list": ["journal", "list"],
        }
        before = self.everything()
        code, output = self.command(*looks[which])
        assert code in {0, 1, 2, 3}, output
        assert self.everything() == before
        self.note(f"looked: {which}")

    # --- the journal ------------------------------------------------------------------------------

    @rule()
    def back_up(self):
        if not self.is_whole:
            return
        copy = self.home / f"copy-{next(self.made)}"
        code, output = self.command("journal", "backup", copy)
        assert code == 0, output
        self.copies.append(copy)
        self.note("backup")

    @rule()
    def copy_by_hand(self):
        """The file alone, at rest."""
        if self.is_whole and not log_of(self.journal).exists():
            self.copies.append(Path(shutil.copy(self.journal, self.home / f"copy-{next(self.made)}")))
            self.note("copied by hand")

    @rule(left_empty=st.booleans())
    def lose_log(self, left_empty):
        log = log_of(self.journal)
        if not self.is_whole or not log.exists():
            return
        needed = self.is_not_closed
        gone = log.rename(self.home / f"lost-{next(self.made)}")
        if needed:  # without it, no job goes on; else one may, and the old log fits no longer
            self.lost[log] = gone
        if left_empty:
            log.touch()
        self.note("log lost")

    @rule()
    def lose_journal(self):
        if not self.is_whole:
            return
        self.lost[self.journal] = self.journal.rename(self.home / f"lost-{next(self.made)}")
        self.note("journal lost")

    @rule()
    def find_again(self):
        """What was lost is put back where it was."""
        self.note("put back" if self.lost else "nothing to put back")
        for part, kept in self.lost.items():
            kept.replace(part)
        self.lost.clear()

    @rule(which=st.integers(0, 9), in_place=st.booleans())
    def restore(self, which, in_place):
        """A copy, however old, takes the journal's place; nothing else was changed there."""
        if not self.copies:
            return
        copy = self.copies[which % len(self.copies)]
        for part in ("-wal", "-shm"):
            self.journal.with_name(f"{self.journal.name}{part}").unlink(missing_ok=True)
        if not in_place:
            self.journal.unlink(missing_ok=True)
        shutil.copyfile(copy, self.journal)
        self.lost.clear()
        self.note("copy in place")

    @rule(which=st.sampled_from([0, 1]))
    def lose_mark(self, which):
        mark_paths(self.journal)[which].unlink(missing_ok=True)
        self.note("mark lost")

    # --- what must hold ---------------------------------------------------------------------------

    @invariant()
    def nothing_is_doubled_and_nothing_told_that_has_not_arrived(self):
        arrived = self.service.arrived()
        assert {number for number, times in arrived.items() if times > 1} == set()
        if self.is_whole:
            with reading(self.journal) as journal:
                accepted = {row.key.number for row in journal.rows(State.ACCEPTED)}
            assert accepted <= set(arrived)

    def bear_witness(self):
        """What a journal in doubt leaves to a person: what is listed, and one that is not, as a witness."""
        said = ("--is", "accepted", "--because", "no two documents bear one number")
        code, output = self.command("resolve", "--listed", *said)
        assert code == 0, output
        arrived = self.service.arrived()
        with reading(self.journal) as journal:
            new = [row.key.number for row in journal.rows(State.UNKNOWN) if not row.attempts]
        for number in [number for number in new if not arrived[number]][:1]:
            absent = ("--is", "absent", "--because", "not in the portal")
            code, output = self.command(
                "resolve", number, *absent, "--settle", 0
            )  # this service has no delay
            assert code == 0, output

    def teardown(self):
        """In the end what was lost is found, and one more job brings everything to its end."""
        if self.lost:
            for part, kept in self.lost.items():
                kept.replace(part)
            self.lost.clear()
        once = {file.resolve(): file for file in sorted(self.files(), key=Path.is_symlink, reverse=True)}
        for file in self.files():
            if file not in once.values():
                file.unlink()  # of an invoice that stands twice, a job sends neither
        if not self.has_files:
            return
        there = {
            json.loads(line)["invoice"]["header"]["number"]
            for file in self.files()
            for line in file.read_text().splitlines()
        }
        for _ in range(4):
            code, output = self.command("submit", self.inputs, *PACE, *RESEND)
            assert code in {0, 1, 3}, output
            if code != 3:
                break
            self.bear_witness()
        arrived = self.service.arrived()
        assert {number: arrived[number] for number in there} == dict.fromkeys(there, 1)
        self.nothing_is_doubled_and_nothing_told_that_has_not_arrived()
        with reading(self.journal) as journal:
            assert there <= {row.key.number for row in journal.rows(State.ACCEPTED)}
        self.note("games")
