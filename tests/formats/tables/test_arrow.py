"""Parquet and Arrow files of every type that is read, and of those that are not."""

from __future__ import annotations

import contextlib
import datetime
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from pyarrow import feather, parquet

from confirma_async.formats import BadRecord, InputError, ReadInvoice, read, scan

DAY = datetime.date(2026, 11, 2)


def table(**columns):
    return pa.table(
        {
            "number": pa.array([1, 1, 2], pa.int64()),
            "date": pa.array([DAY] * 3, pa.date32()),
            "due_date": pa.array(["2026-11-16"] * 3),
            "currency": pa.array(["EUR"] * 3).dictionary_encode(),
            "row_net_amount": pa.array([Decimal("210.5000")] * 3, pa.decimal128(18, 4)),
            **columns,
        }
    )


def write_stream(contents, path):
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, contents.schema) as writer:
        writer.write_table(contents)


WRITERS = {
    "in.parquet": parquet.write_table,
    "in.feather": lambda contents, path: feather.write_feather(contents, str(path)),
    "in.arrow": lambda contents, path: feather.write_feather(contents, str(path), compression="uncompressed"),
    "in.arrows": write_stream,
}


@pytest.fixture(params=WRITERS)
def written(request, tmp_path):
    def write(contents):
        WRITERS[request.param](contents, tmp_path / request.param)
        return tmp_path / request.param

    return write


def test_rows_of_one_number_are_one_invoice(written):
    found: list[Any] = list(read(written(table())))
    assert [(each.request.invoice.header.number, len(each.request.invoice.rows)) for each in found] == [
        (1, 2),
        (2, 1),
    ]
    assert [each.place.line for each in found] == [1, 3]
    assert found[0].request.invoice.header.date == DAY
    assert str(found[0].request.invoice.rows[0].net_amount) == "210.50"


def test_sightings_are_those_of_the_invoices(written):
    assert [seen.identity.original for seen in scan(written(table()))] == ["1", "2"]


def test_a_file_without_its_ending_is_known_by_its_first_bytes(written):
    path = written(table())
    assert len(list(read(path.rename(path.with_suffix(".dat"))))) == 2


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (pa.array([1.5] * 3, pa.float64()), "holds binary fractions .* decimal128"),
        (pa.array([1.5] * 3, pa.float64()).dictionary_encode(), "holds binary fractions"),
        (pa.array([1.5] * 3, pa.float32()), "holds binary fractions"),
        (pa.array([[Decimal(1)]] * 3), "is of type list"),
        (pa.array([b"1"] * 3), "is of type binary"),
        (pa.array([datetime.datetime(2026, 1, 1)] * 3, pa.timestamp("us", "UTC")), "holds points in time"),  # noqa: DTZ001
    ],
)
def test_a_column_of_a_type_that_is_not_exact_or_not_read_is_told(written, column, says):
    with pytest.raises(InputError, match=f"column row_quantity {says}"):
        list(read(written(table(row_quantity=column))))


def test_an_amount_with_more_decimals_than_cents_is_refused_at_its_row(written):
    amounts = pa.array([Decimal("1.005"), Decimal("1.00"), None], pa.decimal128(18, 3))
    first, second = read(written(table(row_net_amount=amounts)))
    assert isinstance(first, BadRecord)
    assert [(it.path, it.rule) for it in first.problems] == [("row 1, column row_net_amount", "table.amount")]
    assert isinstance(second, ReadInvoice)
    assert second.request.invoice.rows == ()


def test_a_value_that_is_no_text_or_no_day_costs_its_own_invoice(written):
    texts = pa.Array.from_buffers(
        pa.string(), 3, [*pa.array(["x", "y", "z"]).buffers()[:2], pa.py_buffer(b"a\xffc")]
    )
    first, second = read(written(table(description=texts)))
    assert isinstance(first, BadRecord)
    assert [(it.path, it.rule) for it in first.problems] == [("row 2, column description", "arrow.value")]
    assert isinstance(second, ReadInvoice)


def test_columns_without_known_names_are_told(written):
    with pytest.raises(InputError, match="do not name"):
        list(read(written(pa.table({"a": [1], "b": [2], "c": [3]}))))


