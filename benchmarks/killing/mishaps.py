"""What people do with a journal between two runs of a job, and what the commands must make of it.

They look at it, copy it, lose its log or all of it, put a copy in its place, and come with the key of another
account.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from attrs import define, field
from killing.invoices import INVOICES, known_as

from confirma_async.bulk import State
from confirma_async.bulk.journal.records import Resolution
from confirma_async.bulk.sqlite.file.guard import log_of
from confirma_async.bulk.sqlite.file.marks import mark_paths, read_marks
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.sandbox import StoredInvoice

WRONGS = ("not_refused", "left_a_trace", "copy_trusted", "look_failed")
"""What must never be: that a command goes on with a journal that lost something, or with the key of another
account; that looking at it changes a file; that a copy is taken for the journal itself; that a look fails."""

AT_ONCE = 120
"""Invoices that a person looks up in the portal before the job is tried again."""
FEW = 40
"""Unknown invoices that a person takes in hand without waiting for another run."""
REFUSED = 2
LOOKED = frozenset({0, 1, 3})
"""Exit codes of a look that has an answer."""

Command = Callable[..., Awaitable[tuple[int, str]]]
"""Runs a command line, with another key if ``key`` is given: its exit code, and all that it printed."""


@define
class Mishaps:
    """What happens to one journal.

    Attributes:
        journal: The journal, as the account has it.
        command: Runs a command line.
        words: Names the input files.
        requests: Counts the invoices that the service was asked to take.
        dice: Decides how a loss is made good, and which look it is.
        wrongs: Counts what must never be.
        happened: Counts what happened, looks by their command.
        settle_seconds: Seconds for which the service may still be at work on a call that has ended.
    """

    journal: Path
    command: Command
    words: Callable[[], Sequence[Path]]
    requests: Callable[[], int]
    dice: random.Random
    wrongs: Counter[str]
    happened: Counter[str]
    settle_seconds: float
    _copy: Path | None = None
    _copied: bool = field(init=False, default=False)
    _unknown_before: int = INVOICES

    def begin_round(self) -> None:
        """Drop earlier copies: they do not know what was rejected, and no lookup can tell them."""
        self._copy, self._copied, self._unknown_before = None, False, INVOICES

    async def happen(self, name: str) -> bool:
        """Let something happen, and the commands answer; return False where it cannot happen now."""
        if not self.journal.exists():
            return False
        happened = await _MISHAPS[name](self)
        self.happened[name] += happened
        return happened

    async def end_doubt(self) -> None:
        """Say that the journal is whole, once it is; a copy that was put in place has caught up."""
        with reading(self.journal) as journal:
            doubt = journal.trust.doubt()
        if doubt is not None:
            code, output = await self.command("journal", "trust", "--yes")
            if code:
                raise AssertionError(f"the journal cannot be trusted: {output}")

    def find_out(
        self, stored: Sequence[StoredInvoice], in_order: Collection[int], added: Collection[int]
    ) -> bool:
        """Have a person look in the portal, after a run that left something unknown.

        A journal in doubt does not know whose a record is that names no type, and sends nothing without a
        witness: what is there is found out, and those that were added can be witnesses once they are found
        absent. Of some no list may ever tell: the number is a rival's too, or a clock stood wrong. When few
        are left, or nothing has changed since the last run, those are found out.

        Args:
            stored: What the service has.
            in_order: What it would take.
            added: What came last, after all kills.

        Returns:
            Whether the rest waits for witnesses that have to be added.
        """
        there = {known_as(one.number, one.type) for one in stored}
        with contextlib.closing(open_sqlite(self.journal)) as journal, journal.transaction():
            rows = {known_as(row.key.number, row.key.type): row for row in journal.rows(State.UNKNOWN)}
            by_hand = len(rows) <= FEW or len(rows) >= self._unknown_before
            asked = rows.keys() if by_hand else rows.keys() & {*added}
            if journal.trust.doubt() is not None:
                asked = {*asked, *(rows.keys() & there)}
            for each in sorted(asked)[:AT_ONCE]:
                lost = State.PENDING if each in in_order else State.REJECTED
                state = State.ACCEPTED if each in there else lost
                resolution = Resolution(
                    position=rows[each].position,
                    state=state,
                    note="seen in the portal",
                    at=time.time(),
                    settle_seconds=self.settle_seconds,
                )
                journal.resolve(resolution)
                self.happened["found out in the portal"] += 1
        self._unknown_before = len(rows)
        return not by_hand

    async def look(self) -> bool:
        """Run any command that only looks."""
        looks: Mapping[str, Sequence[object]] = {
            "status": ("status", "--json"),
            "jobs": ("jobs", "--json"),
            "dry run": ("submit", "--dry-run", "--json", *self.words()),
            "export": ("export", "--csv"),
            "verify": ("journal", "verify"),
        }
        name = min(looks, key=lambda each: (self.happened[each], self.dice.random()))
        self.happened[name] += 1
        await self._look(*looks[name])
        return True

    async def copy(self) -> bool:
        """Make a copy, as a person does."""
        copy = self.journal.parents[2] / f"copy-{uuid4().hex}"
        await self._look("journal", "backup", copy)
        self._copy = copy
        return True

    async def lose_log(self) -> bool:
        """Move the log away: the journal has forgotten what was sent last."""
        log = log_of(self.journal)
        if not log.exists() or not _needs_its_log(self.journal):
            return False
        kept = log.rename(log.with_name("lost"))
        if self.dice.random() < 0.5:
            log.touch()
        await self._must_be_refused()
        log.unlink(missing_ok=True)
        self._make_good(kept, log)
        return True

    async def lose_journal(self) -> bool:
        """Move everything but the marks away."""
        if not any(mark.commits for mark in read_marks(self.journal)):
            return False
        log = log_of(self.journal)
        with contextlib.suppress(FileNotFoundError):
            log.rename(log.with_name("lost log"))
        kept = self.journal.rename(self.journal.with_name("lost"))
        await self._must_be_refused()
        with contextlib.suppress(FileNotFoundError):
            log.with_name("lost log").rename(log)
        self._make_good(kept, self.journal)
        return True

    async def put_copy_in_place(self) -> bool:
        """Put an older copy in the journal's place, though nothing was wrong with it."""
        return self._copy is not None and self._restore(self._copy)

    async def use_another_key(self) -> bool:
        """Send the same files into this journal with the key of another account."""
        with reading(self.journal) as journal:
            if not journal.ownership.has_sent():
                return False  # it is bound to no key yet
        await self._must_be_refused("--journal", self.journal, key=str(uuid4()))
        return True

    async def _look(self, *words: object) -> None:
        before = self._files()
        code, _ = await self.command(*words)
        self.wrongs["look_failed"] += code not in LOOKED
        self.wrongs["left_a_trace"] += self._files() != before

    async def _must_be_refused(self, *options: object, key: str | None = None) -> None:
        await asyncio.sleep(0.2)  # what the run before had sent as it was killed may still arrive
        before = self.requests()
        code, _ = await self.command("submit", *options, *self.words(), key=key)
        self.wrongs["not_refused"] += code != REFUSED or self.requests() != before

    def _make_good(self, kept: Path, place: Path) -> None:
        """Put back what was lost, or a copy in its place."""
        if self._copy is None or self._copied or self.dice.random() < 0.3:
            kept.rename(place)
            return
        kept.unlink()
        self._restore(self._copy)

    def _restore(self, copy: Path) -> bool:
        """Put a copy in place; the next job has to know that it is one."""
        if self._copied:
            return False  # once is enough: from then on the whole round is in doubt
        self._copied = True
        for part in ("-wal", "-shm"):
            self.journal.with_name(f"{self.journal.name}{part}").unlink(missing_ok=True)
        if self.dice.random() < 0.5:
            self.journal.unlink(missing_ok=True)
        shutil.copyfile(copy, self.journal)
        with reading(self.journal) as journal:
            self.wrongs["copy_trusted"] += journal.trust.doubt() is None
        return True

    def _files(self) -> dict[Path, Any]:
        """Return every file of the account and of the journal; the log's index is SQLite's to change."""
        files = [*self.journal.parents[2].rglob("*"), *mark_paths(self.journal)]
        return {
            file: None if file.match("*-shm") else (file.read_bytes(), file.stat().st_mtime_ns)
            for file in files
            if file.is_file() and not file.name.startswith("copy-")
        }


_MISHAPS: Mapping[str, Callable[[Mishaps], Awaitable[bool]]] = {
    "looked at": Mishaps.look,
    "copied": Mishaps.copy,
    "log lost": Mishaps.lose_log,
    "another key": Mishaps.use_another_key,
    "journal lost": Mishaps.lose_journal,
    "copy in place": Mishaps.put_copy_in_place,
}

MISHAPS = tuple(_MISHAPS)
"""What can happen, by its name."""


def _needs_its_log(journal: Path) -> bool:
    """Say whether the file alone, without its log, was left open, and knows of less than its marks do."""
    with contextlib.closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro&immutable=1", uri=True)) as file:
        if file.execute("SELECT value FROM meta WHERE name = 'open'").fetchone() != ("1",):
            return False
        (commits,) = file.execute("SELECT commits FROM progress").fetchone()
    marks = read_marks(journal)
    return not marks or any(mark.commits > commits for mark in marks)
