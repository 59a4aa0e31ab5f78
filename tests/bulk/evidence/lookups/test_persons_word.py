"""What a person has said of an invoice, right or wrong."""

import asyncio
import contextlib
import shutil

import pytest
from late_lists import quick_journal, run_job

from confirma_async.bulk.models import State
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.errors import JournalError
from tests.bulk.evidence.lookups.late import Late, absent, arrives_unheard, says
from tests.bulk.evidence.lookups.service import HOUR, reset, source, states


def test_a_wrong_word_of_a_person_confirms_no_form(in_virtual_time, journal, request_of):
    """The person looked at the same late list; a portal answered the attempt after that."""
    portal = says(200, {"message": "please sign in"})

    async def scenario(loop):
        service = Late(loop, n1=[arrives_unheard, portal], n2=[portal], n3=[portal])
        service.late = 300.0
        await run_job(service, journal, source(request_of(1)))
        absent(journal, 1)
        await run_job(service, journal, source(request_of(1), 400, request_of(2), request_of(3)))

    in_virtual_time(scenario)
    assert not journal.evidence.confirmed_forms()


def test_a_wrong_word_of_a_person_makes_no_witness(in_virtual_time, journal, request_of):
    async def scenario(loop):
        service = Late(loop, n1=[arrives_unheard], n2=[arrives_unheard])
        service.late = 1000.0
        await run_job(service, journal, source(request_of(1), 500, request_of(2)))
        absent(journal, 1)
        await run_job(service, journal, source(request_of(1)))
        await asyncio.sleep(350)  # the first attempt of 1 is listed, and nothing that came after it
        await run_job(service, journal, source(request_of(1), request_of(2)))
        return service

    assert in_virtual_time(scenario).count(2) == 1


def test_a_persons_word_counts_in_a_journal_that_has_just_come_into_doubt(
    in_virtual_time, tmp_path, request_of
):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    async def scenario(loop):
        service = Late(loop, n1=[reset])
        with quick_journal(tmp_path / "a") as first:
            await run_job(service, first, source(request_of(1)))
        shutil.copy(tmp_path / "a" / "journal", tmp_path / "b" / "journal")
        with contextlib.closing(open_sqlite(tmp_path / "b" / "journal")) as second:
            with pytest.raises(JournalError, match="may still arrive"):
                absent(second, 1, later=50.0)  # what the copy knows nothing of may have been sent just now
            absent(second, 1)
        with contextlib.closing(open_sqlite(tmp_path / "b" / "journal")) as second:
            await run_job(service, second, source(request_of(1)))
            return states(second)

    assert in_virtual_time(scenario)[1, "INVOICE"] is State.ACCEPTED


def test_a_person_decides_where_a_clock_stood_far_ahead_as_the_doubt_began(
    in_virtual_time, tmp_path, request_of
):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    async def scenario(loop):
        with quick_journal(tmp_path / "a") as first:
            await run_job(Late(loop, n1=[reset]), first, source(request_of(1)))
        shutil.copy(tmp_path / "a" / "journal", tmp_path / "b" / "journal")
        with contextlib.closing(open_sqlite(tmp_path / "b" / "journal")) as second:
            absent(second, 1, later=-2 * HOUR)  # by a clock that is right
            return states(second)

    assert in_virtual_time(scenario)[1, "INVOICE"] is State.PENDING
