"""A journal that was put back, while calls of the lost one may go on."""

import asyncio
import contextlib
import shutil
import time

from late_lists import quick_journal, run_job

from confirma_async.bulk.models import Retry, State, Unknown
from confirma_async.bulk.sqlite.journal import open_sqlite
from tests.bulk.evidence.lookups.late import Late, absent, says
from tests.bulk.evidence.lookups.service import HOUR, reset, source, states


def test_in_doubt_an_invoice_that_was_unknown_may_have_been_sent_since(
    in_virtual_time,
    tmp_path,
    request_of,
):
    """A backup from before the invoice was sent again; its witnesses are of the time before, too."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    async def scenario(loop):
        service = Late(loop, n1=[reset])
        service.late = 10 * 60
        with quick_journal(tmp_path / "a") as first:
            await run_job(service, first, source(request_of(1), 90, request_of(2)))
            assert states(first)[1, "INVOICE"] is State.UNKNOWN
        shutil.copy(tmp_path / "a" / "journal", tmp_path / "b" / "journal")
        await asyncio.sleep(HOUR)
        with contextlib.closing(open_sqlite(tmp_path / "a" / "journal")) as first:
            await run_job(service, first, source(request_of(1), request_of(2)))
            assert states(first)[1, "INVOICE"] is State.ACCEPTED
        await asyncio.sleep(60)
        with contextlib.closing(open_sqlite(tmp_path / "b" / "journal")) as second:
            assert second.trust.doubt() is not None
            await run_job(service, second, source(request_of(1), request_of(2)))
        return service

    service = in_virtual_time(scenario)
    assert service.count(1) == 1, service.posts


def test_in_doubt_a_call_of_the_lost_journal_may_go_on(in_virtual_time, in_doubt, request_of):
    """Its process was killed a moment ago, and the backup put in place; the service is still at work."""

    async def scenario(loop):
        loop.wall = time.time() - loop.time()
        service = Late(loop)
        loop.call_later(40, service.take, 2)
        await run_job(service, in_doubt, source(request_of(2), request_of(3)))
        absent(in_doubt, 3)
        await run_job(service, in_doubt, source(request_of(3), 1, request_of(2)))
        await asyncio.sleep(100)
        return service

    assert in_virtual_time(scenario).count(2) == 1


def test_in_doubt_a_retry_is_not_sent_on_time_alone_in_any_run(in_virtual_time, tmp_path, request_of):
    """The journal that it is a copy of has retried it already, and the list does not show that yet."""
    corrected = request_of(1, description="corrected")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    async def scenario(loop):
        service = Late(loop, n1=[says(422, {"message": "the customer is blocked"})])
        service.late = 300.0
        with quick_journal(tmp_path / "a") as first:
            await run_job(service, first, source(request_of(1)))
        shutil.copy(tmp_path / "a" / "journal", tmp_path / "b" / "journal")
        with contextlib.closing(open_sqlite(tmp_path / "a" / "journal")) as first:
            await run_job(service, first, source(corrected), retry=Retry.CHANGED)
        for _ in range(2):
            with contextlib.closing(open_sqlite(tmp_path / "b" / "journal")) as second:
                await run_job(
                    service, second, source(corrected), retry=Retry.CHANGED, on_unknown=Unknown.RESEND
                )
        return service

    service = in_virtual_time(scenario)
    assert service.count(1) == 1, service.posts
