"""What does it cost to send the invoices of a file, over sending them from JSON Lines?

Sends a small file and a large one of each format by ``confirma submit``, each in its own process and into
a new journal, to a server that does next to nothing; the formats take turns. ``cpu_us`` is the CPU of the
program for each further invoice, and ``over_jsonl`` its ratio to that of JSON Lines in the same round. The
documents of XML repeat one row, so that their totals are not those of their rows: that rule is let be.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from parts.figures import ratio, report, surroundings
from parts.invoice_files import WRITERS, written
from parts.raw_server import running_server

SMALL = 5
TARGET = 2.0
BASE = "jsonl"


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="send files of every format")
    parser.add_argument("--invoices", type=int, default=2000, help="invoices of the large file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tiny run of two formats")
    options = parser.parse_args()
    large, rounds = (20, 1) if options.quick else (options.invoices, options.rounds)
    formats = (BASE, "csv") if options.quick else (*WRITERS,)
    cpu: dict[str, list[float]] = {name: [] for name in formats}
    with tempfile.TemporaryDirectory() as folder, running_server() as url:
        files = {
            name: [written(name, Path(folder), count) for count in (SMALL, SMALL + large)] for name in formats
        }
        for _ in range(rounds):
            for name, (little, much) in files.items():
                further = _cpu_of(much, url, Path(folder)) - _cpu_of(little, url, Path(folder))
                cpu[name].append(further / large * 1e6)
    over = {name: ratio(taken, cpu[BASE]) for name, taken in cpu.items() if name != BASE}
    report(
        {
            "question": "what does it cost to send the invoices of a file, over JSON Lines?",
            **surroundings(),
            "rounds": rounds,
            "invoices": large,
            "cpu_us": {name: round(min(taken)) for name, taken in cpu.items()},
            "over_jsonl": over,
            "target": TARGET,
            "met": {name: figures["median"] <= TARGET for name, figures in over.items()},
        }
    )


def _cpu_of(path: Path, url: str, folder: Path) -> float:
    """Return the seconds of CPU that sending a file takes.

    Raises:
        RuntimeError: not all of it was sent.
    """
    with tempfile.TemporaryDirectory(dir=folder) as home:
        command = [sys.executable, "-m", "confirma_async.cli", "submit", str(path), "--base-url", url]
        command += ["--journal", str(Path(home, "journal")), "--allow", "row-sums", "--json"]
        places = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"), home)
        process = subprocess.Popen(
            command,
            env={**os.environ, **places, "CONFIRMA_API_KEY": "benchmark-key"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            msg = f"sending {path.name} ended with {process.returncode}"
            raise RuntimeError(msg)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
