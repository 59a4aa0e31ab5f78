from __future__ import annotations

import pytest

from confirma_async.formats.values import identifiers
from confirma_async.privacy import may_be_personal_number


@pytest.mark.parametrize("text", ["FI2112345600000785", "fi21 1234 5600 0007 85", "IBAN: FI2112345600000785"])
def test_an_iban_is_known_by_its_check_digits(text):
    assert identifiers.iban(text) == "FI2112345600000785"


@pytest.mark.parametrize("text", ["FI2112345600000786", "12345600000785", "SE:BANKGIRO", ""])
def test_what_is_no_iban_is_none(text):
    assert identifiers.iban(text) is None


def test_a_finnish_account_has_one_iban():
    assert identifiers.iban_of_finnish("123456-00000785") == "FI2112345600000785"
    assert identifiers.iban_of_finnish("1234-567") is None


@pytest.mark.parametrize("text", ["556036-0793", "12345678-9", "2345678-1", "FI2345678", "", "x"])
def test_what_is_no_business_id_is_none(text):
    assert identifiers.business_id(text) is None


def test_bare_digits_are_a_business_id_where_something_says_so():
    assert identifiers.business_id("23456780") is None
    assert identifiers.business_id("23456780", is_finnish=True) == "2345678-0"


@pytest.mark.parametrize(
    "text", ["131052-308T", "131052A308T", "811228-9874", "19811228-9874", "811288-9871"]
)
def test_a_persons_number_is_one_beyond_doubt(text):
    assert identifiers.is_person(text)


@pytest.mark.parametrize("text", ["131052-308U", "321052-308T", "556036-0793", "811228-9873", "202626-0001"])
def test_what_lacks_a_date_or_a_check_digit_is_no_persons(text):
    assert not identifiers.is_person(text)


def test_a_swede_is_no_person_with_a_vat_code_or_in_a_third_country():
    assert not identifiers.is_person("811228-9874", vat="SE811228987401")
    assert not identifiers.is_person("811228-9874", country="DK")


@pytest.mark.parametrize("text", ["202626-0001", "2026-1234", "556036-0793", "202613-0001", "202600-1234"])
def test_numbers_without_a_date_may_be_shown(text):
    assert not may_be_personal_number(text)


@pytest.mark.parametrize("text", ["131052-308U", "811228-9873", "811288-9873", "010190+123A"])
def test_a_wrong_check_digit_hides_a_number_all_the_same(text):
    assert may_be_personal_number(text)


@pytest.mark.parametrize(
    ("text", "finnish", "sent"),
    [
        ("00001232", True, "1232"),
        ("0000 1232", True, "1232"),
        ("00001232", False, "00001232"),
        ("rf18 5390 0754 7034", True, "RF18539007547034"),
        ("Viite 12", True, "Viite 12"),
        ("0000", True, "0000"),
    ],
)
def test_references_lose_what_carries_no_meaning(text, finnish, sent):
    assert identifiers.payment_reference(text, finnish=finnish) == sent
