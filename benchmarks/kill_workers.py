"""Is an invoice lost or doubled when workers on a database are killed, stopped past their lease, or cut off?

One process plans the invoices in a PostgreSQL database; several workers send them to a sandbox over a real
socket while everything goes wrong there now and then (``killing/fault_mix.py``). They reach the database
straight, through a proxy, or through PgBouncer. Meanwhile a random worker is killed (SIGKILL), stopped past
its lease and continued, or asked to drain; the connections of all are ended, or those through the proxy go
silent, half open; the server itself is killed (immediate mode) and started again; and once its replica, which
has missed the last second, takes its place. Others take the places of those who die. In the end the workers
bring the invoices to their end, and every one is compared: at the service exactly once, and accepted by the
journal.

While a worker is stopped for so long that others have taken over, the requests are counted that the service
gets once it goes on and all others are held: it must get none to create an invoice.

With ``--hosts`` the database, its replica, the service and each worker are hosts of their own, in network
namespaces (``network/hosts.py``); what they send each other gets lost, both ways or one, for shorter and for
longer than the lease (``killing/partitions.py``). A worker that has had no answer of the database for a lease
must begin no call: each writes down when it does.

Prints one JSON document; exits with 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import psycopg
from attrs import define, field
from killing.fault_mix import CREATE, troubled_sandbox
from killing.hasty_worker import LEASE, hasten
from killing.partitions import ALL as ALL_PARTITIONS, Partition, Partitions
from killing.worker_process import WorkerProcess, forking, start
from network.cluster import Cluster
from network.hosts import INSIDE, Hosts, missing, run_inside
from parts.database import DatabaseServer, database_server
from parts.figures import report, surroundings
from parts.sample import FIRST_NUMBER, numbered, sample_invoice

from confirma_async import Confirma
from confirma_async.bulk.journal.records import Resolution
from confirma_async.bulk.journal_places import PostgresPlace, reading
from confirma_async.bulk.models import FINAL, State
from confirma_async.bulk.postgres.journal import open_postgres
from confirma_async.bulk.postgres.migrations import SCHEMA
from confirma_async.errors import JournalError
from confirma_async.sandbox import Sandbox

_DONE = {State.ACCEPTED, State.REJECTED, None}
"""What the journal says of an invoice that nobody sends any more; None where it knows none."""

MINUTES = 30
"""Minutes within which workers that nobody kills have to bring all to its end."""

SILENCE = "lines gone silent"
HARMS: dict[str | Partition, float] = {
    "server killed": 0.04,
    "connections ended": 0.04,
    SILENCE: 0.06,
    "drained": 0.08,
    "stopped past its lease": 0.08,
}
"""How often it is that, and not a kill; each comes once before any comes twice."""

PARTED = 0.5
"""How often it is a partition, where workers are on hosts of their own; no proxy is there to go silent."""

PAUSE = (0.3, 1.2)
"""Seconds between two harms."""

HASTE = (0.02, 0.2)
"""The same, where a smaller share of the kills is done than of the invoices."""

FAIL_OVER_AT = 0.6
"""The share of the kills after which the replica takes over."""

HARMS_IN_DOUBT = 2
"""How often harm is done while all is in doubt, before a person ends the doubt."""


def main() -> None:
    """Prove, and print one JSON document."""
    parser = argparse.ArgumentParser(description="kills workers that share a database")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--invoices", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hosts", action="store_true", help="on hosts of their own, parted; as root")
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    if options.quick:
        options.workers, options.invoices, options.kills = 2, 500, 2
    if options.hosts and INSIDE not in os.environ:
        reason = missing()
        if reason is None:
            sys.exit(run_inside([sys.executable, *sys.argv]))
        report({**surroundings(), "rounds": 0, "skipped": reason})
        return
    hasten()
    hosts = Hosts.of(options.workers) if options.hosts else None
    if hosts is not None:
        hosts.service.enter()
    with tempfile.TemporaryDirectory() as state, database_server() as server:
        os.environ["XDG_STATE_HOME"] = os.environ["CONFIRMA_JOURNAL_DIR"] = state
        found = asyncio.run(_prove(server, hosts, options))
    report({**surroundings(), "rounds": 1, "seed": options.seed, **found})
    sys.exit(any(found["wrong"].values()))


async def _prove(server: DatabaseServer, hosts: Hosts | None, options: argparse.Namespace) -> dict[str, Any]:
    dice = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        parted = None if hosts is None else Partitions(hosts, Path(folder), dice)
        async with Cluster.of(server, hosts) as cluster:
            return await Proof(cluster, options.workers, options.invoices, dice, parted).prove(options.kills)


@define
class Proof:
    """Has workers share a database, and does harm to them.

    Attributes:
        cluster: The database, and the ways there.
        workers: How many at once.
        invoices: How many invoices.
        dice: Decides whom it hits, and when.
        parted: The partitions between hosts; None where all are on one.
    """

    cluster: Cluster
    workers: int
    invoices: int
    dice: random.Random
    parted: Partitions | None
    _running: list[WorkerProcess] = field(factory=list[WorkerProcess])
    _happened: Counter[str] = field(factory=Counter[str])
    _late: int = 0
    _forking: ForkServerContext = field(factory=forking)
    _harms: Mapping[str | Partition, float] = field(init=False)
    _first: list[str | Partition] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._harms = HARMS
        if self.parted is not None:
            share = PARTED / len(ALL_PARTITIONS)
            self._harms = {**HARMS, **dict.fromkeys(ALL_PARTITIONS, share)}
            del self._harms[SILENCE]
        self._first = [*self._harms]

    @property
    def _database(self) -> str:
        return self.cluster.url

    async def prove(self, kills: int) -> dict[str, Any]:
        """Kill so often, or until all is sent; return what came of it."""
        began, hits = time.monotonic(), Counter[str]()
        service = "127.0.0.1" if self.parted is None else self.parted.hosts.service.address
        async with troubled_sandbox(self.dice, hits, service) as (sandbox, fault_mix):
            run = await self._plan(sandbox)
            await self._wake_too_late(sandbox)
            while self._is_to_go_on(kills) and (sent := self._sent(run)) < self.invoices:
                await self._keep_running(sandbox)
                is_behind = self._happened["killed"] * self.invoices < sent * kills
                await asyncio.sleep(self.dice.uniform(*(HASTE if is_behind else PAUSE)))
                await self._hit()
                if not self.cluster.failed_over and self._happened["killed"] >= FAIL_OVER_AT * kills:
                    await self._fail_over(sandbox)
            fault_mix.calm_down()
            await self._heal()
            await self._finish(sandbox, run)
            wrong = self._compare(sandbox, run)
        return {
            "workers": self.workers,
            "ways": len(self.cluster.ways),
            "invoices": self.invoices,
            "seconds": round(time.monotonic() - began, 1),
            "happened": dict(self._happened),
            "faults": hits.total(),
            "wrong": wrong,
        }

    async def _plan(self, sandbox: Sandbox) -> int:
        base = sample_invoice()
        async with Confirma(sandbox.api_key, base_url=sandbox.url) as confirma:
            planned = await confirma.bulk.plan(
                (numbered(base, FIRST_NUMBER + index) for index in range(self.invoices)),
                journal=self._database,
                chunk_size=max(20, self.invoices // 100),
            )
        return planned.run

    async def _keep_running(self, sandbox: Sandbox) -> None:
        for process in [one for one in self._running if one.returncode is not None]:
            self._running.remove(process)
            self._happened[f"ended with {process.returncode}"] += process.returncode != -signal.SIGKILL
        while len(self._running) < self.workers:
            self._running.append(await self._start(sandbox))

    async def _start(self, sandbox: Sandbox) -> WorkerProcess:
        way, host, starts = self.cluster.way(self.dice), None, None
        if self.parted is not None:
            taken = {process.host for process in self._running}
            host = next(each for each in self.parted.hosts.workers if each not in taken)
            starts = self.parted.starts_of(host)
        return await start(self._forking, sandbox.url, sandbox.api_key, way, host, starts)

    async def _wake_too_late(self, sandbox: Sandbox) -> None:
        """Stop a worker past its lease, have another take over, and see what the first one sends then."""
        sleeper = await self._taken_over(sandbox)
        before = -1
        while before != sandbox.requests[CREATE]:  # what the other had sent may still arrive
            before = sandbox.requests[CREATE]
            await asyncio.sleep(1.0)
        sleeper.send_signal(signal.SIGCONT)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(20):
                await sleeper.wait()
        self._happened["woke too late"] += 1
        self._happened[f"ended with {sleeper.returncode}"] += 1
        self._late += sandbox.requests[CREATE] - before
        if sleeper.returncode is None:
            self._running.append(sleeper)

    async def _taken_over(self, sandbox: Sandbox) -> WorkerProcess:
        """Return a worker that is stopped, and has been taken over by another one, which is dead by now.

        One that was stopped in the middle of a transaction cannot be taken over yet: it holds the row of its
        run, and would rightly go on. Then another one is stopped.
        """
        while True:
            sleeper = await self._sending(sandbox, min(40, self.invoices // 16))
            sleeper.send_signal(signal.SIGSTOP)
            await asyncio.sleep(2.5 * LEASE)
            other = await self._sending(sandbox, min(100, self.invoices // 16))
            other.kill()
            await other.wait()
            if await self._is_settled(sleeper):
                return sleeper
            sleeper.kill()
            await sleeper.wait()
            self._happened["stopped while it wrote"] += 1

    async def _is_settled(self, process: WorkerProcess) -> bool:
        """Say whether others have taken over what a worker had in its hands."""
        async with await psycopg.AsyncConnection.connect(self._database) as connection:
            found = await connection.execute(
                f"SELECT count(*) FROM {SCHEMA}.run WHERE worker LIKE %s AND lease_until IS NOT NULL",
                (f"%:{process.pid}:%",),
            )
            return await found.fetchone() == (0,)

    async def _sending(self, sandbox: Sandbox, count: int) -> WorkerProcess:
        """Begin a worker, another one where it ends by itself, and wait until it has sent so many."""
        while True:
            before, process = sandbox.requests[CREATE], await self._start(sandbox)
            async with asyncio.timeout(300):
                while process.returncode is None:
                    if sandbox.requests[CREATE] >= before + count:
                        return process
                    await asyncio.sleep(0.01)

    async def _hit(self) -> None:
        """Do harm to one of the workers, or to all of them."""
        harm, victim = self._next_harm(), self.dice.choice(self._running)
        with contextlib.suppress(ProcessLookupError):
            match harm:
                case Partition():
                    if self.parted is not None and victim.host is not None:
                        self.parted.begin(harm, victim.host)
                case "server killed":
                    await self.cluster.kill()
                case "connections ended":
                    await self.cluster.cut_connections()
                case str() if harm == SILENCE:
                    await self.cluster.silence()
                case "drained":
                    victim.terminate()
                case "stopped past its lease":
                    victim.send_signal(signal.SIGSTOP)
                    await asyncio.sleep(self.dice.uniform(1.1, 1.6) * LEASE)
                    victim.send_signal(signal.SIGCONT)
                case _:
                    victim.kill()
                    await victim.wait()
            self._happened[str(harm)] += 1

    async def _heal(self) -> None:
        """Wait until no partition is left."""
        if self.parted is not None:
            await self.parted.heal()

    async def _fail_over(self, sandbox: Sandbox) -> None:
        """Have the replica take over; do more harm while all is in doubt, and have a person end the doubt."""
        await self._heal()
        await self.cluster.fail_over()
        self._happened["failed over"] += 1
        for _ in range(HARMS_IN_DOUBT):
            await self._keep_running(sandbox)
            await asyncio.sleep(self.dice.uniform(1.0, 3.0))
            await self._hit()
        await self._heal()
        await self._drain()
        await asyncio.sleep(2 * LEASE)  # no lease is alive then, and no call under way
        self._happened["found out in the portal"] = await asyncio.to_thread(
            self._find_out, {invoice.number for invoice in sandbox.invoices()}
        )

    def _find_out(self, there: set[int]) -> int:
        """Be the person who looks in the portal, and says then that the journal is whole."""
        with contextlib.closing(open_postgres(self._database, alone=True)) as journal, journal.transaction():
            found = [row for row in journal.rows(State.UNKNOWN) if row.key.number in there]
            for row in found:
                journal.resolve(
                    Resolution(
                        position=row.position,
                        state=State.ACCEPTED,
                        note="seen in the portal",
                        at=time.time(),
                    )
                )
            journal.trust.regain(time.time())
        return len(found)

    def _is_to_go_on(self, kills: int) -> bool:
        """Say whether more harm is to be done: so many kills, and each other kind once."""
        return self._happened["killed"] < kills or bool(self._first)

    def _next_harm(self) -> str | Partition:
        if self._first and self.dice.random() < 0.5:
            return self._first.pop()
        kind = self.dice.random()
        for harm, share in self._harms.items():
            kind -= share
            if kind < 0:
                return harm
        return "killed"

    async def _finish(self, sandbox: Sandbox, run: int) -> None:
        """Leave the workers alone until all is sent, or it takes too long; then have them drain."""
        until = time.monotonic() + 60 * MINUTES
        while self._sent(run) < self.invoices and time.monotonic() < until:
            await self._keep_running(sandbox)
            await asyncio.sleep(0.5)
        await self._drain()

    async def _drain(self) -> None:
        """Ask all workers to stop, and wait for them."""
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        await asyncio.gather(*(process.wait() for process in self._running))

    def _sent(self, run: int) -> int:
        """Return how many invoices are accepted, by the journal; 0 where it cannot be asked."""
        with contextlib.suppress(JournalError), reading(PostgresPlace.of(self._database)) as journal:
            return journal.figures.counts(run)[State.ACCEPTED]
        return 0

    def _compare(self, sandbox: Sandbox, run: int) -> dict[str, int]:
        arrived = Counter(invoice.number for invoice in sandbox.invoices())
        with reading(PostgresPlace.of(self._database)) as journal:
            states = {row.key.number: row.state for row in journal.rows()}
            counted = journal.figures.counts(run)[State.ACCEPTED]
        without, seconds = (0, 0) if self.parted is None else self.parted.sent_without_database()
        self._happened["seconds without the database, past the lease"] += seconds
        numbers = range(FIRST_NUMBER, FIRST_NUMBER + self.invoices)
        return {
            "lost": sum(not arrived[number] and states.get(number) in _DONE for number in numbers),
            "doubled": sum(arrived[number] > 1 for number in numbers),
            "disagreeing": sum(states.get(number) in {State.REJECTED, None} for number in numbers),
            "unfinished": sum(states.get(number, State.REJECTED) not in FINAL for number in numbers),
            "counted otherwise": abs(counted - self.invoices),
            "sent by one that woke too late": self._late,
            "sent by one that had lost the database": without,
        }


if __name__ == "__main__":
    main()
