"""A bulk job that kills itself at a named step, for ``kill.py``: between two durable writes, one by one.

The steps sit in the two ports of a job, the journal and the transport, so that the SDK itself holds nothing
for the purpose. SIGKILL leaves no time for anything: no handler, no ``finally``, no flush.
"""

from __future__ import annotations

import killing.wrong_clock  # noqa: F401  # isort: skip (before whoever takes the clock for his own)

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from attrs import define, evolve, field

from confirma_async import Confirma, RateLimit, RetryPolicy
from confirma_async.accounts.owner import Owner
from confirma_async.bulk import Journal
from confirma_async.bulk.journal.parts import Runs
from confirma_async.bulk.journal.records import Admitted, Decision, JobName
from confirma_async.bulk.models import Entry, Retry
from confirma_async.bulk.sqlite.file.guard import log_of
from confirma_async.bulk.sqlite.file.marks import mark_paths
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.formats import expand, read_files
from confirma_async.session.connection.http import AiohttpTransport
from confirma_async.session.transport import Request, Response

CONCURRENCY = 16

UNKNOWN = "resend"
"""What is done with an invoice that is not listed. The sandbox lists each within a known time, and a job that
leaves some to a person would have no end that could be judged."""

STEPS = (
    "run not durable",
    "run durable",
    "before claims",
    "claims not durable",
    "claims durable",
    "intents not durable",
    "intents durable",
    "before the first byte",
    "answer not read",
    "before outcomes",
    "outcomes not durable",
    "outcomes durable",
    "lookup answered",
    "ending not durable",
    "ending durable",
)
"""Every place where dying could leave something half said, in the order in which an invoice meets them."""


@define
class Fate:
    """Dies when a step is reached for the n-th time."""

    step: str | None
    after: int
    durable: Path | None
    _met: int = field(init=False, default=0)
    _copies: int = field(init=False, default=0)

    def meet(self, step: str) -> None:
        """Say that a step is reached."""
        if step == self.step:
            self._met += 1
            if self._met == self.after:
                os.kill(os.getpid(), signal.SIGKILL)

    def keep(self, journal: Path) -> None:
        """Copy what is on the disk for sure, as a power cut right after this commit would leave it."""
        if self.durable is None:
            return
        self._copies += 1
        last = self.durable / f"{self._copies - 1:09}"
        keep_durable(journal, self.durable / f"{self._copies:09}", last if self._copies > 1 else None)
        shutil.rmtree(last, ignore_errors=True)


def durable_parts(journal: Path) -> dict[str, Path]:
    """Return the files of a journal that a power cut leaves, by the names of their copies."""
    marks = {f"mark-{index}": path for index, path in enumerate(mark_paths(journal))}
    return {"journal": journal, "log": log_of(journal), **marks}


