"""Finvoice documents, made from the project's own example by changing one thing."""

from __future__ import annotations

from typing import Any

import pytest

from confirma_async.formats import ReadOptions, read
from tests.formats.xml.changes import changed


@pytest.fixture
def records(write):
    def read_all(document, **options) -> list[Any]:
        contents = document if isinstance(document, bytes) else document.encode("iso-8859-15")
        return list(read(write("in.xml", contents), ReadOptions(**options)))

    return read_all


@pytest.fixture
def record(records):
    def read_one(document, *pairs, **options) -> Any:
        (found,) = records(changed(document, *pairs) if pairs else document, **options)
        return found

    return read_one
