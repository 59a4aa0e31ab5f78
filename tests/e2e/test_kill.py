"""The submitting process is killed, the power is cut: nothing is lost, nothing doubled.

``benchmarks/kill.py`` kills as often as one likes; here it does so a few times, and is told what to prove.
"""

import json
import subprocess
import sys
from pathlib import Path

KILL = Path(__file__).parents[2] / "benchmarks" / "kill.py"
KILLS = 26
"""Half of them at one of thirteen steps each."""


def test_kills_and_power_cuts_under_faults_lose_and_double_nothing():
    done = subprocess.run(
        [sys.executable, str(KILL), "--kills", str(KILLS), "--at-once", "2"],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    proof = json.loads(done.stdout)
    assert (proof["lost"], proof["doubled"], proof["disagreeing"], proof["unfinished_jobs"]) == (0, 0, 0, 0)
    assert done.returncode == 0
    assert proof["kills"]["all"] >= KILLS
    assert {"random", "step", "power"} <= set(proof["kills"])
    assert proof["kills_with_something_under_way"] > 0  # else the kills missed what they are for
    assert sum(kills > 0 for kills in proof["kills_by_step"].values()) >= 10
    assert proof["lookups"] > 0
    assert {"timeout before the commit", "timeout after the commit"} <= set(proof["requests_hit"])
    assert any(name.endswith("in storms") for name in proof["requests_hit"])
