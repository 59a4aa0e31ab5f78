"""UBL documents, made from the project's own examples by changing one thing."""

from __future__ import annotations

import pytest

from confirma_async.formats import ReadInvoice, ReadOptions, read
from tests.formats.xml.changes import changed
from tests.formats.xml.ubl.samples import INVOICE


@pytest.fixture
def record(write):
    def read_one(document, **options):
        (found,) = read(write("in.xml", document), ReadOptions(**options))
        return found

    return read_one


@pytest.fixture
def invoice(record):
    def read_one(*pairs, document=INVOICE, **options):
        found = record(changed(document, *pairs), **options)
        assert isinstance(found, ReadInvoice), found
        return found.request.invoice

    return read_one
