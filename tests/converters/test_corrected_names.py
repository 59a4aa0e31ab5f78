"""Corrected names of the wire, and the vendor's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from confirma_async.converters import Converter
from confirma_async.errors import ResponseDecodeError
from confirma_async.schemas import (
    DistributionMethod,
    FiltersApplied,
    InvoiceRowData,
    Processing,
    SalesInvoiceRequest,
)
from tests.converters.samples import CONVERTER, HEADER


def test_a_corrected_name_is_read_and_written():
    corrected = Converter({"InvoiceRowData.unit_price": "priceUnit"})
    row = corrected.loads(b'{"priceUnit":1.5}', InvoiceRowData)
    assert row.unit_price == Decimal("1.5")
    assert corrected.dumps(row) == b'{"priceUnit":1.5}'


def test_a_corrected_name_leaves_the_old_one_unknown():
    corrected = Converter({"InvoiceRowData.unit_price": "priceUnit"})
    row = corrected.structure({"unitPrice": 5}, InvoiceRowData)
    assert row.unit_price is None
    assert row.extra == {"unitPrice": 5}


def test_a_corrected_name_stands_in_the_path_of_a_problem():
    corrected = Converter({"InvoiceRowData.unit_price": "priceUnit"})
    with pytest.raises(ResponseDecodeError) as caught:
        corrected.structure({"priceUnit": "x"}, InvoiceRowData)
    assert caught.value.problems[0].path == "$.priceUnit"


def test_converters_do_not_share_corrections():
    Converter({"InvoiceRowData.unit_price": "priceUnit"})
    assert Converter().unstructure(InvoiceRowData(unit_price=Decimal(1))) == {"unitPrice": 1}


def test_a_name_that_camel_case_cannot_make_is_the_vendors():
    assert CONVERTER.unstructure(FiltersApplied(default_last30_days=True)) == {"defaultLast30Days": True}


def test_a_whole_request_is_written_under_the_vendors_names():
    raw: dict[str, Any] = {
        "processing": {"paymentControlEnabled": True},
        "distribution": {"method": "EMAIL", "enabled": True},
        "invoice": {
            "header": HEADER,
            "parties": {"sellerParty": {"paymentDetails": {"iban": "FI2112345600000785"}}},
            "rows": [{"netAmount": Decimal("100.00"), "definitionDetails": [{"code": "a"}]}],
            "terms": {"interest": {"type": "REFERENCE_RATE", "percentage": Decimal("11.5")}},
        },
    }
    request = CONVERTER.structure(raw, SalesInvoiceRequest)
    assert request.processing == Processing(payment_control_enabled=True)
    assert request.distribution
    assert request.distribution.method is DistributionMethod.EMAIL
    assert CONVERTER.unstructure(request) == raw
