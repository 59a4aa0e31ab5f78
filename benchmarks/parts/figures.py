"""How the benchmarks measure and report: CPU time, medians of ratios, one JSON document."""

from __future__ import annotations

import gc
import importlib.metadata
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

PACKAGES = ("aiohttp", "anyio", "attrs", "cattrs", "msgspec", "uvloop")


def surroundings() -> dict[str, Any]:
    """Return what the figures depend on besides the code."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "versions": {name: _version(name) for name in PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def rounds_of(
    variants: Mapping[str, Callable[[], object]], *, rounds: int, calls: int
) -> dict[str, list[float]]:
    """Return CPU microseconds per call of each variant, round by round.

    The variants take turns within a round.
    """
    taken: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, call in variants.items():
            gc.collect()
            started = time.process_time()
            for _ in range(calls):
                call()
            taken[name].append((time.process_time() - started) / calls * 1e6)
    return taken


def ratio(over: Sequence[float], under: Sequence[float]) -> dict[str, float]:
    """Return the median of the ratios of each round, and how far they spread."""
    ratios = sorted(one / other for one, other in zip(over, under, strict=True))
    return {
        "median": round(statistics.median(ratios), 3),
        "lowest": round(ratios[0], 3),
        "highest": round(ratios[-1], 3),
    }


def median(values: Sequence[float]) -> float:
    """Return the median, to a tenth."""
    return round(statistics.median(values), 1)


def report(document: Mapping[str, Any]) -> None:
    """Print the one JSON document of a benchmark."""
    json.dump(document, sys.stdout, indent=2)
    print()
