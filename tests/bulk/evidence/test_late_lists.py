"""Lists that are late and in order, journals put back, and clocks that are wrong."""

# ruff: noqa: F811 (fixtures of another file)

import asyncio
import contextlib
import json
import shutil
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from late_lists import quick_journal, run_job

from confirma_async.bulk.journal.records import Resolution
from confirma_async.bulk.models import Retry, State, Unknown
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.errors import JournalError
from confirma_async.session.transport import Response

from .test_lookups import (  # noqa: F401 (fixtures)
    HOUR,
    SETTLE,
    Service,
    detail,
    in_doubt,
    in_virtual_time,
    journal,
    quiet,
    request_of,
    reset,
    source,
    states,
)


class Late(Service):
    """Lists invoices in the order in which it took them, ``late`` seconds after that."""

    late = 0.0

    def take(self, number, **fields):
        super().take(number, **fields)
        self.taken_at = [*getattr(self, "taken_at", []), self.loop.time()]

    async def list(self, request):
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        number = query.get("invoiceNumber")
        self.asked.append(number)
        found = [
            record
            for record, at in zip(self.records, getattr(self, "taken_at", []), strict=True)
            if number in {None, record["invoiceNumber"]} and at + self.late <= self.loop.time()
        ]
        body = {"metaData": {"totalCount": len(found), "filtersApplied": query}, "data": found}
        return Response(200, {}, json.dumps(body).encode())


async def arrives_unheard(service, number):
    service.take(number)
    await reset(service, number)


def says(status, body, *, takes=False):
    async def act(service, number):
        if takes:
            service.take(number)
        return Response(status, {}, json.dumps(body).encode())

    return act


def test_a_service_may_be_at_work_after_a_connection_broke(in_virtual_time, journal, request_of):
    """It has done with the call within the settle time, and the list is in order: late by half a minute."""

    async def scenario(loop):
        service = Late(loop, n1=[reset])
        service.late = 30.0
        loop.call_later(40, service.take, 1)
        await run_job(service, journal, source(request_of(1), 1, request_of(2), 90, request_of(3)))
        return service

    service = in_virtual_time(scenario)
    assert service.count(1) == 1, service.posts


@pytest.mark.parametrize(
    "answer", [(500, {}), (200, {"error": "upstream timeout"}), (307, {}), (409, {})], ids=str
)
def test_a_service_may_be_at_work_after_an_answer(in_virtual_time, journal, request_of, answer):
    """A gateway that lost its upstream says so in many words."""

    async def scenario(loop):
        service = Late(loop, n1=[says(*answer)])
        service.late = 30.0
        loop.call_later(40, service.take, 1)
        await run_job(service, journal, source(request_of(1), 1, request_of(2), 90, request_of(3)))
        return service

    service = in_virtual_time(scenario)
    assert service.count(1) == 1, service.posts
    assert states(journal)[1, "INVOICE"] is not State.REJECTED, detail(journal)


def test_a_list_out_of_order_breaks_the_assumption(in_virtual_time, journal, request_of):
    """Why the docs name it: there a witness is no proof."""

    async def scenario(loop):
        async def arrives_unheard(service, number):
            loop.call_later(300, service.take, number)  # that is when the list shows it
            await reset(service, number)

        service = Late(loop, n1=[arrives_unheard])
        await run_job(service, journal, source(request_of(1), 90, request_of(2), 300, request_of(3)))
        return service

    assert in_virtual_time(scenario).count(1) == 2


def test_what_was_contradicted_and_is_shown_absent_is_rejected(in_virtual_time, journal, request_of):
    async def scenario(loop):
        service = Late(loop, n1=[says(409, {"message": "number in use"})])
        await run_job(service, journal, source(request_of(1), 90, request_of(2)))
        return service

    assert in_virtual_time(scenario).posts == [1, 2]
    assert states(journal)[1, "INVOICE"] is State.REJECTED, detail(journal)


@pytest.mark.parametrize("runs", [1, 2, 4])
def test_the_same_command_again_finds_the_witness_of_the_first_run(
    in_virtual_time,
    journal,
    request_of,
    runs,
):
    """Nothing new is sent in between; the list comes up to date after some runs that were in vain."""

    async def scenario(loop):
        service = Late(loop, n1=[reset])
        service.late = 2 * HOUR
        for _ in range(runs):
            await run_job(service, journal, source(request_of(1), 90, request_of(2), request_of(3)))
        await asyncio.sleep(3 * HOUR)
        await run_job(service, journal, source(request_of(1), 90, request_of(2), request_of(3)))
        return service

    service = in_virtual_time(scenario)
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED, detail(journal)
    assert service.count(1) == 1


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


def test_what_is_refused_after_it_was_sent_again_on_time_alone_may_be_there(
    in_virtual_time,
    journal,
    request_of,
):
    """The first attempt arrived, so that the service refuses the second: it has the number already."""

    async def scenario(loop):
        service = Late(loop, n1=[arrives_unheard, says(422, {"message": "the number is in use"})])
        service.late = 90.0
        await run_job(service, journal, source(request_of(1)), on_unknown=Unknown.RESEND)
        return service

    service = in_virtual_time(scenario)
    assert service.count(1) == 1
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED, detail(journal)


@pytest.mark.long
def test_what_was_refused_after_it_was_sent_again_is_not_sent_a_third_time_by_the_next_run(
    in_virtual_time,
    journal,
    request_of,
):
    """A wave of them pauses the run: the next ones know what the service said, and find a witness."""
    many = range(1, 46)
    refuse = [reset, says(422, {"message": "no such account"})]

    async def scenario(loop):
        service = Late(loop, **{f"n{number}": list(refuse) for number in many})
        for _ in range(5):
            await run_job(service, journal, source(*map(request_of, many)), on_unknown=Unknown.RESEND)
        assert {*states(journal).values()} == {State.UNKNOWN}
        await run_job(service, journal, source(*map(request_of, range(1, 50)), 90, request_of(50)))
        return service

    service = in_virtual_time(scenario)
    assert {states(journal)[number, "INVOICE"] for number in many} == {State.REJECTED}, detail(journal)
    assert max(service.posts.count(number) for number in many) == 2


