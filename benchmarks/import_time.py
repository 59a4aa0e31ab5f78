"""What does importing the SDK cost a program that imports aiohttp anyway?

Starts new interpreters in turns, each with one of the lines of ``STATEMENTS``, and lets each tell its CPU and
wall time; on a machine with nothing else to do the two are the same. ``ratio`` and ``extra_ms`` compare the
CPU time of a ready client with that of ``import aiohttp`` alone; the target is judged on the median of
``extra_ms``. ``schemas_load_aiohttp`` must be false. Resources and schemas are loaded when they are first
asked for: ``invoices`` is a client that is about to send an invoice, and ``checking`` one that has loaded the
optional libraries of the first validation as well.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

from parts.figures import median, ratio, report, surroundings

TARGET_MS = 60.0
STATEMENTS = {
    "aiohttp": "import aiohttp",
    "confirma_async": "import confirma_async",
    "schemas": "import confirma_async.schemas",
    "client": "from confirma_async import Confirma; Confirma('key')",
    "blocking client": "from confirma_sync import Confirma; Confirma('key')",
    "invoices": (
        "from confirma_async import Confirma; Confirma('key').invoices; "
        "from confirma_async.schemas import SalesInvoiceRequest"
    ),
    "checking": (
        "from confirma_async import Confirma; Confirma('key').invoices; "
        "from confirma_async.validation import missing_libraries; missing_libraries()"
    ),
}
CLOCK = "import time; c, w = time.process_time(), time.perf_counter(); "
TELL = "; print((time.process_time() - c) * 1000, (time.perf_counter() - w) * 1000)"


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="import time over that of aiohttp")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    rounds = 1 if options.quick else options.rounds
    cpu: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    wall: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for turn in range(rounds + 1):
        for name, statement in STATEMENTS.items():
            took = [float(word) for word in _said_by(CLOCK + statement + TELL)]
            if turn:  # the first turn compiles and fills the file cache
                cpu[name].append(took[0])
                wall[name].append(took[1])
    extra = {
        name: statistics.median([own - bare for own, bare in zip(cpu[name], cpu["aiohttp"], strict=True)])
        for name in ("client", "blocking client", "invoices", "checking")
    }
    loaded = _said_by("import sys, confirma_async.schemas; print('aiohttp' in sys.modules)")
    report(
        {
            **surroundings(),
            "rounds": rounds,
            "cpu_ms": {name: median(each) for name, each in cpu.items()},
            "wall_ms": {name: median(each) for name, each in wall.items()},
            "ratio": ratio(cpu["client"], cpu["aiohttp"]),
            "extra_ms": {name: round(each, 1) for name, each in extra.items()},
            "schemas_load_aiohttp": loaded == ["True"],
            "target_ms": TARGET_MS,
            "met": extra["client"] <= TARGET_MS and loaded == ["False"],
        }
    )


def _said_by(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-P", "-c", program], check=True, capture_output=True, text=True)
    return done.stdout.split()


if __name__ == "__main__":
    main()