def test_a_file_is_named_as_it_is_called_whatever_that_says(written):
    file = written(pa.table({"a": [1]}))
    named = file.rename(file.with_name(f"the first line does not{file.suffix}"))
    with pytest.raises(InputError) as told:
        list(read(named))
    assert str(told.value).startswith(f"{named}: the columns do not name columns")


def test_a_table_without_rows_is_told(written):
    with pytest.raises(InputError, match="holds no invoice"):
        list(read(written(table().slice(0, 0))))


TYPES = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_every_type_of_text_is_read(tmp_path, kind):
    path = tmp_path / "in.arrows"
    write_stream(table(description=pa.array(["Työ", None, "Työ"]).cast(kind)), path)
    found: list[Any] = list(read(path))
    assert [each.request.invoice.header.description for each in found] == ["Työ", "Työ"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_time_stamp_without_zone_is_read_as_its_day(tmp_path, unit):
    stamps = pa.array(["2026-11-02 13:45:00"] * 3).cast(pa.timestamp(unit))
    write_stream(table(date=stamps), tmp_path / "in.arrows")
    found: list[Any] = list(read(tmp_path / "in.arrows"))
    assert {each.request.invoice.header.date for each in found} == {DAY}


AMOUNTS = st.decimals(min_value=-(10**15), max_value=10**15, places=2)


@settings(max_examples=25)
@given(st.lists(st.tuples(AMOUNTS, st.text(max_size=8).map(str.strip), st.dates()), min_size=1, max_size=5))
def test_what_was_written_is_read(rows):
    contents = pa.table(
        {
            "number": pa.array(range(1, len(rows) + 1), pa.uint32()),
            "date": pa.array([day for _, _, day in rows], pa.date64()),
            "due_date": pa.array([day for _, _, day in rows], pa.date32()),
            "currency": ["EUR"] * len(rows),
            "description": [text for _, text, _ in rows],
            "net_amount": pa.array([amount for amount, _, _ in rows], pa.decimal256(40, 6)),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        parquet.write_table(contents, Path(folder) / "in.parquet", row_group_size=2)
        found: list[Any] = list(read(Path(folder) / "in.parquet"))
    assert [
        (
            each.request.invoice.amounts.net_amount,
            each.request.invoice.header.description or "",
            each.request.invoice.header.date,
        )
        for each in found
        if isinstance(each, ReadInvoice) and each.request.invoice.amounts
    ] == rows


@pytest.mark.parametrize("place", [2, 100, -1, -2])
def test_a_cell_that_points_beyond_the_values_of_its_column_damages_the_file(tmp_path, place):
    made = table()
    column = made.column(0).cast(pa.string()).combine_chunks()
    places = pa.array([place] * len(column), pa.int32())
    broken = pa.DictionaryArray.from_arrays(places, column[:2], safe=False)
    WRITERS["in.arrow"](made.set_column(0, made.column_names[0], broken), tmp_path / "in.arrow")
    with pytest.raises(InputError, match="is damaged"):
        list(read(tmp_path / "in.arrow"))


def test_an_amount_of_a_scale_that_no_number_has_is_told(tmp_path):
    column = table().column("row_net_amount").combine_chunks()
    wild = pa.Array.from_buffers(pa.decimal128(18, 260), len(column), column.buffers())
    WRITERS["in.arrows"](table(row_net_amount=wild), tmp_path / "in.arrows")
    found = list(read(tmp_path / "in.arrows"))
    assert [each.problems[0].path for each in found if isinstance(each, BadRecord)] == [
        "row 1, column row_net_amount",
        "row 3, column row_net_amount",
    ]


@settings(max_examples=100)
@given(st.data(), st.sampled_from(sorted(WRITERS)))
def test_broken_bytes_are_bad_records_or_an_input_error(data, name):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        WRITERS[name](table(), path)
        contents = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 8))):
            contents[data.draw(st.integers(4, len(contents) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(contents[: data.draw(st.integers(8, len(contents)))])
        with contextlib.suppress(InputError):
            for record in read(path):
                assert isinstance(record, ReadInvoice) or record.problems
