"""Do claims stay as fast while a million planned invoices are sent, and does the database stay small?

Plans invoices in a database, and brings them to their end as a worker does, but without a service: chunks are
claimed, intents and outcomes are written some dozens at a time, finished chunks are removed. Every step is a
transaction of its own. How long a claim of a chunk takes is told for the first and the last tenth of them, as
is the memory of the process, while it plans and while it sends; in the end the size of the tables, and what
the server wrote to its log (WAL).

Prints one JSON document with its ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Sequence

import psutil
import psycopg
from attrs import evolve
from parts.database import database_server
from parts.drive import API_KEY
from parts.figures import report, surroundings
from parts.sample import FIRST_NUMBER, numbered, sample_invoice

from confirma_async import Confirma
from confirma_async.bulk.job.preparation import prepare
from confirma_async.bulk.journal.records import Decision, JobName
from confirma_async.bulk.machines.planned_journal import PlannedJournal, open_planned
from confirma_async.bulk.models import Entry, State
from confirma_async.converters import Converter
from confirma_async.validation import Checks

TARGET_CLAIMS = 1.5
"""The last claims over the first ones, of their medians."""

SERVICE = "http://127.0.0.1:9"
"""Where the invoices would go; nothing is sent there."""

CHUNK = 500
AT_ONCE = 32
"""Invoices of which intents and outcomes share a transaction, as of a worker with 64 calls under way."""

DIFFERENT = 10_000
"""Invoices that are prepared; each stands for others of the same contents and another number."""

_CHUNKS = "SELECT id FROM confirma_journal.planned_chunk ORDER BY id"
_LOG = "SELECT wal_bytes FROM pg_stat_wal"
_SIZES = (
    "SELECT relname, pg_total_relation_size(relid), n_dead_tup FROM pg_stat_user_tables WHERE schemaname "
    "IN ('confirma_journal', 'confirma_queue') AND pg_total_relation_size(relid) > 1000000 ORDER BY 2 DESC"
)


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="measures claims of planned invoices")
    parser.add_argument("--invoices", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    count = 10 * CHUNK if options.quick else options.invoices
    with tempfile.TemporaryDirectory() as state, database_server() as server:
        os.environ["XDG_STATE_HOME"] = os.environ["CONFIRMA_JOURNAL_DIR"] = state
        began = time.monotonic()
        planning = asyncio.run(_plan(server.url, count))
        planned = time.monotonic()
        with contextlib.closing(open_planned(server.url)) as journal:
            claims, sending = _send(journal, server.url)
        sent = time.monotonic()
        with psycopg.connect(server.url, autocommit=True) as connection:
            tables = connection.execute(_SIZES).fetchall()
            (log,) = connection.execute(_LOG).fetchone() or (0,)
    tenth = max(1, len(claims) // 10)
    first, last = _times(claims[:tenth]), _times(claims[-tenth:])
    growth = last["p50_ms"] / first["p50_ms"]
    report(
        {
            **surroundings(),
            "rounds": 1,
            "invoices": count,
            "planned_a_second": round(count / (planned - began)),
            "sent_a_second": round(count / (sent - planned)),
            "claim_of_a_chunk": {"first tenth": first, "last tenth": last},
            "claims_growth": round(growth, 3),
            "memory_mib": {
                name: {"first tenth": memory[max(0, len(memory) // 10 - 1)], "end": memory[-1]}
                for name, memory in (("planning", planning), ("sending", sending))
            },
            "log_bytes_an_invoice": round(int(log) / count),
            "tables": {name: {"mib": round(size / 2**20, 1), "dead": dead} for name, size, dead in tables},
            "target": {"claims_growth": TARGET_CLAIMS},
            "met": {"claims_growth": growth <= TARGET_CLAIMS},
        }
    )


def _entries(count: int) -> Iterator[Entry]:
    """Yield entries of different numbers; the contents come again and again, and cost nothing more."""
    converter, base = Converter(), sample_invoice()
    some = [
        entry
        for index in range(min(count, DIFFERENT))
        if isinstance(
            entry := prepare(numbered(base, FIRST_NUMBER + index), index + 1, converter, Checks()), Entry
        )
    ]
    for index in range(count):
        entry, number = some[index % len(some)], FIRST_NUMBER + index
        yield evolve(entry, key=evolve(entry.key, number=number), digest=number.to_bytes(16, "big"))


async def _plan(url: str, count: int) -> list[float]:
    """Plan all, as a stream; return the memory in MiB on the way."""
    process, memory = psutil.Process(), list[float]()
    async with Confirma(API_KEY, base_url=SERVICE) as confirma:
        planned = await confirma.bulk.plan(
            _entries(count),
            journal=url,
            chunk_size=CHUNK,
            progress=lambda _: memory.append(_mib(process)),
        )
    if planned.planned != count:
        raise AssertionError(f"of {count} invoices {planned.planned} were planned")
    return memory


def _mib(process: psutil.Process) -> float:
    return round(float(process.memory_info().rss) / 2**20, 1)


def _send(journal: PlannedJournal, url: str) -> tuple[list[float], list[float]]:
    """Bring all to its end; return how long each claim took, and the memory in MiB after it."""
    process, claims, memory = psutil.Process(), list[float](), list[float]()
    with journal.transaction():
        run = journal.runs.begin(JobName(SERVICE), now=time.time())
        journal.become_worker(run, "worker")
    with psycopg.connect(url, autocommit=True) as connection:
        chunks = [chunk for (chunk,) in connection.execute(_CHUNKS)]
    for chunk in chunks:
        began = time.perf_counter()
        with journal.transaction():
            taken = journal.take(chunk)
        claims.append(time.perf_counter() - began)
        if len(taken) != CHUNK and chunk != chunks[-1]:
            raise AssertionError(f"of {CHUNK} invoices {len(taken)} were claimed")
        before = list[int]()
        for start in range(0, len(taken) + AT_ONCE, AT_ONCE):
            now = time.time()
            following = [admitted.position for _, admitted in taken[start : start + AT_ONCE]]
            with journal.transaction():
                if before:
                    journal.decide([_accepted(position, now) for position in before])
                journal.sending(following, now, now + 30.0)
            before = following
        with journal.transaction():
            if journal.finish(chunk, now=time.time()):
                raise AssertionError("a chunk was not finished")
        memory.append(_mib(process))
    return claims, memory


def _accepted(position: int, now: float) -> Decision:
    return Decision(position=position, state=State.ACCEPTED, at=now, seconds=0.1)


def _times(claims: Sequence[float]) -> dict[str, float]:
    ordered = sorted(claims)
    return {
        "p50_ms": round(ordered[len(ordered) // 2] * 1000, 2),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 2),
    }


if __name__ == "__main__":
    main()
