"""Bank accounts, payment references and business ids, by python-stdnum.

A function here takes an identifier and says what is wrong with it; None when nothing is. Without the
library everything passes but the Finnish reference number, which no library checks and this module does.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import cycle
from operator import mul

from confirma_async.validation.libraries import load

_REMEMBERED = 8192
"""A seller's account comes with every invoice; this many others are kept beside it."""

_FINNISH_VAT = re.compile(r"FI[0-9]{8}")
_CUT = re.compile(r"[0-9][.,][0-9]+E[+]?[0-9]+|[0-9]E[+][0-9]+", re.IGNORECASE)
_BUSINESS_ID = re.compile(r"[0-9]{7}-[0-9]")
_BUSINESS_ID_OLD = re.compile(r"[0-9]{6}-[0-9]")
_BUSINESS_ID_BARE = re.compile(r"[0-9]{8}")
_CREDITOR_REFERENCE = re.compile(r"RF[0-9]{2}", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9 ]+")
_NO_IBAN = "must be an IBAN; a character is wrong or missing, so copy it again"
_NO_BIC = "must be a BIC of 8 or 11 characters, such as NDEAFIHH; correct it"
_WEIGHTS = (7, 3, 1)
_REFERENCE_LENGTHS = range(4, 21)


@lru_cache(_REMEMBERED)
def iban_fault(iban: str) -> str | None:
    """Return what is wrong with an IBAN.

    Whether its bank exists is not asked: lists of banks go out of date.
    """
    ibans = load("stdnum.iban")
    return None if ibans is None or ibans.is_valid(iban, check_country=False) else _NO_IBAN


@lru_cache(_REMEMBERED)
def bic_fault(bic: str) -> str | None:
    """Return what is wrong with a BIC."""
    return None if _passes("stdnum.bic", bic) else _NO_BIC


@lru_cache(_REMEMBERED)
def business_id_fault(business_id: str) -> str | None:
    """Return what is wrong with a Finnish Business ID.

    The old form of six digits and a check digit is fine.
    """
    padded = f"0{business_id}" if _BUSINESS_ID_OLD.fullmatch(business_id) else business_id
    if not (_BUSINESS_ID.fullmatch(padded) or _BUSINESS_ID_BARE.fullmatch(padded)):
        return "must be a Finnish Business ID of the form 1234567-8; correct it"
    if not _passes("stdnum.fi.ytunnus", padded):
        return "must be a Finnish Business ID; its check digit does not fit, so correct the wrong digit"
    return None


@lru_cache(_REMEMBERED)
def vat_code_fault(vat_code: str) -> str | None:
    """Return what is wrong with a Finnish VAT code; those of other countries are not checked."""
    if not vat_code.upper().startswith("FI"):
        return None
    if not _FINNISH_VAT.fullmatch(vat_code):
        return "must be a Finnish VAT code of the form FI12345678; correct it"
    if not _passes("stdnum.fi.alv", vat_code):
        return "must be a Finnish VAT code; its check digit does not fit, so correct the wrong digit"
    return None


def looks_like_business_id(value: str) -> bool:
    """Say whether a value has the form of a Finnish Business ID, right or wrong."""
    return _BUSINESS_ID.fullmatch(value) is not None


@lru_cache(_REMEMBERED)
def payment_reference_fault(reference: str, *, finnish: bool) -> str | None:
    """Return what is wrong with a payment reference; anything but RF references and digits is free text.

    Args:
        reference: The reference.
        finnish: Whether the seller is paid in Finland, where digits alone carry a check digit.
    """
    if _CUT.fullmatch(reference):
        return (
            "must be a payment reference, but a spreadsheet has cut its digits; give the cell the format "
            "Text and write the number again"
        )
    if _CREDITOR_REFERENCE.match(reference):
        if _passes("stdnum.iso11649", reference):
            return None
        return "must be a creditor reference of ISO 11649; its check digits do not fit, so copy it again"
    if finnish and _DIGITS.fullmatch(reference) and not is_finnish_reference(reference):
        return (
            "must be a Finnish reference number of 4 to 20 digits; its check digit does not fit, "
            "so copy it again"
        )
    return None


def is_finnish_reference(reference: str) -> bool:
    """Say whether digits are a Finnish reference number.

    Weights 7, 3, 1 from the right, then a check digit.
    """
    digits = reference.replace(" ", "").lstrip("0")  # leading zeros carry no meaning
    if len(digits) not in _REFERENCE_LENGTHS:
        return False
    total: int = sum(map(mul, map(int, reversed(digits[:-1])), cycle(_WEIGHTS)))
    return (total + int(digits[-1])) % 10 == 0


def _passes(module: str, value: str) -> bool:
    numbers = load(module)
    return numbers is None or bool(numbers.is_valid(value))
