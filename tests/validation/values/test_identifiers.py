import pytest
from hypothesis import given, strategies as st

from confirma_async.validation.values.identifiers import (
    bic_fault,
    business_id_fault,
    iban_fault,
    is_finnish_reference,
    payment_reference_fault,
)


@pytest.mark.parametrize("iban", ["FI2112345600000785", "FI21 1234 5600 0007 85", "SE4550000000058398257466"])
def test_a_right_iban_passes(iban):
    assert iban_fault(iban) is None


def test_an_iban_of_a_bank_that_no_list_knows_passes():
    assert iban_fault("BE68 5390 0754 7034") is None  # the standard's own example


@pytest.mark.parametrize("iban", ["", "FI", "FI2112345600000758", "FI211234560000078", "XX2112345600000785"])
def test_a_wrong_iban_is_a_fault(iban):
    assert iban_fault(iban)


@pytest.mark.parametrize("bic", ["NDEAFIHH", "NDEAFIHHXXX"])
def test_a_right_bic_passes(bic):
    assert bic_fault(bic) is None


@pytest.mark.parametrize("bic", ["", "NDEA", "NDEAF1HH", "NDEAQQHH"])
def test_a_wrong_bic_is_a_fault(bic):
    assert bic_fault(bic)


@pytest.mark.parametrize("business_id", ["2077474-0", "20774740", "0737546-2", "737546-2"])
def test_a_right_business_id_passes_in_each_of_its_forms(business_id):
    assert business_id_fault(business_id) is None


@pytest.mark.parametrize("business_id", ["", "2077474-1", "FI20774740", "2077474-0 ", "737546-3", "x"])
def test_a_wrong_business_id_is_a_fault(business_id):
    assert business_id_fault(business_id)


@pytest.mark.parametrize("reference", ["1232", "1234561", "12345 67891 23454", "00001232"])
def test_a_right_finnish_reference_passes(reference):
    assert is_finnish_reference(reference)


@pytest.mark.parametrize("reference", ["1233", "123", "0000", "0123", "1" * 21, "1243"])
def test_a_wrong_finnish_reference_is_refused(reference):
    assert not is_finnish_reference(reference)


@given(st.integers(100, 10**19 - 1))
def test_exactly_one_check_digit_fits(base):
    assert sum(is_finnish_reference(f"{base}{digit}") for digit in range(10)) == 1


@given(st.integers(100, 10**18), st.integers(0, 18), st.integers(1, 9))
def test_a_single_wrong_digit_is_always_noticed(base, place, change):
    reference = next(f"{base}{digit}" for digit in range(10) if is_finnish_reference(f"{base}{digit}"))
    place %= len(reference)
    wrong = str((int(reference[place]) + change) % 10)
    assert not is_finnish_reference(reference[:place] + wrong + reference[place + 1 :])


@pytest.mark.parametrize("reference", ["RF18539007547034", "RF18 5390 0754 7034"])
@pytest.mark.parametrize("finnish", [True, False])
def test_a_right_creditor_reference_passes(reference, finnish):
    assert payment_reference_fault(reference, finnish=finnish) is None


@pytest.mark.parametrize("finnish", [True, False])
def test_a_wrong_creditor_reference_is_a_fault_everywhere(finnish):
    assert payment_reference_fault("RF19539007547034", finnish=finnish)


@pytest.mark.parametrize("reference", ["RFQ 12", "order 1233", "12-33", "", "١٢٣٣"])
def test_free_text_is_left_alone(reference):
    assert payment_reference_fault(reference, finnish=True) is None


@given(st.text() | st.text("0123456789RFI -", max_size=30), st.booleans())
def test_no_text_makes_a_check_fail(text, finnish):
    iban_fault(text)
    bic_fault(text)
    business_id_fault(text)
    payment_reference_fault(text, finnish=finnish)
