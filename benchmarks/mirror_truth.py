"""Is a mirror the truth after each of its daily runs, over 400 days of a record that changes every day?

The sandbox's clock goes on by a day, what it tells changes (``vendor_history.py``), a run reads it, and the
mirror is compared with what is told, record for record: by digests every day, and by the raw forms every
twentieth. ``wrong`` counts the days on which they differed. Cases are left to ``--cases`` a day. ``mib`` is
peak memory of all that: the sandbox, the record, the truth and the mirror are in one process.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from parts.drive import peak_memory_mib
from parts.figures import report, surroundings
from services.vendor_history import CallRecord

from confirma_async import Confirma, Sandbox
from confirma_async.mirror.content import RawRecord, digest, without
from confirma_async.mirror.store.database import MirrorDatabase
from confirma_async.mirror.store.opening import open_mirror
from confirma_async.sandbox import ListedKind, VirtualClock

START = datetime.datetime(2025, 10, 1, 6, tzinfo=datetime.UTC)
WHOLE = 20
"""Days between two comparisons of the raw forms."""
LISTS = {
    "distributions": ListedKind.DISTRIBUTION,
    "payments": ListedKind.PAYMENT,
    "settlements": ListedKind.SETTLEMENT,
}
PASSING = "apiFetchDate"


def main() -> None:
    """Run day after day, and print one JSON document."""
    parser = argparse.ArgumentParser(description="a mirror against the truth")
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--invoices", type=int, default=100_000)
    parser.add_argument("--payments", type=int, default=60_000)
    parser.add_argument("--settlements", type=int, default=2000)
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    if options.quick:
        options.days, options.invoices, options.payments, options.settlements = 5, 50, 30, 5
    record = CallRecord(
        first=START.date(),
        days=options.days,
        invoices=options.invoices,
        payments=options.payments,
        settlements=options.settlements,
    )
    report({**surroundings(), "rounds": 1, **asyncio.run(_lived(record, options.cases))})


async def _lived(record: CallRecord, cases: int) -> dict[str, Any]:
    truth = Truth()
    wrong = calls = incomplete = 0
    began, cpu = time.perf_counter(), 0.0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CONFIRMA_JOURNAL_DIR"] = f"{folder}/journals"
        place = Path(folder) / "mirror.db"
        async with (
            Sandbox(clock=VirtualClock(START)) as sandbox,
            Confirma(sandbox.api_key, base_url=sandbox.url, timeout=300) as confirma,
        ):
            for day in range(1, record.days + 1):
                sandbox.clock.advance(days=1)
                record.next_day()
                for kind in ListedKind:
                    sandbox.add_records(
                        kind, {name: record.listed[kind][name] for name in record.changed[kind]}
                    )
                    sandbox.remove_records(kind, sorted(record.dropped[kind]))
                truth.follow(record)
                spent = time.process_time()
                run = await confirma.mirror.sync(place, now=sandbox.clock.now(), most_cases=cases)
                cpu += time.process_time() - spent
                calls += run.calls
                incomplete += not run.complete
                raw = day % WHOLE == 0 or day == record.days
                wrong += not truth.is_held(place, raw=raw)
    return {
        "days": record.days,
        "invoices": record.invoices,
        "payments": len(record.listed[ListedKind.PAYMENT]),
        "settlements": len(record.listed[ListedKind.SETTLEMENT]),
        "wrong": wrong,
        "incomplete": incomplete,
        "calls": calls,
        "cpu_seconds": round(cpu, 1),
        "seconds": round(time.perf_counter() - began, 1),
        "mib": round(peak_memory_mib(), 1),
        "kept_promise": not wrong and not incomplete,
    }


class Truth:
    """What the service tells, as digests that are made anew only for what has changed."""

    def __init__(self) -> None:
        self._digests: dict[ListedKind, dict[str, str]] = {kind: {} for kind in LISTS.values()}

    def follow(self, record: CallRecord) -> None:
        """Take in the changes of a day."""
        for kind, digests in self._digests.items():
            for name in record.dropped[kind]:
                digests.pop(name, None)
            for name in record.changed[kind]:
                digests[name] = _digest(record.listed[kind][name])

    def is_held(self, place: Path, *, raw: bool) -> bool:
        """Say whether the mirror holds it."""
        database = open_mirror(place)
        try:
            return all(
                _held(database, stream, raw=raw) == Counter(self._digests[kind].values())
                for stream, kind in LISTS.items()
            )
        finally:
            database.close()


def _held(database: MirrorDatabase, stream: str, *, raw: bool) -> Counter[str]:
    from confirma_async.converters import Converter

    live = "r.stream = ? AND r.gone_since IS NULL AND r.missed_at IS NULL"
    if not raw:
        rows = database.rows(f"SELECT r.hash FROM record r WHERE {live}", (stream,))
        return Counter(found for (found,) in rows)
    forms = "record r JOIN revision v ON v.record = r.id AND v.number = r.revision"
    parse = Converter().parse
    return Counter(
        _digest(parse(text))
        for (text,) in database.rows(f"SELECT v.raw FROM {forms} WHERE {live}", (stream,))
    )


def _digest(record: RawRecord) -> str:
    return digest(without(record, PASSING))


if __name__ == "__main__":
    main()
