"""What comes in is read lazily, checked, and encoded."""

import asyncio
from typing import Any

import pytest

from confirma_async.bulk.job.preparation import batches, prepare
from confirma_async.bulk.models import Entry, RefusedRecord
from confirma_async.converters import Converter
from confirma_async.errors import Problem
from confirma_async.formats import BadRecord, Place, ReadInvoice
from confirma_async.schemas import SalesInvoiceRequest
from confirma_async.validation import Checks

BAD = BadRecord(place=Place("f"), problems=[])


async def test_a_source_is_never_read_ahead_of_one_batch():
    taken = []

    def source():
        for number in range(100):
            taken.append(number)
            yield number

    sizes = [(len(batch), len(taken)) async for batch in batches(source(), size=8)]
    assert sizes[0] == (8, 8)
    assert sizes[-1] == (4, 100)


async def test_a_quick_asynchronous_source_fills_its_batches():
    async def source():
        for number in range(20):
            yield number

    assert [len(batch) async for batch in batches(source(), size=8)] == [8, 8, 4]


async def test_a_slow_asynchronous_source_is_not_waited_for():
    more = asyncio.Event()

    async def source():
        yield 1
        yield 2
        await more.wait()
        yield 3

    received: list[list[Any]] = []
    async for batch in batches(source(), size=8):
        received.append(batch)
        more.set()
    assert received == [[1, 2], [3]]


async def test_an_error_of_the_source_comes_through():
    async def source():
        yield 1
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        async for _ in batches(source()):
            pass


async def test_an_empty_source_has_no_batches():
    assert [batch async for batch in batches([])] == []


def prepared(record, **options):
    return prepare(record, 5, Converter(), Checks(**options))


def test_a_mapping_becomes_an_entry_with_its_key_and_digest(wire_invoice):
    entry = prepared(wire_invoice(42))
    assert isinstance(entry, Entry)
    assert str(entry.place) == "record 5"
    assert (entry.key.number, entry.key.type, entry.key.seller) == (42, "INVOICE", "07375462")
    assert prepared(wire_invoice(42)).digest == entry.digest
    assert prepared(wire_invoice(43)).digest != entry.digest


@pytest.mark.parametrize(
    "spelling",
    [
        {"businessId": "0737546-2"},
        {"businessId": "07375462"},
        {"businessId": None, "vatCode": "FI07375462"},
        {"businessId": None, "vatCode": "fi 0737546-2"},
    ],
)
def test_a_seller_is_the_same_however_its_id_is_spelled(wire_invoice, spelling):
    assert prepared(wire_invoice(seller=spelling), validate=False).key.seller == "07375462"


@pytest.mark.parametrize("broken", [{"invoice": None}, {"invoice": {"header": None}}])
def test_a_request_too_broken_to_have_a_number_is_refused(broken):
    assert isinstance(prepared(broken), RefusedRecord)


def test_an_untyped_request_without_its_parts_is_refused():
    from confirma_async.schemas import InvoiceContentData

    hollow = SalesInvoiceRequest(invoice=InvoiceContentData(header=None))  # type: ignore[arg-type]  # untyped
    assert isinstance(prepared(hollow), RefusedRecord)


@pytest.mark.parametrize("validate", [True, False])
def test_a_number_that_no_journal_can_hold_is_refused(wire_invoice, validate):
    assert isinstance(prepared(wire_invoice(2**63), validate=validate), RefusedRecord)


async def test_a_slow_source_does_not_fill_its_batches(monkeypatch):
    monkeypatch.setattr("confirma_async.bulk.job.preparation.PATIENCE", 0.0)
    assert [len(batch) async for batch in batches([BAD] * 3, size=8)] == [1, 1, 1]


async def test_an_asynchronous_source_is_closed_when_the_job_ends():
    closed = []

    async def source():
        try:
            yield 1
            await asyncio.sleep(3600)
        finally:
            closed.append(True)

    reading = batches(source())
    await anext(reading)
    await reading.aclose()
    assert closed


def test_what_breaks_a_rule_is_refused_with_its_number(wire_invoice):
    refusal = prepared(wire_invoice(9, header={"currencyCode": "EURO"}))
    assert isinstance(refusal, RefusedRecord)
    assert refusal.number == "9"


def test_what_breaks_a_rule_goes_through_unvalidated(wire_invoice):
    assert isinstance(prepared(wire_invoice(header={"currencyCode": "EURO"}), validate=False), Entry)


def test_a_mapping_of_the_wrong_form_is_refused_with_its_paths(wire_invoice):
    refusal = prepared(wire_invoice("seven"), validate=False)
    assert [problem.path for problem in refusal.problems] == ["$.invoice.header.number"]


def test_what_a_reader_could_not_read_stays_refused():
    problem = Problem("line 3", "table.date", "no date")
    refusal = prepared(BadRecord(place=Place("f.csv", 3), problems=[problem], number="8"))
    assert refusal == RefusedRecord(place=Place("f.csv", 3), problems=(problem,), number="8")


def test_what_a_reader_knows_is_kept(wire_invoice):
    request = Converter().structure(wire_invoice(), SalesInvoiceRequest)
    read = ReadInvoice(place=Place("f.xml"), request=request, remarks=["so"], original_number="A-1")
    entry = prepared(read)
    assert (entry.place, entry.remarks, entry.original_number) == (Place("f.xml"), ["so"], "A-1")
