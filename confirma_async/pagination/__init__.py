"""Lists: awaited for the answer to one call, iterated over windows of dates or over pages.

A list does not believe that the service applied the filters that it was asked with: their names may be
provisional. Where records lie outside of the days asked for, or come again, it asks for days that hold none:
what is answered to that, is answered to anything.
"""

from confirma_async.pagination.paged import Period, by_pages
from confirma_async.pagination.pager import Page, Pager
from confirma_async.pagination.period import Window, period, windows
from confirma_async.pagination.record_spec import OVERLAP, RecordSpec, may_be_cut
from confirma_async.pagination.windowed import NO_DAYS, by_windows

__all__ = [
    "NO_DAYS",
    "OVERLAP",
    "Page",
    "Pager",
    "Period",
    "RecordSpec",
    "Window",
    "by_pages",
    "by_windows",
    "may_be_cut",
    "period",
    "windows",
]
