"""Brings identifiers of accounts, businesses and persons into the form in which they are sent."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from functools import lru_cache

_SPACE = re.compile(r"\s+")
_REMEMBERED = 1024
"""Identifiers of each kind that are cached: sellers, accounts and schemes are few, and documents many."""

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_FINNISH_BBAN = re.compile(r"\d{14}", re.ASCII)
_FINLAND_AS_DIGITS = "151800"


def compact(text: str) -> str:
    """Return a text in capital letters, without spaces."""
    return _SPACE.sub("", text).upper()


def iban(text: str) -> str | None:
    """Return an account as an IBAN, without spaces; None if its form or its check digits are wrong."""
    found = account(text)
    if not _IBAN.fullmatch(found):
        return None
    moved = found[4:] + found[:4]
    return found if int("".join(str(int(char, 36)) for char in moved)) % 97 == 1 else None


@lru_cache(_REMEMBERED)
def has_form_of_iban(text: str) -> bool:
    """Say whether a text is meant to be an IBAN, right or wrong."""
    return _IBAN.fullmatch(account(text)) is not None


@lru_cache(_REMEMBERED)
def account(text: str) -> str:
    """Return an account without spaces, and without the word IBAN in front of it."""
    return compact(text).removeprefix("IBAN").lstrip(":")


@lru_cache(_REMEMBERED)
def iban_of_finnish(text: str) -> str | None:
    """Return the IBAN of a Finnish account of 14 digits; None for any other text."""
    digits = compact(text).replace("-", "")
    if not _FINNISH_BBAN.fullmatch(digits):
        return None
    return f"FI{98 - int(digits + _FINLAND_AS_DIGITS) % 97:02}{digits}"


@lru_cache(_REMEMBERED)
def bic(text: str) -> str | None:
    """Return a text as a BIC; None where it has another form."""
    found = compact(text)
    return found if _BIC.fullmatch(found) else None


_BUSINESS_ID = re.compile(r"(\d{6,7})-(\d)", re.ASCII)
_BARE = re.compile(r"(\d{7})(\d)", re.ASCII)
_VAT = re.compile(r"FI-?(\d{7})-?(\d)", re.ASCII)
_ANY_VAT = re.compile(r"[A-Z]{2}[A-Z0-9+*]{2,13}", re.ASCII)
_OVT = re.compile(r"0037(\d{7})-?(\d)[0-9A-Z]{0,5}", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2)

_FINNISH_SCHEMES = frozenset({"0037", "0212", "0213", "0216", "FI:OVT", "FI:ORG", "FI:VAT"})
"""Schemes of identifiers (ISO 6523 and EAS) that hold a Finnish Business ID in one of its forms."""


@lru_cache(_REMEMBERED)
def business_id(text: str, scheme: str | None = None, *, is_finnish: bool = False) -> str | None:
    """Return the Finnish Business ID in an identifier; None if there is none.

    It may be a Business ID (``1234567-8``), a VAT code (``FI12345678``), an OVT code (``003712345678``), or
    digits alone. Digits alone count only if the scheme or the country says so.

    Args:
        text: The identifier, as a document has it.
        scheme: The scheme that the document names for it; empty for none.
        is_finnish: Whether it belongs to somebody in Finland.
    """
    written = compact(text)
    found = _BUSINESS_ID.fullmatch(written) or _VAT.fullmatch(written) or _OVT.fullmatch(written)
    if found is None and (is_finnish or scheme in _FINNISH_SCHEMES):
        found = _BARE.fullmatch(written)
    if found is None:
        return None
    digits = found[1].zfill(7)
    rest = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11
    return f"{digits}-{found[2]}" if rest != 1 and int(found[2]) == (11 - rest) % 11 else None


@lru_cache(_REMEMBERED)
def vat_code(text: str) -> str:
    """Return a VAT code in capital letters, without spaces and hyphens; any other text unchanged."""
    written = compact(text).replace("-", "")
    return written if _ANY_VAT.fullmatch(written) else text.strip()


_FINNISH_PERSON = re.compile(r"(\d\d)(\d\d)(\d\d)([-+A-FU-Y])(\d{3})([0-9A-Y])", re.ASCII)
_SWEDISH_PERSON = re.compile(r"(\d\d)?(\d\d)(\d\d)(\d\d)[-+](\d{4})", re.ASCII)
_CENTURIES: Mapping[str, int] = {"+": 1800, **dict.fromkeys("-UVWXY", 1900), **dict.fromkeys("ABCDEF", 2000)}
_CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_COORDINATION = 60
"""The number that a Swedish coordination number adds to the day of birth."""
_WHERE_SWEDES_ARE = frozenset({None, "SE", "FI"})


def is_person(text: str, *, country: str | None = None, vat: str | None = None) -> bool:
    """Say whether an identifier is certainly a person's, by its date, check digit and the VAT code beside it.

    Args:
        text: The identifier, as a document has it.
        country: The country of its holder.
        vat: The VAT code beside it. In Sweden, that of a sole trader contains the person's number.
    """
    written = text.strip().upper()
    if _is_finnish_person(written):
        return True
    return not vat and country in _WHERE_SWEDES_ARE and _is_swedish_person(written)


def _is_finnish_person(written: str) -> bool:
    found = _FINNISH_PERSON.fullmatch(written)
    if found is None:
        return False
    day, month, year, sign, number, check = found.groups()
    return _is_day(_CENTURIES[sign] + int(year), int(month), int(day)) and (
        _CHECK[int(day + month + year + number) % 31] == check
    )


def _is_swedish_person(written: str) -> bool:
    found = _SWEDISH_PERSON.fullmatch(written)
    if found is None:
        return False
    century, year, month, day, number = found.groups()
    of_month = int(day) - _COORDINATION if int(day) > _COORDINATION else int(day)
    may_be = any(
        _is_day(first * 100 + int(year), int(month), of_month)
        for first in ([int(century)] if century else (19, 20))
    )
    return may_be and has_luhn_digit(year + month + day + number)


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True


def has_luhn_digit(digits: str) -> bool:
    """Say whether the last digit is a check digit by modulus 10, as in Swedish giro and personal numbers."""
    doubled = [int(digit) * (2 if index % 2 else 1) for index, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


_REFERENCE = re.compile(r"[\d\s]*\d[\d\s]*", re.ASCII)
_CREDITOR = re.compile(r"RF\s?\d\d[A-Z0-9\s]+", re.ASCII | re.IGNORECASE)


def payment_reference(text: str, *, finnish: bool) -> str:
    """Return a payment reference without spaces, and a Finnish one without leading zeros.

    Args:
        text: The reference, as a document has it.
        finnish: Whether digits alone are a Finnish reference number, in which leading zeros mean nothing.
    """
    written = text.strip()
    if _CREDITOR.fullmatch(written):
        return compact(written)
    if not _REFERENCE.fullmatch(written):
        return written
    digits = _SPACE.sub("", written)
    return (digits.lstrip("0") or digits) if finnish else digits


_SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d+)?E\+?\d{1,3}", re.ASCII | re.IGNORECASE)
_FORMULA = re.compile(r'="([^"]*)"')
_APOSTROPHE = re.compile(r"'(?=[\d=+-])")
_FLOAT = re.compile(r"(\d{1,15})\.0", re.ASCII)
_CUT_FROM = 12
"""Digits from which on spreadsheets write a number in scientific notation, or have cut it."""


def is_cut(text: str) -> bool:
    """Say whether a spreadsheet has cut an identifier to scientific notation: ``1,23457E+19``."""
    found = _SCIENTIFIC.fullmatch(text)
    if found is None:
        return False
    exponent = int(re.split("[Ee]", text)[1])
    return "+" in text[1:] or exponent >= _CUT_FROM


def unwrapped(text: str) -> str:
    """Return a text without the marks by which a spreadsheet keeps it as text: ``="1232"``, ``'1232``."""
    found = _FORMULA.fullmatch(text)
    return found[1].strip() if found else _APOSTROPHE.sub("", text, count=1) if text[:1] == "'" else text


def without_decimals(text: str) -> str:
    """Return digits that a program has made a number with decimals of (``1232.0``) without the decimals."""
    found = _FLOAT.fullmatch(text)
    return found[1] if found else text


_POSTAL_DIGITS: Mapping[str, int] = {
    **dict.fromkeys(("FI", "AX", "EE", "DE", "FR", "IT", "ES", "US"), 5),
    **dict.fromkeys(("NO", "DK"), 4),
}
"""The number of digits of a postal code, in countries where one may begin with zero."""
_MOST_ZEROS = 3


def postal_code(text: str, country: str | None) -> str:
    """Return a postal code with the leading zeros that it lost as a number."""
    digits = _POSTAL_DIGITS.get(country or "")
    if digits is None or not text.isdecimal() or not digits - _MOST_ZEROS <= len(text) < digits:
        return text
    return text.zfill(digits)
