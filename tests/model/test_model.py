"""Spin goes through every order of the protocol's steps; without any one fence it finds the fault.

``make model`` goes through the larger ones, too, which take minutes.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from confirma_async.bulk.models import State

MODEL = Path(__file__).with_name("journal.pml")
PAGE = MODEL.parents[2] / "docs" / "operating" / "workers.md"

MISHAPS = ("CRASHES", "PAUSES", "LOSSES", "FAILOVERS")

FENCES = {
    "NO_TERM": {"FAILOVERS": 1},
    "NO_DOUBT_WAIT": {"FAILOVERS": 1},
    "NO_HOLDER": {"CRASHES": 1, "PAUSES": 1, "LOSSES": 1},
    "NO_INTENT": {"CRASHES": 1, "PAUSES": 1},
    "NO_NOTE": {"CRASHES": 1, "LOSSES": 1},
    "NO_DEADLINE": {"PAUSES": 1},
    "NO_LOOKUP": {"CRASHES": 1},
    "NO_WAIT": {},
    "NO_WITNESS": {},
    "NO_ORDER": {},
}
"""The fences of the model, each with the mishaps that it is there for."""

QUICK = [
    (2, 1, {"CRASHES": 1, "PAUSES": 1, "LOSSES": 1}),
    (2, 1, {"FAILOVERS": 1}),
    (2, 2, {}),
]
WHOLE = [
    (2, 2, {"CRASHES": 1, "PAUSES": 1, "LOSSES": 1}),
    (3, 1, {"CRASHES": 1, "PAUSES": 1, "LOSSES": 1}),
    (2, 2, {"FAILOVERS": 1}),
    (3, 1, {"FAILOVERS": 1}),
    (2, 2, {"CRASHES": 1, "FAILOVERS": 1}),
    (2, 1, {"CRASHES": 1, "PAUSES": 1, "LOSSES": 1, "FAILOVERS": 1}),
]
"""Workers, invoices, mishaps."""

ALL = os.environ.get("CONFIRMA_WHOLE_MODEL")
SPEED = "-O2" if ALL else "-O0"
"""How gcc compiles: for the small ones, to make them fast takes ten times as long as to run them."""

pytestmark = pytest.mark.skipif(
    not (shutil.which("spin") and shutil.which("gcc")), reason="spin, or gcc, is not installed"
)


@pytest.fixture
def check(tmp_path):
    """Goes through the model; returns what Spin says."""

    def run(workers, invoices, mishaps, *without):
        sizes = {**dict.fromkeys(MISHAPS, 0), **mishaps, "W": workers, "N": invoices}
        given = [f"-D{name}={value}" for name, value in sizes.items()] + [f"-D{name}" for name in without]
        for command in (
            ["spin", "-a", *given, str(MODEL)],
            ["gcc", SPEED, "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=6000", "-o", "pan", "pan.c"],
        ):
            done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
        checked = subprocess.run(
            ["./pan", "-m1000000"], check=False, cwd=tmp_path, capture_output=True, text=True
        )
        reported = checked.stdout
        assert "max search depth too small" not in reported
        assert "Search not completed" not in reported or "errors: 1" in reported
        return reported

    return run


@pytest.mark.parametrize(("workers", "invoices", "mishaps"), QUICK + (WHOLE if ALL else []))
def test_no_invoice_is_sent_twice_or_lost_in_any_order(check, workers, invoices, mishaps):
    assert "errors: 0" in check(workers, invoices, mishaps)


@pytest.mark.parametrize("fence", FENCES)
def test_no_fence_can_be_done_without(check, fence):
    invoices = 1 if "FAILOVERS" in FENCES[fence] else 2
    assert "errors: 1" in check(2, invoices, FENCES[fence], fence)


def test_every_fence_of_the_model_is_tried():
    assert set(re.findall(r"#ifdef (NO_\w+)", MODEL.read_text(encoding="utf-8"))) == set(FENCES)


def test_the_docs_name_what_keeps_each_fence():
    page = PAGE.read_text(encoding="utf-8")
    assert {fence for fence in FENCES if f"`{fence}`" in page} == set(FENCES)


def test_the_states_of_the_model_are_those_of_the_code():
    stated = re.findall(
        r"^#define (PENDING|CLAIMED|SENDING|UNKNOWN|ACCEPTED) (\d)$", MODEL.read_text(), re.MULTILINE
    )
    assert {name: int(number) for name, number in stated} == {
        state.name: int(state) for state in State if state is not State.REJECTED
    }
