"""Jobs and retries are killed, the power is cut, inputs change, journals suffer: nothing is lost or doubled.

``benchmarks/kill.py`` kills as often as one likes; here it does so a few times, and is told what to prove.
"""

import json
import subprocess
import sys
from pathlib import Path

KILL = Path(__file__).parents[2] / "benchmarks" / "kill.py"
KILLS = 20
"""Half of them at one of fifteen steps each."""


def test_kills_power_cuts_and_mishaps_under_faults_and_rejections_lose_and_double_nothing():
    done = subprocess.run(
        [sys.executable, str(KILL), "--kills", str(KILLS), "--at-once", "2"],
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
    # The rest says that the kills met what they are for.
    kinds = proof["kills_by_kind"]
    assert all(kinds["submit"][kind] + kinds["retry"][kind] > 0 for kind in ("random", "step", "power"))
    steps = proof["kills_by_step"]
    assert sum(steps["submit"][step] + steps["retry"][step] > 0 for step in steps["submit"]) >= 8
    assert sum(steps["retry"].values()) >= 2
    assert all(proof["kills_with_something_under_way"][name] > 0 for name in ("submit", "retry"))
    assert proof["lookups"] > 0
    assert set(proof["changes_of_the_input"]) == {"file added", "renamed", "reordered", "linked"}
    mishaps = ("looked at", "copied", "log lost", "another key", "journal lost", "copy in place")
    assert set(mishaps) <= set(proof["mishaps_of_the_journal"])
    assert proof["rejected"] > proof["accepted_after_rejection"] > 0
    assert {"timeout before the commit", "timeout after the commit"} <= set(proof["requests_hit"])
    assert any(name.endswith("in storms") for name in proof["requests_hit"])
    assert any("of a gateway" in name for name in proof["requests_hit"])
    assert any(name.startswith(("sign-in page", "receipt of another")) for name in proof["requests_hit"])
    assert {f"refused with {status}" for status in (400, 402, 409, 422)} <= set(proof["requests_hit"])
