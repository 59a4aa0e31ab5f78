"""Lists: awaited for the answer to one call, iterated over windows of dates or over pages.

A list does not rely on the filters that it asks the service for: their names may be provisional. Where
records lie outside of the days asked for, or come again, it asks for days that hold no records. A service
that answers with records even then does not apply the filter.
"""

from confirma_async.pagination.paged import PagedList, Period
from confirma_async.pagination.pager import Page, Pager
from confirma_async.pagination.period import Window, period, windows
from confirma_async.pagination.record_spec import OVERLAP, RecordSpec, may_be_cut
from confirma_async.pagination.windowed import NO_DAYS, WindowedList

__all__ = [
    "NO_DAYS",
    "OVERLAP",
    "Page",
    "PagedList",
    "Pager",
    "Period",
    "RecordSpec",
    "Window",
    "WindowedList",
    "may_be_cut",
    "period",
    "windows",
]
