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
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from attrs import define, field
from batch import known_as

from confirma_async.bulk import State
from confirma_async.bulk.sqlite.guard import log_of
from confirma_async.bulk.sqlite.journal import reading
from confirma_async.bulk.sqlite.marks import mark_paths, read_marks
from confirma_async.sandbox import StoredInvoice
from confirma_async.schemas import InvoiceType

WRONGS = ("not_refused", "left_a_trace", "copy_trusted", "look_failed")
"""What must never be: that a command goes on with a journal that lost something, or with the key of another
account; that looking at it changes a file; that a copy is taken for the journal itself; that a look fails."""

AT_ONCE = 8
"""Invoices that a person looks up in the portal before the job is tried again."""
FEW = 40
"""Unknown invoices after a second run that a person takes in hand."""
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
    """

    journal: Path
    command: Command
    words: Callable[[], Sequence[Path]]
    requests: Callable[[], int]
    dice: random.Random
    wrongs: Counter[str]
    happened: Counter[str]
    _copy: Path | None = None
    _copied: bool = field(init=False, default=False)
    _unknown: set[int] = field(init=False, factory=set[int])

    def begin_round(self) -> None:
        """An earlier copy would have forgotten what was rejected before, which no lookup can tell it."""
        self._copy, self._copied = None, False

    async def happen(self, name: str) -> bool:
        """Lets something happen, and the commands answer; returns False where it cannot happen now."""
        if not self.journal.exists():
            return False
        happened = await _MISHAPS[name](self)
        self.happened[name] += happened
        return happened

    async def end_doubt(self) -> None:
        """Says that the journal is whole, once it is; a copy that was put in place has caught up."""
        with reading(self.journal) as journal:
            doubt = journal.doubt()
        if doubt is not None:
            code, told = await self.command("journal", "trust", "--yes")
            if code:
                raise AssertionError(f"the journal cannot be trusted: {told}")

    async def find_out(self, stored: Sequence[StoredInvoice], in_order: Collection[int]) -> bool:
        """Has a person look in the portal, after a run that left something unknown.

        A journal in doubt sends nothing without a witness, so one invoice is found absent, and one credit
        note. Of what is left when few are, no list may ever tell: the number is a rival's too, or a clock
        stood wrong. Then some are found out, whatever they are.

        Args:
            stored: What the service has.
            in_order: What it would take. One that is refused is no witness, and a person who saw that would
                try another.

        Returns:
            Whether the journal is in doubt.
        """
        with reading(self.journal) as journal:
            rows = {known_as(row.key.number, row.key.type): row for row in journal.rows(State.UNKNOWN)}
            doubt = journal.doubt()
        there = {known_as(one.number, one.type) for one in stored}
        absent = {each for each, row in rows.items() if not row.attempts} - there
        if doubt is not None and len(absent) > FEW:
            likely = absent & {*in_order} or absent
            for each in {min(likely), max(likely)}:
                await self._resolve(each, "absent")
        elif len(rows) <= len(self._unknown) and len(rows) <= FEW:
            for each in sorted(rows)[:AT_ONCE]:
                lost = "absent" if each in in_order else "rejected"
                await self._resolve(each, "accepted" if each in there else lost)
                self.happened["found out in the portal"] += 1
        self._unknown = {*rows}
        return doubt is not None

    async def _resolve(self, each: int, what: str) -> None:
        kind = InvoiceType.INVOICE if each > 0 else InvoiceType.CREDIT_NOTE
        words = ("--type", kind, "--is", what, "--because", "seen in the portal")
        code, told = await self.command("resolve", abs(each), *words)
        if code:
            raise AssertionError(f"the invoice cannot be resolved: {told}")

    # --- what happens -----------------------------------------------------------------------------

    async def look(self) -> bool:
        """Any command that only looks."""
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
        """A person makes a copy."""
        copy = self.journal.parents[2] / f"copy-{uuid4().hex}"
        await self._look("journal", "backup", copy)
        self._copy = copy
        return True

    async def lose_log(self) -> bool:
        """The log is moved away: the journal has forgotten what was sent last."""
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
        """Everything but the marks is moved away."""
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
        """An older copy takes the journal's place, though nothing was wrong with it."""
        return self._copy is not None and self._restore(self._copy)

    async def use_another_key(self) -> bool:
        """Somebody sends the same files into this journal with the key of another account."""
        with reading(self.journal) as journal:
            if not journal.has_sent():
                return False  # it is bound to no key yet
        await self._must_be_refused("--journal", self.journal, key=str(uuid4()))
        return True

    # --- what must come of it ---------------------------------------------------------------------

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
        """What was lost is found again, or a copy takes its place."""
        if self._copy is None or self._copied or self.dice.random() < 0.3:
            kept.rename(place)
            return
        kept.unlink()
        self._restore(self._copy)

    def _restore(self, copy: Path) -> bool:
        """Puts a copy in place; the next job has to know that it is one."""
        if self._copied:
            return False  # once is enough: from then on the whole round is in doubt
        self._copied = True
        for part in ("-wal", "-shm"):
            self.journal.with_name(f"{self.journal.name}{part}").unlink(missing_ok=True)
        if self.dice.random() < 0.5:
            self.journal.unlink(missing_ok=True)
        shutil.copyfile(copy, self.journal)
        with reading(self.journal) as journal:
            self.wrongs["copy_trusted"] += journal.doubt() is None
        return True

    def _files(self) -> dict[Path, Any]:
        """Every file of the account and of the journal; the log's index is SQLite's to change."""
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
    """Whether the file alone, without its log, was left open, and knows of less than its marks do."""
    with contextlib.closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro&immutable=1", uri=True)) as file:
        if file.execute("SELECT value FROM meta WHERE name = 'open'").fetchone() != ("1",):
            return False
        (commits,) = file.execute("SELECT commits FROM progress").fetchone()
    marks = read_marks(journal)
    return not marks or any(mark.commits > commits for mark in marks)
