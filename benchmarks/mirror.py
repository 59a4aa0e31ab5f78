"""What does the mirror cost: a first run, a run with nothing new, and a reconciliation?

A sandbox in a process of its own tells a record of 400 days (``vendor_history.py``). Another process reads
it twice. ``cpu_us`` is the CPU time of that process by the record, ``calls`` how many calls it made, ``mib``
its peak memory. The growth from the smallest to the largest record is told as a ratio of the CPU time by the
record: 1 is linear. Cases are measured apart, since each costs a call.

The reconciliation compares a mirror of as many invoices (``seeded_differences.py``), in which 50 differences
of each of the 12 kinds were put: what it finds of them, and what else it finds.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from parts.drive import peak_memory_mib
from parts.figures import report, surroundings
from parts.seeded_differences import NOW, fill, seeded
from services.vendor_history import CallRecord

from confirma_async import Confirma, Sandbox
from confirma_async.mirror.reconciliation.keeping import reconcile
from confirma_async.mirror.reconciliation.kinds import Horizons
from confirma_async.mirror.store.opening import open_mirror
from confirma_async.sandbox import VirtualClock

DAYS = 400
START = datetime.datetime(2025, 10, 1, 6, tzinfo=datetime.UTC)
SIZES = (10_000, 25_000, 50_000, 100_000)
EACH = 50
CASES = 2000
AT_ONCE = 20_000


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="what the mirror costs")
    parser.add_argument("--invoices", type=int, nargs="*", default=SIZES)
    parser.add_argument(
        "--postgres", help="the URL of an empty PostgreSQL database to measure instead of a file"
    )
    parser.add_argument("--plot", type=Path, help="draw the growth into this PNG")
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--compare", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(asyncio.run(_measure(**json.loads(options.measure)))))
        return
    if options.compare is not None:
        print(json.dumps(_compare(options.compare)))
        return
    sizes = [300, 600] if options.quick else list(options.invoices)
    seen = [asyncio.run(_of(size, options.postgres)) for size in sizes]
    if options.plot:
        _draw(seen, options.plot)
    by_record = [one["first"]["cpu_us"] for one in seen]
    report(
        {
            **surroundings(),
            "rounds": 1,
            "sizes": seen,
            "growth": round(by_record[-1] / by_record[0], 2),
            "reconciliation": _child("--compare", str(sizes[-1])),
            "target": {"growth": 1.3, "mib": 200, "reconciliation_seconds": 30},
        }
    )


def _draw(seen: list[dict[str, Any]], target: Path) -> None:
    """Draw CPU time, calls and memory over the invoices."""
    from matplotlib.figure import Figure  # installed for plots alone

    figure = Figure(figsize=(11, 3.2), layout="constrained")
    sizes = [one["invoices"] for one in seen]
    panels = {"CPU seconds": "cpu_seconds", "Calls": "calls", "Seconds": "seconds"}
    for axis, (title, name) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        for run in ("first", "nothing_new"):
            axis.plot(sizes, [one[run][name] for one in seen], marker="o", label=run.replace("_", " "))
        axis.set_title(title)
        axis.set_xlabel("Invoices")
        axis.set_ylim(bottom=0)
        axis.legend()
    figure.savefig(target)


def _child(*arguments: str) -> Any:
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


async def _of(invoices: int, postgres: str | None) -> dict[str, Any]:
    record = CallRecord(
        first=START.date(),
        days=DAYS,
        invoices=invoices,
        payments=invoices * 6 // 10,
        settlements=invoices // 50,
    )
    for _ in range(DAYS):
        record.next_day()
    async with Sandbox(clock=VirtualClock(START + datetime.timedelta(days=DAYS))) as sandbox:
        for kind, records in record.listed.items():
            names = list(records)
            for start in range(0, len(names), AT_ONCE):
                sandbox.add_records(kind, {name: records[name] for name in names[start : start + AT_ONCE]})
        what = json.dumps(
            {
                "url": sandbox.url,
                "key": sandbox.api_key,
                "now": sandbox.clock.now().isoformat(),
                "cases": min(CASES, invoices // 10),
                "postgres": postgres,
            }
        )
        return {"invoices": invoices, **await asyncio.to_thread(_child, "--measure", what)}


async def _measure(url: str, key: str, now: str, cases: int, postgres: str | None) -> dict[str, Any]:
    """Read it all, then once more, then some cases."""
    moment = datetime.datetime.fromisoformat(now)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = postgres or Path(folder) / "mirror.db"
        async with Confirma(key, base_url=url, timeout=300) as confirma:
            for name, later, most in (("first", 0, 0), ("nothing_new", 1, 0), ("cases", 2, cases)):
                cpu, wall = time.process_time(), time.perf_counter()
                run = await confirma.mirror.sync(
                    place, now=moment + datetime.timedelta(minutes=later), most_cases=most
                )
                if not run.complete:
                    raise RuntimeError(f"the {name} run proved nothing: {run}")
                spent = time.process_time() - cpu
                records = most if name == "cases" else sum(one.records for one in run.streams.values())
                lists = found["nothing_new"]["cpu_seconds"] if name == "cases" else 0
                found[name] = {
                    "records": records,
                    "calls": run.calls,
                    "cpu_seconds": round(spent, 2),
                    "seconds": round(time.perf_counter() - wall, 2),
                    "cpu_us": round((spent - lists) / max(1, records) * 1e6, 1),
                }
        found["bytes"] = 0 if postgres else (Path(folder) / "mirror.db").stat().st_size
    found["mib"] = round(peak_memory_mib(), 1)
    return found


def _compare(invoices: int) -> dict[str, Any]:
    each = EACH if invoices >= 12 * EACH * 2 else 2
    what = seeded(invoices, each)
    with tempfile.TemporaryDirectory() as folder:
        database = open_mirror(Path(folder) / "mirror.db", make=True)
        account = fill(database, what)
        began, cpu = time.perf_counter(), time.process_time()
        result = reconcile(database, account, [], Horizons(), NOW)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        database.close()
    found = Counter((one.kind, one.subject) for one in result.differences)
    right = sum((found & what.wanted).values())
    return {
        "invoices": invoices,
        "seeded": sum(what.wanted.values()),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "precision": right / max(1, sum(found.values())),
        "recall": right / max(1, sum(what.wanted.values())),
    }


if __name__ == "__main__":
    main()
