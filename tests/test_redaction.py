"""Personal identity numbers in what the service says."""

import pytest

from confirma_async.redaction import MASK, masked


@pytest.mark.parametrize(
    "number", ["131052-308T", "131052A308T", "010190+123A", "811228-9874", "19811228-9874"]
)
def test_they_are_blotted_out(number):
    assert masked(f"buyer {number}, unknown") == f"buyer {MASK}, unknown"


@pytest.mark.parametrize(
    "harmless", ["invoice 1042", "0737546-2", "FI2112345600000785", "2026-11-01", "+1-2"]
)
def test_other_numbers_stay(harmless):
    assert masked(harmless) == harmless
