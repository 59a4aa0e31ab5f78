"""A bulk job that kills itself at a named step, for ``kill.py``: between two durable writes, one by one.

The steps sit in the two ports of a job, the journal and the transport, so that the SDK itself holds nothing
for the purpose. SIGKILL leaves no time for anything: no handler, no ``finally``, no flush.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from attrs import define, field

from confirma_async import Confirma, RateLimit, RetryPolicy
from confirma_async.accounts import Owner
from confirma_async.bulk import Journal
from confirma_async.bulk.items import Entry, Retry
from confirma_async.bulk.journal import Admitted, Decision, JobName
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.formats import read_files
from confirma_async.session.http import AiohttpTransport
from confirma_async.session.transport import Request, Response

CONCURRENCY = 16

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
        """Says that a step is reached."""
        if step == self.step:
            self._met += 1
            if self._met == self.after:
                os.kill(os.getpid(), signal.SIGKILL)

    def keep(self, journal: Path) -> None:
        """Copies what is on the disk for sure, as a power cut right after this commit would leave it."""
        if self.durable is None:
            return
        self._copies += 1
        draft, kept = self.durable / "draft", self.durable / f"{self._copies:09}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for file in (journal, journal.with_name(f"{journal.name}-wal")):
            if file.exists():
                shutil.copyfile(file, draft / file.name)
        draft.rename(kept)
        shutil.rmtree(self.durable / f"{self._copies - 1:09}", ignore_errors=True)


class DyingJournal:
    """A journal whose owner may die around everything it writes; the rest is the journal's own."""

    def __init__(self, inner: Journal, path: Path, fate: Fate) -> None:
        self._inner = inner
        self._path = path
        self._fate = fate
        self._written: set[str] = set()
        fate.keep(path)

    if TYPE_CHECKING:  # everything else
        name: str
    else:

        def __getattr__(self, name: str) -> object:
            return getattr(self._inner, name)

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Commits, or dies before or after."""
        self._written.clear()
        with self._inner.transaction():
            yield
            for what in sorted(self._written):
                self._fate.meet(f"{what} not durable")
        self._fate.keep(self._path)
        for what in sorted(self._written):
            self._fate.meet(f"{what} durable")

    def begin(
        self, job: JobName, *, now: float, owner: Owner | None = None, expected: int | None = None
    ) -> int:
        """The run begins."""
        self._written.add("run")
        return self._inner.begin(job, now=now, owner=owner, expected=expected)

    def admit(self, entries: Sequence[Entry], run: int, retry: Retry = Retry.NONE) -> list[Admitted]:
        """Claims."""
        self._fate.meet("before claims")
        self._written.add("claims")
        return self._inner.admit(entries, run, retry)

    def sending(self, positions: Sequence[int], now: float, ends_at: float) -> None:
        """Intents."""
        self._written.add("intents")
        self._inner.sending(positions, now, ends_at)

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Outcomes."""
        self._fate.meet("before outcomes")
        self._written.add("outcomes")
        self._inner.decide(decisions)


class DyingTransport:
    """A transport whose owner may die around every request."""

    def __init__(self, fate: Fate) -> None:
        self._inner = AiohttpTransport(connections=CONCURRENCY)
        self._fate = fate

    async def send(self, request: Request) -> Response:
        """One request, or death on either side of it."""
        if request.method == "POST":
            self._fate.meet("before the first byte")
        answer = await self._inner.send(request)
        self._fate.meet("answer not read" if request.method == "POST" else "lookup answered")
        return answer

    async def close(self) -> None:
        """Closes what it opened."""
        await self._inner.close()


async def run(options: argparse.Namespace) -> bool:
    """Runs the job; returns whether nothing is left to do."""
    fate = Fate(options.step, options.after, options.durable)
    path: Path = options.journal

    def opened() -> Journal:
        return cast("Journal", DyingJournal(open_sqlite(path), path, fate))

    async with Confirma(
        os.environ["CONFIRMA_API_KEY"],
        base_url=options.url,
        transport=DyingTransport(fate),
        rate_limit=RateLimit(concurrency=CONCURRENCY, per_second=options.rate),
        retry=RetryPolicy(base=0.01),
        timeout=options.timeout,
    ) as confirma:
        report = await confirma.bulk.submit(
            read_files([options.file]),
            journal=opened,
            settle_seconds=options.settle,
            on_unknown="resend",  # no later invoices come that could be witnesses
            retry=Retry.CHANGED if options.rejected else Retry.NONE,
            inputs=[str(options.file)],
        )
    json.dump({"complete": report.complete, "paused": report.paused, "unknown": report.unknown}, sys.stdout)
    return report.complete


def main() -> None:
    parser = argparse.ArgumentParser(description="a bulk job that kills itself")
    parser.add_argument("url")
    parser.add_argument("journal", type=Path)
    parser.add_argument("file", type=Path)
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
