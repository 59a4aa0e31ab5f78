"""Accounts, addresses and names of UBL documents."""

from __future__ import annotations

import pytest

from tests.formats.xml.ubl.samples import INVOICE, details

ACCOUNT = """<cac:PayeeFinancialAccount>
      <cbc:ID>FI2112345600000785</cbc:ID>
      <cac:FinancialInstitutionBranch>
        <cbc:ID>NDEAFIHH</cbc:ID>
      </cac:FinancialInstitutionBranch>
    </cac:PayeeFinancialAccount>"""


def account(number: str, branch: str | None = None) -> str:
    bank = f"<cac:FinancialInstitutionBranch><cbc:ID>{branch}</cbc:ID></cac:FinancialInstitutionBranch>"
    return (
        f"<cac:PayeeFinancialAccount><cbc:ID>{number}</cbc:ID>{bank if branch else ''}"
        "</cac:PayeeFinancialAccount>"
    )


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        ([("FI21 1234 5600 0007 85", "NDEAFIHH")], {"iban": "FI2112345600000785", "bic": "NDEAFIHH"}),
        ([("1234567", "SE:BANKGIRO")], {"bankgiro": "1234567"}),
        ([("123456", "SE:PLUSGIRO")], {"postgiro": "123456"}),
        ([("99", "OKOYFIHH"), ("FI2112345600000785", None)], {"iban": "FI2112345600000785"}),
        ([("99", "OKOYFIHH")], {"bic": "OKOYFIHH"}),
    ],
)
def test_accounts_go_where_they_belong(invoice, accounts, expected):
    found = invoice((ACCOUNT, "".join(account(*each) for each in accounts)))
    paid_to = found.parties.seller_party.payment_details
    names = ("iban", "bic", "bankgiro", "postgiro")
    assert {name: getattr(paid_to, name) for name in names if getattr(paid_to, name)} == expected


def test_an_account_of_another_kind_is_kept_as_a_detail(invoice):
    found = invoice((ACCOUNT, account("33331234567")))
    assert found.parties.seller_party.payment_details is None
    assert ("PaymentMeans/PayeeFinancialAccount/ID") in details(found.extensions)


def test_a_second_iban_is_kept_as_a_detail(invoice):
    found = invoice((ACCOUNT, account("FI2112345600000785") + account("SE4550000000058398257466")))
    assert found.parties.seller_party.payment_details.iban == "FI2112345600000785"
    assert "SE4550000000058398257466" in {value for _, value in details(found.extensions).values()}


def test_a_fourth_address_line_is_kept_as_a_detail(invoice):
    line = "<cac:AddressLine><cbc:Line>{}</cbc:Line></cac:AddressLine>"
    lines = "<cbc:StreetName>a</cbc:StreetName>" + "".join(map(line.format, "bcd"))
    address = invoice(
        ("<cbc:StreetName>Esimerkkikatu 1</cbc:StreetName>", lines)
    ).parties.seller_party.address
    assert (address.street, address.street2, address.street3) == ("a", "b", "c")


def test_a_trade_name_beside_the_legal_name_is_kept_as_a_detail(invoice):
    name = "<cac:PartyName><cbc:Name>Kutsumanimi</cbc:Name></cac:PartyName><cac:PostalAddress>"
    found = invoice(("<cac:PostalAddress>", name))
    assert details(found.extensions)["AccountingSupplierParty/Party/PartyName/Name"] == (None, "Kutsumanimi")


def test_the_electronic_address_of_the_buyer_keeps_its_scheme(invoice):
    found = invoice(('schemeID="0216">003799900024', 'schemeID="0088">7312345678909'))
    assert found.parties.buyer_party.electronic_invoice_account == "0088:7312345678909"
    assert found.parties.buyer_party.gln_number == "7312345678909"


def test_a_buyer_without_any_mark_of_an_organisation_is_not_called_one(invoice):
    start = INVOICE.index("<cac:AccountingCustomerParty>")
    end = INVOICE.index("</cac:AccountingCustomerParty>")
    name = "<cac:PartyName><cbc:Name>T. A.</cbc:Name></cac:PartyName>"
    person = f"<cac:AccountingCustomerParty><cac:Party>{name}</cac:Party>"
    found = invoice((INVOICE[start:end], person))
    assert (found.parties.buyer_party.name, found.parties.buyer_party.entity_type) == ("T. A.", None)
