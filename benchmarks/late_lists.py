"""What becomes of lost answers when the service lists invoices late: how many are doubled, how many settled?

Submits invoices to a service in this process, whose answers get lost: before it took the invoice, after it
did, and after the client had given up or the connection was broken, up to the settle time later. It lists
what it has late, by 5 seconds, 5 minutes and 2 hours: in the order in which it came, or each at a moment of
its own. Time is virtual: clocks move on when nothing else is left to do. After the first night another
follows, with the same invoices and some new ones, and one more.

Read ``doubled``: 0 wherever the list keeps its order, whatever ``on_unknown`` says of it; with a list out of
order, a witness says nothing of what came before it, and some are doubled (``held`` has those that a lookup
without a witness left alone). ``settled`` is the share of the lost answers whose outcome was found without a
person after each night.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime
import itertools
import json
import logging
import random
import selectors
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

from attrs import define, field
from parts.figures import report, surroundings
from parts.sample import numbered, sample_invoice

from confirma_async.accounts.owner import Owner
from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.job import Job
from confirma_async.bulk.job.item_listener import OutcomeChannel
from confirma_async.bulk.job.preparation import Source
from confirma_async.bulk.journal import Journal
from confirma_async.bulk.journal.records import Decision, JobName
from confirma_async.bulk.models import JobOptions, Retry, State, Unknown
from confirma_async.bulk.placement import Placement
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.bulk.writer import JournalWriter
from confirma_async.contract import Overrides
from confirma_async.converters import Converter
from confirma_async.errors import Phase, TransportError
from confirma_async.privacy import Secret
from confirma_async.session.pipeline import Pipeline
from confirma_async.session.rate.ratelimit import LocalLimiter, RateLimit
from confirma_async.session.retry import RetryPolicy, RetryQuota
from confirma_async.session.tokens.credential import Credential, CredentialSet
from confirma_async.session.transport import Request, Response, Transport

T = TypeVar("T")

LATE = {"5 s": 5.0, "5 min": 300.0, "2 h": 7200.0}
NIGHT = 24 * 3600.0
NIGHTS = 3
NEW = 20
"""Invoices that each later night brings."""
TIMEOUT = 30.0
SETTLE = 60.0
LOSSES = ("before", "after", "given up")
SHARE = 0.2
"""Of all answers, how many are lost."""


class _NoWaiting(selectors.SelectSelector):
    """Instead of waiting for the next timer, moves the loop's clock to it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time passes only when nothing else is left to do.

    Attributes:
        wall: What the clock on the wall says when the loop's says 0; a test sets it as it likes.
    """

    def __init__(self) -> None:
        self._virtual = _NoWaiting()
        self.wall = datetime.datetime(2026, 11, 2, tzinfo=datetime.UTC).timestamp()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Return virtual seconds."""
        return self._virtual.now

    def clock(self) -> float:
        """Return what the clock on the wall says: seconds since 1970."""
        return self.wall + self.time()


class InlineWriter:
    """A ``JournalWriter`` without a thread, for which virtual time would not wait.

    Args:
        journal: The journal.
        clock: Seconds since 1970.
        longest_call_seconds: Seconds within which a call ends.
    """

    name = "inline"
    deciding = 0

    def __init__(self, journal: Journal, clock: Callable[[], float], longest_call_seconds: float) -> None:
        self._journal = journal
        self._clock = clock
        self._longest_call_seconds = longest_call_seconds
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, work: Callable[[Journal], T]) -> T:
        """Run it at once."""
        with self._journal.transaction():
            return work(self._journal)

    async def sending(self, position: int) -> None:
        """Write it down at once."""
        now = self._clock()
        with self._journal.transaction():
            self._journal.sending([position], now, now + self._longest_call_seconds)

    def decide(self, decision: Decision, then: Callable[[], None]) -> None:
        """Write it down at once."""
        with self._journal.transaction():
            self._journal.decide([decision])
        asyncio.get_running_loop().call_soon(then)


