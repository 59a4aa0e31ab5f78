"""What comes in is read lazily, checked, and encoded."""

import asyncio
from typing import Any

import pytest

from confirma_async.bulk.intake import chunks, prepare
from confirma_async.bulk.items import Entry, Refusal
from confirma_async.converters import Converter
from confirma_async.errors import Problem
from confirma_async.formats import BadRecord, Place, ReadInvoice
from confirma_async.schemas import SalesInvoiceRequest


async def test_a_source_is_never_read_ahead_of_one_chunk():
    taken = []

    def source():
        for number in range(100):
            taken.append(number)
            yield number

    sizes = [(len(chunk), len(taken)) async for chunk in chunks(source(), size=8)]
    assert sizes[0] == (8, 8)
    assert sizes[-1] == (4, 100)


async def test_a_quick_asynchronous_source_fills_its_chunks():
    async def source():
        for number in range(20):
            yield number

    assert [len(chunk) async for chunk in chunks(source(), size=8)] == [8, 8, 4]


async def test_a_slow_asynchronous_source_is_not_waited_for():
    more = asyncio.Event()

    async def source():
        yield 1
        yield 2
        await more.wait()
        yield 3

    received: list[list[Any]] = []
    async for chunk in chunks(source(), size=8):
        received.append(chunk)
        more.set()
    assert received == [[1, 2], [3]]


async def test_an_error_of_the_source_comes_through():
    async def source():
        yield 1
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        async for _ in chunks(source()):
            pass


async def test_an_empty_source_has_no_chunks():
    assert [chunk async for chunk in chunks([])] == []


def prepared(record, **options):
    return prepare(record, 5, Converter(), **{"validate": True, **options})


def test_a_mapping_becomes_an_entry_with_its_key_and_digest(wire_invoice):
    entry = prepared(wire_invoice(42))
    assert isinstance(entry, Entry)
    assert str(entry.place) == "record 5"
    assert (entry.key.number, entry.key.type, entry.key.seller) == (42, "INVOICE", "0737546-2")
    assert prepared(wire_invoice(42)).digest == entry.digest
    assert prepared(wire_invoice(43)).digest != entry.digest


def test_a_seller_without_a_business_id_is_known_by_its_vat_code(wire_invoice):
    entry = prepared(wire_invoice(seller={"businessId": None, "vatCode": "FI07375462"}))
    assert entry.key.seller == "FI07375462"


def test_what_breaks_a_rule_is_refused_with_its_number(wire_invoice):
    refusal = prepared(wire_invoice(9, header={"dueDate": "2026-10-01"}))
    assert isinstance(refusal, Refusal)
    assert refusal.number == "9"


def test_what_breaks_a_rule_goes_through_unvalidated(wire_invoice):
    assert isinstance(prepared(wire_invoice(header={"dueDate": "2026-10-01"}), validate=False), Entry)


def test_a_mapping_of_the_wrong_form_is_refused_with_its_paths(wire_invoice):
    refusal = prepared(wire_invoice("seven"), validate=False)
    assert [problem.path for problem in refusal.problems] == ["$.invoice.header.number"]


def test_what_a_reader_could_not_read_stays_refused():
    problem = Problem("line 3", "csv.date", "no date")
    refusal = prepared(BadRecord(place=Place("f.csv", 3), problems=[problem], number="8"))
    assert refusal == Refusal(place=Place("f.csv", 3), problems=(problem,), number="8")


def test_what_a_reader_knows_is_kept(wire_invoice):
    request = Converter().structure(wire_invoice(), SalesInvoiceRequest)
    read = ReadInvoice(place=Place("f.xml"), request=request, remarks=["so"], original_number="A-1")
    entry = prepared(read)
    assert (entry.place, entry.remarks, entry.original_number) == (Place("f.xml"), ["so"], "A-1")
