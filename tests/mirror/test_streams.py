"""What a reading makes of single answers."""

import pytest

from confirma_async.converters import Converter
from confirma_async.mirror.streams import case_of, of_summary


@pytest.mark.parametrize("summary", ["none", 7, True, [{"caseId": 7}], None])
def test_a_summary_that_is_no_object_counts_as_none(summary):
    case = {"summary": summary, "balance": "1.00"}
    assert of_summary(case, "case_id", Converter()) is None
    found = case_of({"case": case}, 7, Converter())
    assert found is not None
    assert found[0].raw == case


@pytest.mark.parametrize("answer", [{}, {"case": None}, {"case": "7"}, {"case": {"summary": {"caseId": 8}}}])
def test_an_answer_without_the_case_that_was_asked_for_is_no_case(answer):
    assert case_of(answer, 7, Converter()) is None
