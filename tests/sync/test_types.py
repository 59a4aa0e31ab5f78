"""What people see in their editor: mypy and pyright reveal the same of a verb as of its original."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sync.test_names import VERBS

ROOT = Path(__file__).parents[2]
THERE_AND_HERE = {
    "confirma_async.pagination.pager.Pager[": "confirma_sync.waiting.proxy.Pager[",
    "confirma_async.bulk.BulkStream": "confirma_sync.bulk.BulkStream",
    "confirma_async.account.AccountView": "confirma_sync.client.AccountView",
}

OPTIONS = re.compile(r"[*][*]options: [*][*]TypedDict\([\w.]*Options, \{(.*?)\}\)")

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
    """What a type is once it has been awaited, in the names of the synchronous side, without a self."""
    revealed = re.sub(r"(?:typing\.|types\.)?Coroutine(?:Type)?\[Any, Any, (.*)\]$", r"\1", revealed)
    revealed = re.sub(r"AsyncGenerator\[(.*), None\]$", r"Iterator[\1]", revealed)
    revealed = re.sub(r"\((?:self: )?[\w.]*(?:Confirma|SyncProxy|Sandbox), ", "(", revealed)
    revealed = revealed.removesuffix(" -> None")  # mypy leaves it out
    for there, here in THERE_AND_HERE.items():
        revealed = revealed.replace(there, here)
    return OPTIONS.sub(one_by_one, revealed)


def one_by_one(options):
    """The options of a verb as mypy shows them once they have gone through a ``ParamSpec``."""
    named = re.sub(r"'(\w+)'\?: (.*?)(?=, '|$)", r"\1: \2 =", options[1])
    return named if "*, " in options.string[: options.start()] else f"*, {named}"


def parts(revealed):
    """The parameters and what is returned, as mypy writes a typed dictionary of keywords out in the proxy."""
    written_out = re.sub(
        r"\*\*\w+: \*\*TypedDict\([\w.]+, \{(.*?)\}\)",
        lambda found: re.sub(r"'(\w+)'\?: (.*?)(?=, '|$)", r"\1: \2 =", found[1]),
        revealed,
    )
    return sorted(re.split(r", |\) -> ", written_out))


def test_the_twin_reveals_what_its_original_reveals(reveal):
    verbs = [f"{{}}.{name}" for name, _, _ in VERBS]
    made = ["confirma_{}.Confirma.__init__", "confirma_{}.Confirma.as_client", "confirma_{}.Sandbox.__init__"]
    sides = ("original", "twin"), ("async", "sync")
    asked = [
        one.format(side)
        for each, names in zip((verbs, made), sides, strict=True)
        for one in each
        for side in names
    ]
    revealed = reveal(asked)
    assert len(revealed) == len(asked)
    for expression, original, twin in zip(asked[::2], revealed[::2], revealed[1::2], strict=True):
        assert parts(twin) == parts(original), expression
        assert "Unknown" not in re.sub(r"unknown: [^,]*,", "", twin), expression  # an enumeration of ours
        assert twin.startswith(("def (", "(")), expression
