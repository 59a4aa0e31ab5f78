"""What is written as CSV in any usual way is read as it was meant."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import assume, given, settings, strategies as st

from confirma_async.formats import ReadInvoice, read

HEADER = [
    "number",
    "date",
    "due_date",
    "currency",
    "description",
    "row_product_name",
    "row_quantity",
    "row_net_amount",
]

# What any of the encodings can say; a text never begins or ends in space, which reading takes off.
LETTERS = re.compile("[^\0-\x7f\udc80-\udcff]")  # bytes such as those of Å€ are a letter of UTF-8 as well
TEXTS = st.text(st.sampled_from("abcÅäöé€ ;,|\t\"'\n.12"), max_size=12).map(str.strip)
QUANTITIES = st.decimals(min_value=-(10**6), max_value=10**6, places=3)
AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=2)
ROWS = st.lists(st.tuples(TEXTS, QUANTITIES, AMOUNTS), min_size=1, max_size=3)
INVOICES = st.lists(st.tuples(TEXTS, ROWS), min_size=1, max_size=4)


def written(number: Decimal, mark: str, group: str) -> str:
    text = f"{number:,f}"
    return text.replace(",", "G").replace(".", mark).replace("G", group)


@settings(max_examples=150, deadline=None)
@given(
    INVOICES,
    st.sampled_from(";,\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
    st.sampled_from([(",", ""), (".", ""), (",", "."), (".", ","), (",", " "), (",", "\u00a0"), (".", "'")]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_was_written_is_read(invoices, delimiter, encoding, style, end):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow(HEADER)
    for number, (description, rows) in enumerate(invoices, start=1):
        for name, quantity, amount in rows:
            numbers = [written(quantity, *style), written(amount, *style)]
            writer.writerow([number, "2026-01-01", "2026-01-15", "EUR", description, name, *numbers])
    data = out.getvalue().encode(encoding)
    assume(encoding != "cp1252" or not LETTERS.search(data.decode("utf-8", "surrogateescape")))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.csv"
        path.write_bytes(data)
        found = list(read(path))
    assert all(isinstance(each, ReadInvoice) for each in found), found
    requests = [each.request.invoice for each in found if isinstance(each, ReadInvoice)]
    assert [request.header.number for request in requests] == list(range(1, len(invoices) + 1))
    for request, (description, rows) in zip(requests, invoices, strict=True):
        assert (request.header.description or "") == description
        assert [(row.product_name or "", row.quantity, row.net_amount) for row in request.rows] == rows
        assert request.amounts is not None
        assert request.amounts.net_amount == sum(amount for _, _, amount in rows)
