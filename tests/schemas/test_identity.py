"""One spelling for each part of an invoice's identity."""

import pytest

from confirma_async.schemas import InvoiceType
from confirma_async.schemas.identity import same_seller, same_type


@pytest.mark.parametrize(
    ("written", "one"),
    [
        ("0737546-2", "07375462"),
        ("07375462", "07375462"),
        ("FI07375462", "07375462"),
        (" fi 0737546 - 2 ", "07375462"),
        ("737546-2", "07375462"),
        ("FI737546-2", "07375462"),
        ("SE556000016701", "SE556000016701"),
        ("se 556000-0167 01", "SE556000016701"),
        ("Firma 1", "FIRMA1"),
        ("FI1", "FI1"),
        ("1234567", "1234567"),
        ("Ä-1", "Ä1"),
        ("", ""),
    ],
)
def test_a_seller_has_one_spelling(written, one):
    assert same_seller(written) == one
    assert same_seller(one) == one


def test_a_type_has_one_spelling():
    assert same_type("invoice") is InvoiceType.INVOICE
    assert same_type("Later_Kind") == "LATER_KIND"