def keep_durable(journal: Path, kept: Path, former: Path | None = None) -> None:
    """Copy a journal with its log and its marks, as they are now.

    Marks are synced when a run begins, and then no more: a power cut may leave them as they were then. What
    they said then is kept as well, as ``synced-...``.

    Args:
        journal: The journal.
        kept: The folder of the copies; it appears whole.
        former: The copies before these, where they are of the same run.
    """
    draft = kept.with_name("draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for name, file in durable_parts(journal).items():
        if file.exists():
            shutil.copyfile(file, draft / name)
    synced = draft.glob("mark-*") if former is None else former.glob("synced-*")
    for file in [*synced]:
        shutil.copyfile(file, draft / f"synced-{file.name.removeprefix('synced-')}")
    draft.rename(kept)


class DyingRuns:
    """The runs of a journal whose owner may die; what is written of them is told by its name."""

    def __init__(self, inner: Runs, written: set[str]) -> None:
        self._inner = inner
        self._written = written

    if not TYPE_CHECKING:  # everything else

        def __getattr__(self, name: str) -> object:
            return getattr(self._inner, name)

    def begin(
        self, job: JobName, *, now: float, owner: Owner | None = None, expected: int | None = None
    ) -> int:
        """Begin the run."""
        self._written.add("run")
        return self._inner.begin(job, now=now, owner=owner, expected=expected)

    def end(self, run: int, ending: str, *, now: float, owner: Owner | None = None) -> None:
        """End the run."""
        self._written.add("ending")
        self._inner.end(run, ending, now=now, owner=owner)


class DyingJournal:
    """A journal whose owner may die around everything it writes; the rest is the journal's own."""

    def __init__(self, inner: Journal, path: Path, fate: Fate) -> None:
        self._inner = inner
        self._path = path
        self._fate = fate
        self._written: set[str] = set()
        self.runs = DyingRuns(inner.runs, self._written)
        fate.keep(path)

    if TYPE_CHECKING:  # everything else
        name: str
    else:

        def __getattr__(self, name: str) -> object:
            return getattr(self._inner, name)

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Commit, or dies before or after."""
        self._written.clear()
        with self._inner.transaction():
            yield
            for what in sorted(self._written):
                self._fate.meet(f"{what} not durable")
        self._fate.keep(self._path)
        for what in sorted(self._written):
            self._fate.meet(f"{what} durable")

    def admit(
        self, entries: Sequence[Entry], run: int, retry: Retry = Retry.NONE, *, again: bool = False
    ) -> list[Admitted]:
        """Claim."""
        self._fate.meet("before claims")
        self._written.add("claims")
        return self._inner.admit(entries, run, retry, again=again)

    def sending(self, positions: Sequence[int], now: float, ends_at: float) -> None:
        """Write intents."""
        self._written.add("intents")
        self._inner.sending(positions, now, ends_at)

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Write outcomes."""
        self._fate.meet("before outcomes")
        self._written.add("outcomes")
        self._inner.decide(decisions)


class DyingTransport:
    """A transport whose owner may die around every request."""

    def __init__(self, fate: Fate) -> None:
        self._inner = AiohttpTransport(connections=CONCURRENCY)
        self._fate = fate

    async def send(self, request: Request) -> Response:
        """Send one request, or die on either side of it."""
        if request.method == "POST":
            self._fate.meet("before the first byte")
        answer = await self._inner.send(request)
        self._fate.meet("answer not read" if request.method == "POST" else "lookup answered")
        return answer

    async def close(self) -> None:
        """Close what it opened."""
        await self._inner.close()


async def run(options: argparse.Namespace) -> bool:
    """Run the job in the account's journal; return whether nothing is left to do."""
    fate = Fate(options.step, options.after, options.durable)

    def opened(path: Path) -> Journal:
        return cast("Journal", DyingJournal(open_sqlite(path), path, fate))

    async with Confirma(
        os.environ["CONFIRMA_API_KEY"],
        base_url=options.url,
        transport=DyingTransport(fate),
        rate_limit=RateLimit(concurrency=CONCURRENCY, per_second=options.rate),
        retry=RetryPolicy(base_seconds=0.01),
        timeout=options.timeout,
    ) as confirma:
        placement = await confirma.bulk.place()
        if not isinstance(placement.path, Path):
            raise TypeError("the account's journal is no file")
        files = expand(options.files)
        report = await confirma.bulk.submit(
            read_files(files),
            journal=evolve(placement, open=partial(opened, placement.path)),
            settle_seconds=options.settle,
            on_unknown=UNKNOWN,
            retry=Retry.CHANGED if options.rejected else Retry.NONE,
            inputs=[str(file) for file in files],
        )
    json.dump({"complete": report.complete, "paused": report.paused, "unknown": report.unknown}, sys.stdout)
    return report.complete


def main() -> None:
    parser = argparse.ArgumentParser(description="a bulk job that kills itself")
    parser.add_argument("url")
    parser.add_argument("files", type=Path, nargs="+", help="the input: files, folders")
    parser.add_argument("--rejected", action="store_true", help="retry what was rejected, and was corrected")
    parser.add_argument("--settle", type=float, required=True)
    parser.add_argument("--timeout", type=float, required=True)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--step", choices=STEPS)
    parser.add_argument("--after", type=int, default=1)
    parser.add_argument("--durable", type=Path, help="where to keep a copy of what is durable")
    sys.exit(0 if asyncio.run(run(parser.parse_args())) else 3)


if __name__ == "__main__":
    main()
