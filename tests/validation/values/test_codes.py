import pytest
from hypothesis import given, strategies as st

from confirma_async.validation.values.codes import (
    country_fault,
    currency_fault,
    language_fault,
    postal_code_fault,
)

FUNCTIONS = [currency_fault, country_fault, language_fault]


@pytest.mark.parametrize(
    ("fault", "code"), [(currency_fault, "SEK"), (country_fault, "AX"), (language_fault, "SE")]
)
def test_a_code_of_the_standard_passes(fault, code):
    assert fault(code) is None


@pytest.mark.parametrize(
    ("fault", "code"),
    [(currency_fault, "FIM"), (country_fault, "FIN"), (country_fault, "UK"), (language_fault, "GB")],
)
def test_a_code_of_no_standard_is_a_fault(fault, code):
    assert "ISO" in fault(code)


@pytest.mark.parametrize(
    ("fault", "code"), [(currency_fault, "eur"), (country_fault, "Fi"), (language_fault, "dk")]
)
def test_lower_case_is_told_apart_from_an_unknown_code(fault, code):
    assert "upper case" in fault(code)


@pytest.mark.parametrize("fault", FUNCTIONS)
@given(text=st.text())
def test_no_text_makes_a_check_fail(fault, text):
    fault(text)


@pytest.mark.parametrize(
    ("country", "code"),
    [("FI", "00100"), ("AX", "22100"), ("SE", "111 22"), ("SE", "11122"), ("NO", "0150"), ("GB", "sw1a 1aa")],
)
def test_a_postal_code_of_its_country_passes(country, code):
    assert postal_code_fault(country, code) is None


@pytest.mark.parametrize(
    ("country", "code"), [("FI", "0010"), ("FI", "FI-00100"), ("FI", "00100\n"), ("FI", ""), ("NO", "00150")]
)
def test_a_postal_code_of_another_form_is_a_fault(country, code):
    assert postal_code_fault(country, code)


@pytest.mark.parametrize("country", ["AE", "QQ", "ZZ", "ALL", "fi", ""])
def test_a_country_without_a_known_form_is_left_alone(country):
    assert postal_code_fault(country, "anything") is None


@given(st.text(), st.text())
def test_no_text_makes_a_postal_check_fail(country, code):
    postal_code_fault(country, code)
