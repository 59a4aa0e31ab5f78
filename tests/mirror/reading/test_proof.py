"""What proves a window, and what does not: lists that are cut off, counted as whole, or another page."""

import datetime

import pytest

from confirma_async.sandbox import Fault, ListedKind

STREAMS = {
    "payments": (ListedKind.PAYMENT, "payments.list"),
    "settlements": (ListedKind.SETTLEMENT, "payments.settlements"),
    "distributions": (ListedKind.DISTRIBUTION, "invoices.distributions"),
}


def record_of(stream, number, day):
    if stream == "payments":
        return {"invoiceNumber": str(number), "bookingDate": f"{day}T10:00:00.000Z", "amount": 10}
    if stream == "settlements":
        return {"settlementId": 100_000_000_000 + number, "settlementDate": str(day), "settlementAmount": 1}
    return {"invoiceNumber": str(number), "invoiceDate": str(day), "status": "INTERMEDIATED"}


@pytest.fixture
def list_records(sandbox):
    """Tells so many records of a day that lies some days back; returns their names."""
    numbers = iter(range(1, 10_000))

    def put(stream, back, count):
        day = sandbox.clock.now().date() - datetime.timedelta(days=back)
        made = [next(numbers) for _ in range(count)]
        records = {f"{number:05}": record_of(stream, number, day) for number in made}
        sandbox.add_records(STREAMS[stream][0], records)
        return records

    return put


@pytest.fixture
def holds(mirror, truth):
    """Says whether the mirror holds all that is told of the windows that count as proved."""

    async def check(sandbox, stream, *, untold=0):
        """Untold are so many of the earliest: a list that always begins later tells them for no days."""
        sandbox.faults.clear()
        proved = mirror("SELECT first, last FROM reading WHERE stream = ? AND reason IS NULL", stream)
        held = {raw for (raw,) in mirror("SELECT hash FROM record WHERE stream = ?", stream)}
        lacking = [
            day
            for day, name in sorted(await truth.days(stream), key=lambda each: each[0])[untold:]
            if name not in held and any(first <= day <= last for first, last in proved)
        ]
        assert not lacking

    return check


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("most", [4, 12, 45, 50])
@pytest.mark.parametrize("stream", STREAMS)
async def test_a_list_that_is_cut_off_proves_nothing_whatever_it_counts(
    sandbox, sync, list_records, holds, stream, most, counted
):
    for back in range(45):
        list_records(stream, back, 3)
    order = {"operation": STREAMS[stream][1], "times": None, "records": most, "counted": counted}
    sandbox.faults.add(Fault.CUT_LIST, **order)
    report = await sync()
    assert report.complete == (most > 9)  # three days of three: what is asked for to prove one day
    await holds(sandbox, stream)


@pytest.mark.parametrize("skipped", [1, 3, 8, 30])
@pytest.mark.parametrize("most", [20, 1000])
@pytest.mark.parametrize("stream", STREAMS)
async def test_another_page_than_the_first_proves_nothing(
    sandbox, sync, list_records, holds, stream, most, skipped
):
    for back in range(45):
        list_records(stream, back, 3)
    order = {"times": None, "records": most, "skipped": skipped, "counted": True}
    sandbox.faults.add(Fault.CUT_LIST, operation=STREAMS[stream][1], **order)
    await sync()
    await holds(sandbox, stream, untold=skipped)


@pytest.mark.parametrize("stream", STREAMS)
async def test_a_list_as_long_as_one_that_was_whole_may_be_cut_off(
    sandbox, sync, list_records, holds, stream
):
    list_records(stream, 40, 20)  # a whole list of as many as are told at most
    for back in range(12):
        list_records(stream, back, 3)
    sandbox.faults.add(Fault.CUT_LIST, operation=STREAMS[stream][1], times=None, records=20, counted=True)
    await sync()
    await holds(sandbox, stream)


@pytest.mark.parametrize("stream", STREAMS)
async def test_what_was_whole_in_an_earlier_run_proves_nothing_in_this_one(
    sandbox, sync, list_records, holds, stream
):
    for back in range(45):
        list_records(stream, back, 2)
    assert (await sync()).complete
    sandbox.faults.add(Fault.CUT_LIST, operation=STREAMS[stream][1], times=None, records=20, counted=True)
    for _ in range(3):
        sandbox.clock.advance(days=1)
        list_records(stream, 0, 2)
        list_records(stream, 5, 2)
        await sync()
    await holds(sandbox, stream)


@pytest.mark.parametrize("count", [50, 100])
async def test_a_day_that_may_be_cut_off_keeps_no_other_from_being_read(
    sandbox, sync, list_records, mirror, count
):
    list_records("payments", 20, count)
    late = list_records("payments", 5, 1)
    sandbox.faults.add(Fault.CUT_LIST, operation="payments.list", times=None, records=count)
    report = await sync()
    assert f"one day lists {count} records" in report.streams["payments"].open[0][1]
    (record,) = late.values()
    assert mirror("SELECT count(*) FROM payments WHERE number = ?", record["invoiceNumber"]) == [(1,)]


async def test_a_day_of_a_round_count_is_proved_by_a_longer_list(sandbox, sync, list_records):
    list_records("payments", 20, 50)
    list_records("payments", 35, 1)
    assert (await sync()).complete


async def test_windows_that_prove_nothing_keep_no_later_one_from_being_read(
    sandbox, sync, list_records, mirror
):
    for back in (5, 20, 35, 50, 65):
        list_records("payments", back, 50)
    sandbox.faults.add(Fault.CUT_LIST, operation="payments.list", times=None, records=50)
    await sync()
    assert mirror("SELECT count(*) FROM payments") == [(250,)]


@pytest.mark.parametrize("stream", STREAMS)
async def test_what_one_answer_left_out_is_not_missed(sandbox, sync, list_records, mirror, stream):
    for back in range(20):
        list_records(stream, back, 3)
    await sync()
    sandbox.clock.advance(days=1)
    order = {"records": 1000, "skipped": 20, "counted": True}
    sandbox.faults.add(Fault.CUT_LIST, operation=STREAMS[stream][1], times=2, **order)
    await sync()
    assert mirror("SELECT count(*) FROM record WHERE missed_at IS NOT NULL") == [(0,)]


async def test_a_list_that_tells_how_many_it_leaves_out_is_read_in_halves(sandbox, sync, list_records, holds):
    for back in range(45):
        list_records("distributions", back, 3)
    sandbox.faults.add(Fault.CUT_LIST, operation="invoices.distributions", times=None, records=20)
    assert (await sync()).complete
    await holds(sandbox, "distributions")
