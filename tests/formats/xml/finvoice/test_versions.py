"""The schema of Finvoice and its older versions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from confirma_async.converters import Converter
from tests.formats.xml.finvoice.samples import CREDIT_NOTE, INVOICE

SCHEMA = Path(__file__).parents[4].parent / "shared" / "data" / "finvoice" / "Finvoice3.0.xsd"


@pytest.mark.skipif(not SCHEMA.exists(), reason="the schema is not beside this repository")
@pytest.mark.parametrize("document", [INVOICE, CREDIT_NOTE], ids=["invoice", "credit note"])
def test_the_examples_are_valid_by_the_schema(document):
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    assert schema.validate(etree.fromstring(document.encode("iso-8859-15"))), schema.error_log


@pytest.mark.parametrize("version", ["1.2", "1.3", "2.0", "2.01"])
def test_older_versions_are_read_alike(record, version):
    """They lack what 3.0 has added: the codes of VAT, and charges on the whole document."""
    older = re.sub(
        r"(?s) *<(RowVatCode|VatCode|ChargeDetails|(Rows|Charges)TotalVatExcludedAmount).*?</\1>\n",
        "",
        INVOICE,
    )
    older = older.replace('Version="3.0"', f'Version="{version}"')
    older = older.replace("InvoicedQuantity", "DeliveredQuantity")
    found = record(older)
    assert found.request.invoice.rows[0].quantity == 12
    assert "Version" not in str(Converter().unstructure(found.request))
