"""Windows of dates."""

import datetime
from collections import Counter

import pytest
from hypothesis import given, strategies as st

from confirma_async.errors import ConfigurationError, RequestInvalidError
from confirma_async.pagination import PagedList, RecordSpec, Window, WindowedList, period, windows

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
    def now():
        return datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)

    first, today = datetime.date(2026, 2, 1), datetime.date(2026, 3, 1)
    assert period(first, None, now) == Window(first, today)
    later = datetime.date(2026, 4, 1)
    assert period(later, None, now) == Window(later, later)


def test_it_is_today_already_in_finland_when_it_is_late_in_london():
    def late():
        return datetime.datetime(2026, 3, 1, 22, 30, tzinfo=datetime.UTC)

    first = datetime.date(2026, 2, 1)
    assert period(first, None, late) == Window(first, datetime.date(2026, 3, 2))


def test_no_dates_leave_the_window_to_the_service():
    assert period(None, None) is None


READING = RecordSpec[list[datetime.date], datetime.date](
    records=lambda answer: answer, identity=str, day=lambda record: record
)


class Service:
    """Every day of a period is a record; ``blur`` days beyond its window come with each answer."""

    def __init__(self, blur=0):
        self.asked = []
        self.blur = datetime.timedelta(days=blur)

    async def fetch(self, window):
        self.asked.append(window)
        if window is None:
            return [datetime.date(2026, 1, 1)]
        first, last = window.first - self.blur, window.last + self.blur
        return [first + datetime.timedelta(days=day) for day in range((last - first).days + 1)]

    def listing(self, first=None, last=None, cursor=None):
        return WindowedList(fetch=self.fetch, reading=READING, listing="days:1").over(first, last, cursor)


START, END = datetime.date(2026, 1, 1), datetime.date(2026, 5, 15)


async def test_awaited_it_is_one_answer_and_iterated_it_is_every_record():
    service = Service()
    listing = service.listing(START, END)
    assert len(await listing) == 135
    records = [record async for record in listing]
    assert len(service.asked) == 1 + 5
    assert records == [START + datetime.timedelta(days=day) for day in range(135)]
    assert [record async for page in listing.pages() for record in page] == records


async def test_without_a_period_iterating_is_one_call_too():
    service = Service()
    pages = [page async for page in service.listing().pages()]
    assert [len(page) for page in pages] == [1]
    assert pages[0].cursor is None
    assert service.asked == [None]


async def test_iterating_fetches_only_as_far_as_it_goes():
    service = Service()
    async for _ in service.listing(START, END):
        break
    assert len(service.asked) == 1


async def test_what_two_windows_both_tell_is_told_once():
    records = [record async for record in Service(blur=1).listing(START, END)]
    assert max(Counter(records).values()) == 1
    assert records == sorted(records)
    assert len(records) == 135 + 2


async def test_two_equal_records_of_one_answer_are_both_told():
    async def fetch(window):
        return [window.first, window.first]

    listing = WindowedList(fetch=fetch, reading=READING, listing="days:1").over(START, START, None)
    assert len([record async for record in listing]) == 2


NAMELESS = RecordSpec[list[str], str](
    records=lambda answer: answer, identity=lambda _: None, day=lambda _: None
)


async def test_records_that_nothing_tells_apart_are_never_left_out():
    async def fetch(window):
        return ["?"] * max(0, (window.first - START).days // 30 + 1)

    listing = WindowedList(fetch=fetch, reading=NAMELESS, listing="days:1").over(START, END, None)
    assert len([record async for record in listing]) == 1 + 2 + 3 + 4 + 5


async def test_the_same_records_whatever_is_asked_for_are_told_of():
    async def fetch(_window):
        return ["?"]

    listing = WindowedList(fetch=fetch, reading=NAMELESS, listing="days:1").over(START, END, None)
    with pytest.raises(ConfigurationError, match="Overrides"):
        [record async for record in listing]


@pytest.mark.parametrize("stop_after", range(1, 5))
async def test_a_cursor_goes_on_where_its_page_ended(stop_after):
    reported = []
    cursor = None
    async for page in Service(blur=1).listing(START, END).pages():
        reported += page
        cursor = page.cursor
        stop_after -= 1
        if not stop_after:
            break
    reported += [record async for record in Service(blur=1).listing(cursor=cursor)]
    assert reported == [record async for record in Service(blur=1).listing(START, END)]


async def test_the_last_page_has_no_cursor():
    cursors = [page.cursor async for page in Service().listing(START, END).pages()]
    assert all(cursors[:-1])
    assert cursors[-1] is None


async def test_a_cursor_stands_alone():
    page = await anext(Service().listing(START, END).pages())
    with pytest.raises(RequestInvalidError, match="without dates"):
        Service().listing(START, END, cursor=page.cursor)


# --- pages ------------------------------------------------------------------------------------------


def by_threes(cursor=None, asked=None):
    """Seven records, three to a page."""

    async def fetch(page):
        if asked is not None:
            asked.append(page)
        return list(range(7))[(page - 1) * 3 : page * 3]

    threes = PagedList(
        fetch=fetch,
        records=lambda answer: answer,
        is_last=lambda answer, _: len(answer) < 3,
        listing="numbers:1",
    )
    return threes.beginning(1, cursor)


async def test_pages_follow_each_other_until_the_last():
    asked: list[int] = []
    assert await by_threes() == [0, 1, 2]
    assert [record async for record in by_threes(asked=asked)] == list(range(7))
    assert asked == [1, 2, 3]


async def test_a_cursor_names_the_page_that_comes_next():
    pages = [page async for page in by_threes().pages()]
    assert [record async for record in by_threes(pages[0].cursor)] == [3, 4, 5, 6]
    assert pages[-1].cursor is None


async def test_a_service_that_knows_no_pages_is_not_asked_for_ever():
    async def fetch(_page):
        return [1, 2]

    listing = PagedList(fetch=fetch, records=lambda it: it, is_last=lambda *_: False, listing="numbers:1")
    pages = listing.beginning(1, None).pages()
    assert list(await anext(pages)) == [1, 2]
    with pytest.raises(ConfigurationError, match=r"page 2 .* provisional"):
        await anext(pages)
