"""Tables that are read from CSV."""

from __future__ import annotations

import pytest

from confirma_async.formats import ReadOptions, read
from tests.formats.tables.csv.rows import HEADER


@pytest.fixture
def records(write):
    def read_lines(*lines, header=HEADER, end="\n", **options):
        path = write("in.csv", end.join([header, *lines]) + end)
        return list(read(path, ReadOptions(**options)))

    return read_lines
