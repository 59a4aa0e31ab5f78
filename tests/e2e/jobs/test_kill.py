"""Jobs and retries are killed, the power is cut, inputs change, journals suffer: nothing is lost or doubled.

``benchmarks/kill.py`` kills as often as one likes; here it does so a few times, and is told what to prove.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KILL = Path(__file__).parents[3] / "benchmarks" / "kill.py"
KILLS = int(os.environ.get("CONFIRMA_KILLS", "4"))
"""Half of them at a step. ``make coverage``, and so CI, kills 16 times, and ``make bench`` 60 times."""
AT_ONCE = max(1, KILLS // 8)


@pytest.mark.long
def test_kills_power_cuts_and_mishaps_under_faults_and_rejections_lose_and_double_nothing():
    done = subprocess.run(
        [sys.executable, str(KILL), "--kills", str(KILLS), "--at-once", str(AT_ONCE)],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    proof = json.loads(done.stdout)
    wrongs = (
        *("lost", "doubled", "unwanted", "disagreeing", "unlinked", "unfinished_jobs"),
        *("not_refused", "left_a_trace", "copy_trusted", "look_failed"),
    )
    assert {wrong: proof[wrong] for wrong in wrongs} == dict.fromkeys(wrongs, 0)
    assert (done.returncode, done.stderr) == (0, "")
    assert proof["kills"] >= KILLS
    assert {kind for kinds in proof["kills_by_kind"].values() for kind, count in kinds.items() if count} == {
        "random", "step", "power",
    }  # fmt: skip
    assert all(proof["changes_of_the_input"].values())
    assert len(proof["changes_of_the_input"]) == 4
    assert proof["lookups"] > 0
    assert proof["rejected"] > 0