@pytest.mark.parametrize("answer", [(200, {"status": "DUPLICATE"}), (409, {}), (422, {})], ids=str)
def test_time_alone_rejects_nothing(in_virtual_time, journal, request_of, answer):
    """The first attempt arrived, and the list is later than the settle time."""

    async def scenario(loop):
        service = Late(loop, n1=[arrives_unheard, says(*answer)])
        service.late = 300.0
        await run_job(service, journal, source(request_of(1)), on_unknown=Unknown.RESEND)
        held = states(journal)[1, "INVOICE"]
        await asyncio.sleep(HOUR)
        await run_job(service, journal, source(request_of(1)), on_unknown=Unknown.RESEND)
        return service, held

    service, held = in_virtual_time(scenario)
    assert (held, service.count(1)) == (State.UNKNOWN, 1)
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED, detail(journal)


def test_what_is_told_of_a_rejection_is_what_the_service_said(in_virtual_time, journal, request_of):
    async def scenario(loop):
        service = Late(loop, n1=[says(409, {"message": "number in use"})])
        await run_job(service, journal, source(request_of(1)))
        await run_job(service, journal, source(request_of(1), 90, request_of(2)))

    in_virtual_time(scenario)
    assert states(journal)[1, "INVOICE"] is State.REJECTED
    assert "number in use" in detail(journal)
    assert "held" not in detail(journal)


def absent(journal, number, later=3600.0):
    """What ``confirma resolve --is absent`` writes down."""
    row = next(row for row in journal.rows() if row.key.number == number)
    resolution = Resolution(position=row.position, state=State.PENDING, note="asked", at=time.time() + later)
    with journal.transaction():
        journal.resolve(resolution)


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


def test_a_witness_is_found_behind_those_that_share_their_number(in_virtual_time, journal, request_of):
    credited = range(3, 14)
    many = [request_of(number) for number in credited]
    many += [request_of(number, type="CREDIT_NOTE") for number in credited]

    async def scenario(loop):
        service = Late(loop, n1=[reset])
        service.late = HOUR
        await run_job(service, journal, source(request_of(1), 90, request_of(2), 1, *many))
        await asyncio.sleep(2 * HOUR)
        await run_job(service, journal, source(request_of(1), request_of(2), *many))
        return service

    assert in_virtual_time(scenario).count(1) == 1


@pytest.mark.long
def test_a_form_is_confirmed_by_a_list_that_comes_after_the_run(in_virtual_time, journal, request_of):
    silent = says(200, {"id": 7}, takes=True)

    async def scenario(loop):
        service = Late(loop, **{f"n{number}": [silent] for number in range(1, 100)})
        service.late = HOUR
        await run_job(service, journal, source(*map(request_of, range(1, 100))))
        assert State.ACCEPTED not in states(journal).values()
        await asyncio.sleep(2 * HOUR)
        await run_job(service, journal, source(*map(request_of, range(1, 100))))
        return service

    service = in_virtual_time(scenario)
    assert journal.evidence.confirmed_forms()
    assert {*states(journal).values()} == {State.ACCEPTED}, detail(journal)
    assert len(service.posts) == 99


def test_a_record_of_an_earlier_attempt_confirms_no_form(in_virtual_time, journal, request_of):
    """The first attempt arrived; a portal answered the second one, and then all that follow."""
    portal = says(200, {"message": "please sign in"})

    async def scenario(loop):
        service = Late(loop, n1=[arrives_unheard, portal], n2=[portal], n3=[portal])
        service.late = 100.0
        invoices = source(request_of(1), 200, request_of(2), request_of(3))
        await run_job(service, journal, invoices, on_unknown=Unknown.RESEND)
        return service

    service = in_virtual_time(scenario)
    assert not journal.evidence.confirmed_forms()
    assert all(service.count(number) == 1 for number in (1, 2, 3)), service.posts


@pytest.mark.parametrize(
    "header",
    [{"type": "CREDIT_NOTE"}, {"date": "2026-12-01"}, {"type": "REMINDER", "date": "2026-12-01"}],
    ids=str,
)
def test_a_witness_of_another_kind_proves_nothing(in_virtual_time, journal, request_of, header):
    """The list shows no credit notes; or an invoice from its date on; or a reminder by its invoice's date.

    Of a reminder that may have arrived the docs say that it stays unknown in every run.
    """
    lost = request_of(1, **header)

    async def scenario(loop):
        class Choosy(Late):
            hidden: list[int]

            def take(self, number, **fields):
                if number == 1:
                    self.hidden.append(number)
                else:
                    super().take(number, **fields)

        service = Choosy(loop, n1=[arrives_unheard])
        service.hidden = []
        await run_job(service, journal, source(lost, 1, request_of(2), 90, request_of(3)))
        return service

    service = in_virtual_time(scenario)
    assert len(service.hidden) == 1, service.posts


@pytest.mark.parametrize("runs", [1, 5])
def test_what_is_told_of_an_invoice_that_is_held_does_not_grow(
    in_virtual_time,
    journal,
    request_of,
    runs,
):
    async def scenario(loop):
        for _ in range(runs):
            await run_job(Late(loop, n1=[reset]), journal, source(request_of(1)))

    in_virtual_time(scenario)
    assert detail(journal).count("not listed") == 1
