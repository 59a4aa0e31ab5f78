from __future__ import annotations

import datetime
import subprocess
import sys

import attrs
import pytest

import confirma_async.schemas
from confirma_async.contract import schema_classes
from confirma_async.schemas import (
    Address,
    BuyerParty,
    InvoiceAttachments,
    InvoiceHeader,
    InvoiceType,
    Schema,
)
from confirma_async.schemas.wire import camel_case

CLASSES = schema_classes().values()


@pytest.mark.parametrize(
    ("attribute", "wire"),
    [("iban", "iban"), ("due_date", "dueDate"), ("street2", "street2"), ("meta_data", "metaData")],
)
def test_wire_names_are_camel_case(attribute, wire):
    assert camel_case(attribute) == wire


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_schemas_are_frozen_slotted_and_keyword_only(cls):
    assert not hasattr(cls.__new__(cls), "__dict__")
    assert all(item.kw_only for item in attrs.fields(cls))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        cls.__new__(cls).extra = {}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_schemas_of_requests_are_public(cls):
    if cls.__name__ != "DistributionQuery":  # a query is built by its verb
        assert cls.__name__ in dir(confirma_async.schemas)


def test_every_public_name_exists():
    assert all(hasattr(confirma_async.schemas, name) for name in dir(confirma_async.schemas))


def test_unknown_keys_belong_to_what_a_record_is():
    assert Address(street="x", extra={"later": 1}) != Address(street="x")


def test_records_are_hashable():
    assert len({Address(street="x"), Address(street="x", extra={"later": [1]})}) == 2


def test_extra_is_not_shared_between_records():
    assert Address().extra is not Address().extra


def test_an_invoice_is_an_invoice_unless_said_otherwise():
    day = datetime.date(2026, 1, 1)
    assert InvoiceHeader(number=1, date=day, due_date=day, currency_code="EUR").type is InvoiceType.INVOICE


def test_plain_words_become_members():
    day = datetime.date(2026, 1, 1)
    header = InvoiceHeader(number=1, type="REMINDER", date=day, due_date=day, currency_code="EUR")
    assert header.type is InvoiceType.REMINDER


@pytest.mark.parametrize(
    "record",
    [
        BuyerParty(personal_identity_number="SECRET"),
        InvoiceAttachments(data="SECRET"),
        Address(extra={"later": "SECRET"}),
    ],
)
def test_secrets_never_show(record: Schema):
    assert "SECRET" not in f"{record!r}{record}"


def test_schemas_import_without_the_http_client():
    code = "import sys, confirma_async.schemas; print([m for m in ('aiohttp', 'cattrs') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
