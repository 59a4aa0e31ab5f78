"""E-invoice addresses: asked for by a Business ID that is right, and never chosen silently."""

import pytest

from confirma_async import AmbiguousAddressError, pick_address
from confirma_async.errors import RequestInvalidError
from confirma_async.schemas import FinvoiceCredentials

ADDRESSES = tuple(
    FinvoiceCredentials(
        e_invoice_address=address, e_invoice_address_type=kind, e_invoice_operator_id=operator
    )
    for address, kind, operator in (
        ("003720774740", "EDI", "003708599126"),
        ("FI2112345600000785", "IBAN", "NDEAFIHH"),
        ("TE003720774740", "EDI", "TIETOFIH"),
    )
)


async def test_addresses_are_a_bare_array_by_business_id(wire, over_wire):
    wire.answer([{"eInvoiceAddress": "003720774740", "eInvoiceAddressType": "EDI"}])
    (address,) = await over_wire.operations.finvoice_credentials("2077474-0")
    assert (address.e_invoice_address, address.e_invoice_address_type) == ("003720774740", "EDI")
    assert wire.asked == [("GET", "/api/v1/partner/finvoice/credentials", {"businessId": "2077474-0"})]


@pytest.mark.parametrize("business_id", ["2077474-1", "2077474", "", "FI20774740", "2077474-0 "])
async def test_what_is_no_business_id_is_not_asked_for(wire, over_wire, business_id):
    with pytest.raises(RequestInvalidError, match="Business ID"):
        await over_wire.operations.finvoice_credentials(business_id)
    assert wire.requests == []


def test_an_address_is_picked_by_type_or_operator():
    assert pick_address(ADDRESSES, address_type="iban") == ADDRESSES[1]
    assert pick_address(ADDRESSES, operator_id="TIETOFIH") == ADDRESSES[2]
    assert pick_address(ADDRESSES, address_type="EDI", operator_id="003708599126") == ADDRESSES[0]
    assert pick_address(ADDRESSES[:1]) == ADDRESSES[0]


def test_several_that_fit_are_listed_and_none_is_picked():
    with pytest.raises(AmbiguousAddressError, match="2 e-invoice addresses fit") as caught:
        pick_address(ADDRESSES, address_type="EDI")
    assert caught.value.candidates == ("EDI at 003708599126", "EDI at TIETOFIH")


@pytest.mark.parametrize("addresses", [(), ADDRESSES])
def test_none_that_fits_is_an_error(addresses):
    with pytest.raises(AmbiguousAddressError, match="no e-invoice address fits"):
        pick_address(addresses, address_type="OVT")
