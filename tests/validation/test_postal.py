import pytest
from hypothesis import given
from hypothesis import strategies as st

from confirma_async.validation.postal import postal_code_fault


@pytest.mark.parametrize(
    ("country", "code"),
    [("FI", "00100"), ("AX", "22100"), ("SE", "111 22"), ("SE", "11122"), ("NO", "0150"), ("GB", "sw1a 1aa")],
)
def test_a_code_of_its_country_passes(country, code):
    assert postal_code_fault(country, code) is None


@pytest.mark.parametrize(
    ("country", "code"), [("FI", "0010"), ("FI", "FI-00100"), ("FI", "00100\n"), ("FI", ""), ("NO", "00150")]
)
def test_a_code_of_another_form_is_a_fault(country, code):
    assert postal_code_fault(country, code)


@pytest.mark.parametrize("country", ["AE", "QQ", "ZZ", "ALL", "fi", ""])
def test_a_country_without_a_known_form_is_left_alone(country):
    assert postal_code_fault(country, "anything") is None


@given(st.text(), st.text())
def test_no_text_makes_a_check_fail(country, code):
    postal_code_fault(country, code)
