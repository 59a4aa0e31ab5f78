"""``confirma finvoice``: where a company receives e-invoices."""

import pytest

ADDRESSES = [
    {
        "eInvoiceAddressName": "Buyer Oy",
        "eInvoiceAddress": f"00370737546{index}",
        "eInvoiceAddressType": kind,
        "eInvoiceOperatorId": operator,
        "eInvoiceOperatorName": "Operator",
        "lastModified": "2026-01-02T03:04:05.000Z",
    }
    for index, (kind, operator) in enumerate(
        [("EDI", "003721291126"), ("EDI", "BAWCFI22"), ("IBAN", "NDEAFIHH")]
    )
]


@pytest.fixture
def registered(answering):
    answering.answer("/finvoice/credentials", ADDRESSES)
    return answering


def test_all_addresses_are_shown_and_none_is_chosen(confirma, confirma_json, registered):
    code, out, _ = confirma("finvoice", "0737546-2")
    assert code == 0
    assert "E-invoice addresses: 3" in out
    assert "Operator's name" in out
    assert confirma_json("finvoice", "0737546-2") == (0, ADDRESSES)
    assert registered.asked[0][1] == {"businessId": ["0737546-2"]}


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        (["--type", "iban"], 2),
        (["--operator", "BAWCFI22"], 1),
        (["--type", "EDI", "--operator", "003721291126"], 0),
    ],
)
def test_the_one_that_fits_is_chosen(confirma_json, registered, arguments, chosen):
    assert confirma_json("finvoice", "0737546-2", *arguments) == (0, [ADDRESSES[chosen]])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--type", "EDI"], "2 e-invoice addresses fit"), (["--type", "GLN"], "no e-invoice address fits")],
)
def test_none_or_several_are_no_choice(confirma, registered, arguments, words):
    code, out, err = confirma("finvoice", "0737546-2", *arguments)
    assert (code, out) == (1, "")
    assert words in err


def test_a_wrong_business_id_is_not_asked_for(confirma, registered):
    code, _, err = confirma("finvoice", "0737546-3")
    assert code == 2
    assert "'BUSINESS-ID': " in err
    assert "check digit" in err
    assert not registered.asked


def test_a_company_that_is_not_registered_is_said(confirma, answering):
    answering.answer("/finvoice/credentials", [])
    assert confirma("finvoice", "0737546-2")[:2] == (0, "E-invoice addresses: none\n")
