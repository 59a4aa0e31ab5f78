"""Sets the clock of this process wrong, for ``victim.py``, which imports this before anything else."""

from __future__ import annotations

import os
import time

VARIABLE = "CONFIRMA_BENCHMARK_CLOCK"
"""Seconds by which the clock is ahead."""

_right = time.time
_ahead = float(os.environ.get(VARIABLE, "0"))
if _ahead:
    time.time = lambda: _right() + _ahead
