"""Windows of dates."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from confirma_async.pagination import Listing, Window, period, windows

DAYS = st.dates(datetime.date(1999, 1, 1), datetime.date(2030, 1, 1))


@given(first=DAYS, length=st.integers(0, 800), days=st.integers(1, 90))
def test_windows_cover_a_period_once_and_in_order(first, length, days):
    last = first + datetime.timedelta(days=length)
    parts = list(windows(first, last, days))
    covered = [
        part.first + datetime.timedelta(days=offset)
        for part in parts
        for offset in range((part.last - part.first).days + 1)
    ]
    assert covered == [first + datetime.timedelta(days=offset) for offset in range(length + 1)]
    assert all((part.last - part.first).days < days for part in parts)


def test_a_period_without_an_end_goes_to_today_or_to_its_own_start():
    today = datetime.datetime.now(datetime.UTC).date()
    open_ended = period(today - datetime.timedelta(days=3), None)
    assert open_ended is not None
    assert open_ended.last in {today, today + datetime.timedelta(days=1)}
    later = today + datetime.timedelta(days=30)
    assert period(later, None) == Window(later, later)


def test_no_dates_leave_the_window_to_the_service():
    assert period(None, None) is None


async def test_awaited_it_is_one_answer_and_iterated_it_is_every_record():
    asked = []

    async def fetch(window):
        asked.append(window)
        return [window.first, window.last]

    whole = Window(datetime.date(2026, 1, 1), datetime.date(2026, 2, 15))
    listing = Listing(fetch, lambda answer: answer, whole)
    assert await listing == [whole.first, whole.last]
    records = [record async for record in listing]
    assert len(asked) == 3
    assert records == sorted(records)
    assert [record async for page in listing.pages() for record in page] == records


async def test_iterating_fetches_only_as_far_as_it_goes():
    asked = []

    async def fetch(window):
        asked.append(window)
        return [1]

    listing = Listing(
        fetch, lambda answer: answer, Window(datetime.date(2026, 1, 1), datetime.date(2026, 12, 31))
    )
    async for _ in listing:
        break
    assert len(asked) == 1
