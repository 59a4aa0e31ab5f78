"""What it costs to send the invoices of a file by ``confirma submit``, over sending them from JSON Lines.

The invoices are the same; those of XML hold more than those of the tables, and have JSON Lines of their own.
Sends a small file and a large one of each format, each in its own process and into a new journal, to a server
that does next to nothing; the formats take turns. The CPU of the program for each further invoice counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parts.figures import ratio
from parts.invoice_files import AS_JSON_LINES, written
from services.raw_server import running_server

SMALL = 5
TARGET = 2.0
BASE = "jsonl"


def submitted(formats: Sequence[str], large: int, rounds: int) -> dict[str, Any]:
    """Return microseconds of CPU for each invoice, by format, and their ratio to those of JSON Lines.

    Args:
        formats: The formats.
        large: How many invoices the large file has more than the small one.
        rounds: How often each file is sent.
    """
    bases = {name: AS_JSON_LINES.get(name, BASE) for name in formats if name != BASE}
    cpu: dict[str, list[float]] = {name: [] for name in [*formats, *dict.fromkeys(bases.values())]}
    with tempfile.TemporaryDirectory() as folder, running_server() as url:
        files = {
            name: [written(name, Path(folder), count) for count in (SMALL, SMALL + large)] for name in cpu
        }
        for _ in range(rounds):
            for name, (little, much) in files.items():
                further = _cpu_of(much, url, Path(folder)) - _cpu_of(little, url, Path(folder))
                cpu[name].append(further / large * 1e6)
    over = {name: ratio(cpu[name], cpu[base]) for name, base in bases.items()}
    return {
        "invoices": large,
        "rounds": rounds,
        "cpu_us": {name: round(min(taken)) for name, taken in cpu.items()},
        "over_jsonl": over,
        "target": TARGET,
        "met": {name: figures["median"] <= TARGET for name, figures in over.items()},
    }


def _cpu_of(path: Path, url: str, folder: Path) -> float:
    """Return the seconds of CPU that sending a file takes.

    Raises:
        RuntimeError: not all of it was sent.
    """
    with tempfile.TemporaryDirectory(dir=folder) as home:
        command = [sys.executable, "-m", "confirma_async.cli", "submit", str(path), "--base-url", url]
        command += ["--journal", str(Path(home, "journal")), "--json"]
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
