"""What people see in their editor: mypy and pyright reveal the same of a verb as of its original."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sync.test_names import VERBS

ROOT = Path(__file__).parents[2]
LISTING = "confirma_async.pagination.Listing[", "confirma_sync.listing.Listing["
STREAM = "confirma_async.bulk.BulkStream", "confirma_sync.bulk.BulkStream"

CHECKERS = {
    "mypy": [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context"],
    "pyright": [sys.executable, "-m", "pyright", "--pythonpath", sys.executable],
}
REVEALED = {
    "mypy": re.compile(r'Revealed type is "(.*)"$', re.MULTILINE),
    "pyright": re.compile(r'Type of ".*?" is "(.*)"$', re.MULTILINE),
}


@pytest.fixture(params=CHECKERS)
def reveal(request, tmp_path):
    """Reveals expressions; an error is a failure."""

    def run(expressions):
        script = tmp_path / "revealed.py"
        lines = ["import confirma_async, confirma_sync", 'original = confirma_async.Confirma("key")']
        lines += ['twin = confirma_sync.Confirma("key")', *(f"reveal_type({one})" for one in expressions)]
        script.write_text("\n".join(lines) + "\n", encoding="utf-8")
        done = subprocess.run(
            [*CHECKERS[request.param], str(script)], check=False, capture_output=True, text=True, cwd=ROOT
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return [waited_for(found) for found in REVEALED[request.param].findall(done.stdout)]

    return run


def waited_for(revealed):
    """What a type is once it has been awaited, in the names of the synchronous side."""
    revealed = re.sub(r"(?:typing\.|types\.)?Coroutine(?:Type)?\[Any, Any, (.*)\]$", r"\1", revealed)
    for there, here in (LISTING, STREAM):
        revealed = revealed.replace(there, here)
    return revealed


def test_a_verb_reveals_the_type_of_its_original(reveal):
    verbs = [name for name, _, _ in VERBS]
    revealed = reveal([f"{side}.{verb}" for verb in verbs for side in ("original", "twin")])
    assert len(revealed) == 2 * len(verbs)
    assert revealed[0::2] == revealed[1::2]
    revealed = [re.sub(r"unknown: [^,]*,", "", one) for one in revealed]  # an enumeration of ours
    assert not [one for one in revealed if one == "Any" or "Unknown" in one]


def test_the_classes_reveal_the_parameters_of_their_originals(reveal):
    made = ["confirma_async.Confirma.__init__", "confirma_sync.Confirma.__init__"]
    made += ["confirma_async.Sandbox.__init__", "confirma_sync.Sandbox.__init__"]
    revealed = [re.sub(r"\((self: )?[\w.]+", "(", one, count=1) for one in reveal(made)]
    assert revealed[0::2] == revealed[1::2]
    assert all("timeout" in one or "port" in one for one in revealed)