@define
class Service:
    """A service that loses answers and lists late.

    Attributes:
        loop: Gives the time.
        dice: Decides what is lost.
        late: Seconds after which an invoice is listed, or that it takes on average where there is no order.
        ordered: Whether invoices are listed in the order in which they came.
        share: Of all answers, how many are lost.
        seconds: How long a call takes.
        listed: When each copy of each invoice is listed, by its number.
        lost: The numbers of which an answer was lost, and how.
    """

    loop: VirtualLoop
    dice: random.Random
    late: float
    ordered: bool
    share: float = SHARE
    seconds: float = 0.5
    listed: dict[int, list[float]] = field(factory=dict[int, list[float]])
    lost: dict[int, str] = field(factory=dict[int, str])
    posts: Counter[int] = field(factory=Counter[int])
    lookups: int = 0

    async def send(self, request: Request) -> Response:
        """Answer a request, or loses its answer."""
        if request.method == "GET":
            await asyncio.sleep(self.seconds / 10)
            self.lookups += 1
            return self._list(request)
        assert request.body is not None
        number = int(json.loads(request.body)["invoice"]["header"]["number"])
        self.posts[number] += 1
        await asyncio.sleep(self.seconds * self.dice.uniform(0.5, 1.5))
        if self.dice.random() >= self.share:
            self.take(number)
            receipt = {"message": "taken", "invoiceNumber": number, "status": "PAUSED"}
            return Response(200, {}, json.dumps(receipt).encode())
        how = self.dice.choice(LOSSES)
        self.lost.setdefault(number, how)
        if how == "given up":
            if self.dice.random() < 0.5:  # it goes on with it, after the client has gone
                late = request.timeout + self.dice.uniform(0, 0.9 * SETTLE)
                self.loop.call_later(late, self.take, number)
            await asyncio.sleep(request.timeout)
            raise TransportError("no answer in time", phase=Phase.NO_REPLY)
        if how == "after":
            self.take(number)
        elif self.dice.random() < 0.2:  # so does what is behind a gateway that broke the connection
            self.loop.call_later(self.dice.uniform(0, 0.9 * SETTLE), self.take, number)
        raise TransportError("the connection broke", phase=Phase.NO_REPLY, broken=True)

    def take(self, number: int) -> None:
        """Take an invoice: it is listed later."""
        delay = self.late if self.ordered else self.dice.uniform(0, 2 * self.late)
        self.listed.setdefault(number, []).append(self.loop.time() + delay)

    def _list(self, request: Request) -> Response:
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        number = int(query["invoiceNumber"])
        found = [
            {"invoiceNumber": str(number), "invoiceDate": _DATE, "status": "PAUSED"}
            for at in self.listed.get(number, ())
            if at <= self.loop.time()
        ]
        meta = {"totalCount": len(found), "filtersApplied": query}
        return Response(200, {}, json.dumps({"metaData": meta, "data": found}).encode())

    async def close(self) -> None:
        """Close nothing."""

    @property
    def doubled(self) -> int:
        """Invoices that it has more than once."""
        return sum(len(copies) > 1 for copies in self.listed.values())


_BASE = sample_invoice()
_DATE = _BASE.invoice.header.date.isoformat()


def pipeline_to(service: Transport, wide: int = 16) -> Pipeline:
    """Return a pipeline over a service in this process."""
    return Pipeline(
        base_url="https://service.example",
        keys=CredentialSet(client=Credential("k")),
        transport=service,
        converter=Converter({}),
        overrides=Overrides(),
        limiter=LocalLimiter(RateLimit(concurrency=wide)),
        policy=RetryPolicy(),
        quota=RetryQuota(),
        timeout=TIMEOUT,
    )


