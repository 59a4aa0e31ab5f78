"""What does reading a file cost, and does memory grow with the file?

Writes a small file and a large one of ten-row invoices in each format, and reads each in a process of its
own. ``growth_mib`` is what the large file needs more than the small one at its peak: little, where a reader
streams. ``cpu_us`` is the CPU time of one invoice of the large file.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from parts.figures import report, surroundings

from confirma_async.converters import Converter
from confirma_async.formats import BadRecord, read

ROWS = 10
TARGET_MIB = 30
DAY = datetime.date(2026, 11, 2)
HEADER = (
    "number",
    "date",
    "due_date",
    "currency",
    "buyer_name",
    "row_product_name",
    "row_quantity",
    "row_vat_percentage",
    "row_net_amount",
)
EXAMPLE = Path(__file__).parents[1] / "examples" / "finvoice" / "invoices.xml"


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="read files of every format")
    parser.add_argument("--small", type=int, default=500, help="invoices of the small file")
    parser.add_argument("--large", type=int, default=10_000, help="invoices of the large file")
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        print(json.dumps(_read(options.child)))
        return
    small, large = (5, 50) if options.quick else (options.small, options.large)
    figures: dict[str, dict[str, float | list[float]]] = {}
    growth: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for extension, write in WRITERS.items():
            taken = [
                _in_a_process(_written(write, Path(folder), extension, count)) for count in (small, large)
            ]
            growth.append(taken[1]["peak_mib"] - taken[0]["peak_mib"])
            figures[extension] = {
                "cpu_us": round(taken[1]["cpu"] / large * 1e6),
                "peak_mib": [round(each["peak_mib"], 1) for each in taken],
                "growth_mib": round(growth[-1], 1),
                "file_mib": round(taken[1]["file_mib"], 1),
            }
    report(
        {
            "question": "what does it cost to read an invoice, and does memory grow with the file?",
            **surroundings(),
            "rounds": 1,
            "invoices": [small, large],
            "formats": figures,
            "target_mib": TARGET_MIB,
            "met": max(growth) <= TARGET_MIB,
        }
    )


def _written(write: Callable[[Path, int], None], folder: Path, extension: str, count: int) -> Path:
    path = folder / f"{count}{extension}"
    write(path, count)
    return path


def _in_a_process(path: Path) -> Mapping[str, float]:
    command = [sys.executable, __file__, "--child", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    path.unlink()
    return found


def _read(path: Path) -> Mapping[str, float]:
    size = os.stat(path).st_size
    started = time.process_time()
    for record in read(path):
        if isinstance(record, BadRecord):
            sys.exit(f"{record.place}: {record.problems[0]}")
    return {
        "cpu": time.process_time() - started,
        "peak_mib": _peak() / 1024,
        "file_mib": size / 1024**2,
    }


def _peak() -> int:
    """Return the peak of resident memory in KiB.

    On Linux of this program alone, not of the one that started it.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1])


def _lines(count: int) -> Iterator[tuple[object, ...]]:
    for number in range(1, count + 1):
        for row in range(ROWS):
            amount = Decimal(number * 10 + row) / 100
            yield number, DAY, DAY, "EUR", f"Buyer {number} Oy", f"Work {row}", 2, Decimal("25.5"), amount


def _write_csv(path: Path, count: int) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(_lines(count))


def _write_excel(path: Path, count: int) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEADER)
    for line in _lines(count):
        sheet.append(line)
    book.save(path)


def _write_parquet(path: Path, count: int) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    columns = dict(zip(HEADER, zip(*_lines(count), strict=True), strict=True))
    parquet.write_table(pa.table(columns), path)


def _write_json_lines(path: Path, count: int) -> None:
    source = path.with_suffix(".csv")
    _write_csv(source, count)
    converter = Converter()
    with path.open("wb") as file:
        for record in read(source):
            if not isinstance(record, BadRecord):
                file.write(converter.dumps(record.request) + b"\n")
    source.unlink()


def _write_finvoice(path: Path, count: int) -> None:
    invoice = EXAMPLE.read_bytes().partition(b"</Finvoice>")[0] + b"</Finvoice>\n"
    with path.open("wb") as file:
        for number in range(1, count + 1):
            file.write(invoice.replace(b">13001</InvoiceNumber>", b">%d</InvoiceNumber>" % number))


WRITERS: Mapping[str, Callable[[Path, int], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_json_lines,
    ".parquet": _write_parquet,
    ".xlsx": _write_excel,
    ".xml": _write_finvoice,
}

if __name__ == "__main__":
    main()
