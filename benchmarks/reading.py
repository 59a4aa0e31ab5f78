"""What does reading a file cost, does memory grow with it, and what does sending it cost over JSON Lines?

Writes a small file and a large one of ten-row invoices in each format. Each is read in a process of its own,
and so is the large one by a plain reader (``parts/plain_readers.py``), turn by turn. ``over_plain`` is the
ratio of their CPU time, ``growth_mib`` what the large file needs more than the small one at its peak.
``scan_us`` is the look that numbers are given by (``--number-from``). ``submit`` is the whole of ``confirma
submit`` (``parts/submitting.py``).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parts import plain_readers
from parts.figures import ratio, report, surroundings
from parts.invoice_files import WRITERS, written
from parts.submitting import BASE, submitted

from confirma_async.formats import BadRecord, read, scan

TARGET_MIB = 30
OURS = "confirma"
SCAN = "scan"
TARGETS_US = {"csv": 150, "jsonl": 80, "parquet": 150, "xlsx": 600, "ubl": 600, "finvoice": 600}


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="read files of every format")
    parser.add_argument("--small", type=int, default=1_000, help="invoices of the small file")
    parser.add_argument("--large", type=int, default=10_000, help="invoices of the large file")
    parser.add_argument("--rounds", type=int, default=3, help="how often the large file is read, and sent")
    parser.add_argument("--sent", type=int, default=2_000, help="invoices of the file that is sent")
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--reader", default=OURS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        print(json.dumps(_read(options.child, options.reader)))
        return
    small, large, rounds = (5, 50, 1) if options.quick else (options.small, options.large, options.rounds)
    sent, formats = (20, (BASE, "csv")) if options.quick else (options.sent, (*WRITERS,))
    with tempfile.TemporaryDirectory() as folder:
        figures = {name: _measured(name, Path(folder), small, large, rounds) for name in WRITERS}
    report(
        {
            "question": "what does it cost to read an invoice, and does memory grow with the file?",
            **surroundings(),
            "rounds": rounds,
            "invoices": [small, large],
            "formats": figures,
            "targets_us": TARGETS_US,
            "target_mib": TARGET_MIB,
            "submit": submitted(formats, sent, rounds),
            "met": all(figure["growth_mib"] <= TARGET_MIB for figure in figures.values()),
        }
    )


def _measured(name: str, folder: Path, small: int, large: int, rounds: int) -> dict[str, Any]:
    """Return the figures of one format."""
    little, much = (written(name, folder, count) for count in (small, large))
    baseline = _in_a_process(little, OURS)
    taken: dict[str, list[Mapping[str, float]]] = {
        reader: [] for reader in (OURS, SCAN, *plain_readers.installed(name))
    }
    for _ in range(rounds):
        for reader, found in taken.items():
            found.append(_in_a_process(much, reader))
    cpu = {reader: [each["cpu"] / large * 1e6 for each in found] for reader, found in taken.items()}
    peaks = [baseline["peak_mib"], max(each["peak_mib"] for each in taken[OURS])]
    plain = {reader: values for reader, values in cpu.items() if reader not in {OURS, SCAN}}
    figures = {
        "cpu_us": round(min(cpu[OURS])),
        "scan_us": round(min(cpu[SCAN])),
        "plain_us": {reader: round(min(values)) for reader, values in plain.items()},
        "over_plain": {reader: ratio(cpu[OURS], values) for reader, values in plain.items()},
        "peak_mib": [round(peak, 1) for peak in peaks],
        "growth_mib": round(peaks[1] - peaks[0], 1),
        "plain_peak_mib": {
            reader: round(max(each["peak_mib"] for each in taken[reader]), 1) for reader in plain
        },
        "file_mib": round(much.stat().st_size / 1024**2, 1),
    }
    for path in (little, much):
        path.unlink()
    return figures


def _in_a_process(path: Path, reader: str) -> Mapping[str, float]:
    command = [sys.executable, __file__, "--child", str(path), "--reader", reader]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _read(path: Path, reader: str) -> Mapping[str, float]:
    name = path.name.partition("-")[0]
    started = time.process_time()
    if reader == OURS:
        for record in read(path):
            if isinstance(record, BadRecord):
                sys.exit(f"{record.place}: {record.problems[0]}")
    elif reader == SCAN:
        for _ in scan(path):
            pass
    else:
        plain_readers.PLAIN[name][reader](path)
    return {"cpu": time.process_time() - started, "peak_mib": _peak() / 1024}


def _peak() -> int:
    """Return the peak of resident memory in KiB.

    On Linux of this program alone, not of the one that started it.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1])


if __name__ == "__main__":
    main()