async def run_job(
    service: Transport,
    journal: Journal,
    invoices: Source,
    *,
    on_unknown: Unknown = Unknown.HOLD,
    settle: float = SETTLE,
    retry: Retry = Retry.NONE,
    wide: int = 16,
) -> Job:
    """Run a job over a journal, in virtual time."""
    clock = cast("VirtualLoop", asyncio.get_running_loop()).clock
    writer = cast("JournalWriter", InlineWriter(journal, clock, TIMEOUT))
    with journal.transaction():
        number = journal.runs.begin(JobName("late"), now=clock())
    channel = OutcomeChannel()
    channel.close()
    options = JobOptions(settle_seconds=settle, on_unknown=on_unknown, retry=retry, validate=False)
    placement = Placement(open=lambda: journal, target="late", owner=Owner(key=Secret("k")))
    run = AccountRun(
        placement=placement, pipeline=pipeline_to(service, wide), writer=writer, number=number, warnings=()
    )
    job = Job(run, options, channel, asyncio.Event(), clock=clock)
    await job.submit(invoices)
    return job


@contextlib.contextmanager
def quick_journal(folder: Path) -> Iterator[Journal]:
    """Yield a journal in a file that is not synced: nobody cuts the power here."""
    with contextlib.closing(open_sqlite(folder / "journal")) as journal:
        journal._connection.execute("PRAGMA synchronous = OFF")  # noqa: SLF001 (a shortcut of this script alone)
        yield journal


def play(
    *, late: float, ordered: bool, lost: int, on_unknown: Unknown = Unknown.HOLD, seed: int = 1
) -> dict[str, Any]:
    """Play some nights; return what came of them."""
    count = int(lost / SHARE)

    async def nights() -> dict[str, Any]:
        loop = cast("VirtualLoop", asyncio.get_running_loop())
        service = Service(loop, random.Random(seed), late, ordered)
        settled: list[float] = []
        with tempfile.TemporaryDirectory() as folder, quick_journal(Path(folder)) as journal:
            for night in range(NIGHTS):
                if night:
                    await asyncio.sleep(NIGHT)
                    service.share = 0.0
                invoices = (numbered(_BASE, number) for number in range(1, count + 1 + NEW * night))
                job = await run_job(service, journal, invoices, on_unknown=on_unknown)
                assert job.brake.reason is None, job.brake.reason
                open_ = {row.key.number for row in journal.rows(State.UNKNOWN)} & set(service.lost)
                settled.append(round(1 - len(open_) / len(service.lost), 4))
            accepted = {row.key.number for row in journal.rows(State.ACCEPTED)}
        return {
            "invoices": count,
            "lost answers": len(service.lost),
            "settled": settled,
            "doubled": service.doubled,
            "reported accepted, not there": len(accepted - set(service.listed)),
            "lookups": service.lookups,
        }

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(nights())


def main() -> None:
    """Play all kinds of lateness, and print one JSON document."""
    parser = argparse.ArgumentParser(description="lost answers and lists that are late")
    parser.add_argument("--lost", type=int, default=2000, help="lost answers of each kind of list")
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    lost = 20 if options.quick else options.lost
    logging.getLogger("confirma_async").setLevel(logging.ERROR)  # lost answers are what this is about
    played: dict[str, dict[str, Any]] = {}
    for (name, late), ordered in itertools.product(LATE.items(), (True, False)):
        order = "in order" if ordered else "out of order"
        played[f"{name} late, {order}"] = play(late=late, ordered=ordered, lost=lost)
    by_time = play(late=LATE["5 min"], ordered=True, lost=lost, on_unknown=Unknown.RESEND)
    in_order: Sequence[dict[str, Any]] = [
        found for name, found in played.items() if name.endswith("in order")
    ]
    report(
        {
            **surroundings(),
            "rounds": 1,
            "nights": NIGHTS,
            "settle_seconds": SETTLE,
            "hold": played,
            "resend, 5 min late, in order": by_time,
            "target": {"doubled in order": 0},
            "met": {"doubled in order": not any(found["doubled"] for found in in_order)},
        }
    )


if __name__ == "__main__":
    main()
