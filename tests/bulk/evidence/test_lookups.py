"""What is made of lost answers: witnesses, rivals and waits, in virtual time."""

import asyncio
import contextlib
import datetime
import email.utils
import json
import logging
import shutil
import time
from urllib.parse import parse_qs, urlsplit

import late_lists
import pytest
from attrs import evolve
from late_lists import VirtualLoop, quick_journal, run_job

from confirma_async.bulk.evidence.witnesses import Witnesses
from confirma_async.bulk.job.preparation import prepare
from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.models import Row, State, Unknown
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.converters import Converter
from confirma_async.errors import Phase, TransportError
from confirma_async.schemas import SalesInvoiceRequest
from confirma_async.schemas.identity import InvoiceKey
from confirma_async.session.transport import Response
from confirma_async.validation import Checks

SETTLE = 60.0


@pytest.fixture(autouse=True)
def quiet():
    """Lost answers are what this is about."""
    logging.getLogger("confirma_async").setLevel(logging.ERROR)
    yield
    logging.getLogger("confirma_async").setLevel(logging.NOTSET)


@pytest.fixture
def in_virtual_time():
    """Runs a coroutine function on a loop with virtual time, and gives it the loop."""

    def run(function):
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(function(runner.get_loop()))

    return run


@pytest.fixture
def request_of(wire_invoice):
    def make(number=1, **header):
        wire = wire_invoice(number, header=header, references={"creditedInvoiceNumber": 9})
        return Converter().structure(wire, SalesInvoiceRequest)

    return make


@pytest.fixture
def journal(tmp_path):
    with quick_journal(tmp_path) as opened:
        yield opened


class Service:
    """Takes what it is sent, and lists it at once.

    Attributes:
        answers: What to do with the next post of a number, in place of taking it; the last goes on.
        ahead: Seconds by which its clock is ahead of this machine's.
    """

    ahead = 0.0

    def __init__(self, loop, **answers):
        self.loop = loop
        self.answers = {int(number[1:]): list(actions) for number, actions in answers.items()}
        self.posts = []
        self.asked = []
        self.records = []

    async def send(self, request):
        await asyncio.sleep(0.01)
        if request.method == "GET":
            return await self.list(request)
        header = json.loads(request.body)["invoice"]["header"]
        number = header["number"]
        self.posts.append(number)
        actions = self.answers.get(number, [])
        if not actions:
            self.take(number)
            return Response(200, {}, b'{"status": "PAUSED"}')
        action = actions.pop(0)
        return await action(self, number)

    def take(self, number, **fields):
        self.records.append(
            {
                "invoiceNumber": str(number),
                "invoiceDate": "2026-11-01",
                "status": "PAUSED",
                "createdAt": self.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                **fields,
            }
        )

    async def list(self, request):
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        number = query.get("invoiceNumber")
        self.asked.append(number)
        found = [
            record
            for record in self.records
            if number is None
            or (
                number == record["invoiceNumber"]
                and query["fromInvDate"] <= record["invoiceDate"] <= query["toInvDate"]
            )
        ]
        body = {"metaData": {"totalCount": len(found), "filtersApplied": query}, "data": found}
        return Response(200, {"Date": self.date()}, json.dumps(body).encode())

    def date(self):
        return email.utils.format_datetime(self.now(), usegmt=True)

    def now(self):
        """What its own clock says."""
        return datetime.datetime.fromtimestamp(self.loop.clock() + self.ahead, datetime.UTC)

    async def close(self):
        pass

    def count(self, number):
        return sum(record["invoiceNumber"] == str(number) for record in self.records)


async def reset(service, number):
    raise TransportError("reset", phase=Phase.NO_REPLY, broken=True)


async def given_up(service, number):
    raise TransportError("no answer in time", phase=Phase.NO_REPLY)


def refuses(status, *, takes=False):
    async def act(service, number):
        if takes:
            service.take(number)
        return Response(status, {}, b"{}")

    return act


def states(journal):
    return {(row.key.number, row.key.type): row.state for row in journal.rows()}


def detail(journal, number=1):
    return next(row.detail for row in journal.rows() if row.key.number == number)


async def source(*items):
    """Yields invoices; a number in between is a pause in seconds."""
    for item in items:
        if isinstance(item, (int, float)):
            await asyncio.sleep(item)
        else:
            yield item


# --- rivals -----------------------------------------------------------------------------------------


def test_what_is_sent_while_a_lookup_is_under_way_counts_when_it_is_decided(
    in_virtual_time, journal, request_of
):
    """The record found is the credit note's, which was sent after the question and before the answer."""

    class Slow(Service):
        asking: asyncio.Event

        async def list(self, request):
            self.asking.set()
            while self.posts.count(1) < 2:  # noqa: ASYNC110 (time is virtual)
                await asyncio.sleep(0.1)
            return await super().list(request)

    async def scenario(loop):
        service = Slow(loop, n1=[reset])
        service.asking = asyncio.Event()

        async def invoices():
            yield request_of(1)
            await service.asking.wait()
            yield request_of(1, type="CREDIT_NOTE")

        await run_job(service, journal, invoices())
        return service

    service = in_virtual_time(scenario)
    assert states(journal) == {(1, "INVOICE"): State.UNKNOWN, (1, "CREDIT_NOTE"): State.ACCEPTED}
    assert "another document" in detail(journal)
    assert service.posts == [1, 1]


# --- witnesses --------------------------------------------------------------------------------------


def test_a_lost_invoice_is_sent_again_when_a_later_one_is_listed(in_virtual_time, journal, request_of):
    async def scenario(loop):
        service = Service(loop, n1=[reset])
        await run_job(service, journal, source(request_of(1), 90, request_of(2)))
        return service

    service = in_virtual_time(scenario)
    assert (service.count(1), service.posts) == (1, [1, 2, 1])
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED


def test_one_that_was_sent_before_the_loss_is_no_witness(in_virtual_time, journal, request_of):
    async def scenario(loop):
        service = Service(loop, n2=[reset])
        await run_job(service, journal, source(request_of(1), 5, request_of(2)))
        return service

    service = in_virtual_time(scenario)
    assert service.posts == [1, 2]
    assert states(journal)[2, "INVOICE"] is State.UNKNOWN
    assert "no invoice that was accepted after it is listed" in detail(journal, 2)


def test_the_next_runs_invoices_are_witnesses(in_virtual_time, journal, request_of):
    async def scenario(loop):
        service = Service(loop, n1=[reset])
        await run_job(service, journal, source(request_of(1)))
        held = states(journal)[1, "INVOICE"]
        await run_job(service, journal, source(request_of(1), request_of(2)))
        return service, held

    service, held = in_virtual_time(scenario)
    assert held is State.UNKNOWN
    assert sorted(service.posts) == [1, 1, 2]
    assert (service.count(1), states(journal)[1, "INVOICE"]) == (1, State.ACCEPTED)


def test_a_call_that_was_given_up_may_go_on_for_the_settle_time(in_virtual_time, journal, request_of):
    """A witness that was accepted while the service may still have been at work proves nothing."""

    async def scenario(loop):
        service = Service(loop, n1=[given_up])
        loop.call_later(SETTLE - 5, service.take, 1)
        await run_job(service, journal, source(request_of(1), 1, request_of(2), 30, request_of(3)))
        return service

    service = in_virtual_time(scenario)
    assert (service.count(1), service.posts.count(1)) == (1, 1)
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED


def test_one_that_is_spelled_otherwise_in_the_list_is_no_witness_and_does_not_stand_in_the_way(
    in_virtual_time, journal, request_of
):
    class Odd(Service):
        def take(self, number, **fields):
            super().take(number, **({"status": "SOMETHING_NEW"} if number == 2 else {}))

    async def scenario(loop):
        service = Odd(loop, n1=[reset])
        await run_job(service, journal, source(request_of(1), 90, request_of(2), 5, request_of(3)))
        return service

    assert in_virtual_time(scenario).count(1) == 1
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED


def test_time_alone_is_believed_where_that_was_said(in_virtual_time, journal, request_of):
    async def scenario(loop):
        service = Service(loop, n1=[reset])
        job = await run_job(service, journal, source(request_of(1)), on_unknown=Unknown.RESEND)
        return service, job

    service, _ = in_virtual_time(scenario)
    assert service.posts == [1, 1]
    assert "no witness" in detail(journal)


def test_few_witnesses_are_kept_in_mind():
    async def ask(row):
        return False

    witnesses = Witnesses(ask, 1.0, 1.0)
    key = InvoiceKey("s", "INVOICE", 1, "", "2026-11-01")
    row = Row(position=1, key=key, source="", digest=b"", state=State.ACCEPTED, run=1)
    for number in range(5000):
        witnesses.note([evolve(row, sequence=number)])
    assert len(witnesses._pool) <= 129
    assert 0 in witnesses._pool


KEY = InvoiceKey("0737546-2", "INVOICE", 1, "", "2026-11-01")


@pytest.mark.parametrize("seen", [False, True], ids=["not asked for yet", "seen listed"])
@pytest.mark.parametrize(
    ("changes", "ended", "serves"),
    [
        ({}, 7, True),
        ({"date": "2026-10-01"}, 7, True),
        ({}, 8, False),
        ({}, 9, False),
        ({"type": "CREDIT_NOTE"}, 7, False),
        ({"seller": "2077474-0"}, 7, False),
        ({"date": "2026-11-02"}, 7, False),
        ({"date": ""}, 7, False),
    ],
    ids=str,
)
async def test_a_witness_serves_what_is_like_it_and_had_ended_before_it_began(seen, changes, ended, serves):
    """Those that another invoice had brought to mind are no witnesses for all."""

    async def ask(row):
        return True

    witnesses = Witnesses(ask, 1.0, 1.0)
    row = Row(position=1, key=KEY, source="", digest=b"", state=State.ACCEPTED, run=1, sequence=8)
    witnesses.note([row])
    if seen:
        assert await witnesses.has(KEY, 7)
    lost = evolve(KEY, **changes)
    assert seen or witnesses.may_come(lost, ended) is serves
    assert await witnesses.has(lost, ended) is serves


# --- time -------------------------------------------------------------------------------------------

HOUR, YEAR = 3600.0, 365 * 86400.0


def killed(journal, request_of, *, now, timeout=120.0):
    """An earlier run that died between its intent and its answer, by the clock of then."""
    entry = prepare(request_of(1), 1, Converter(), Checks(validate=False))
    with journal.transaction():
        run = journal.runs.begin(JobName("late"), now=now)
        (admitted,) = journal.admit([entry], run)
        journal.sending([admitted.position], now, now + timeout)


@pytest.mark.parametrize("then", [0.0, -HOUR, -YEAR, 50.0, 1000.0, YEAR], ids=str)
@pytest.mark.parametrize("jump", [0.0, -YEAR, HOUR, YEAR], ids=str)
def test_no_clock_makes_a_run_believe_too_early(in_virtual_time, journal, request_of, then, jump):
    """The call goes on for most of the settle time of the next run, whatever the clocks said and say."""

    async def scenario(loop):
        killed(journal, request_of, now=loop.clock() + then)
        service = Service(loop)
        loop.call_later(SETTLE - 5, service.take, 1)
        loop.call_later(10, setattr, loop, "wall", loop.wall + jump)
        later = [(1 + 20 * at, request_of(number)) for at, number in enumerate(range(2, 8))]
        invoices = source(request_of(1), *[part for pair in later for part in (20, pair[1])])
        await run_job(service, journal, invoices, on_unknown=Unknown.RESEND)
        return service

    service = in_virtual_time(scenario)
    assert service.count(1) == 1
    assert 1 not in service.posts


def test_one_that_was_killed_is_sent_again_once_a_witness_was_sent_after_a_settle_time(
    in_virtual_time, journal, request_of
):
    async def scenario(loop):
        killed(journal, request_of, now=loop.clock())
        service = Service(loop)
        invoices = source(request_of(1), request_of(2), 130, request_of(3))
        await run_job(service, journal, invoices)
        return service

    service = in_virtual_time(scenario)
    assert (service.count(1), service.posts) == (1, [2, 3, 1])


def test_one_whose_call_ends_in_a_year_by_the_journal_is_left_with_the_reason(
    in_virtual_time, journal, request_of
):
    async def scenario(loop):
        killed(journal, request_of, now=loop.clock() + YEAR)
        service = Service(loop)
        await run_job(service, journal, source(request_of(1)), on_unknown=Unknown.RESEND)
        return service

    service = in_virtual_time(scenario)
    assert service.posts == []
    assert "a clock stands wrong" in detail(journal)
    assert states(journal)[1, "INVOICE"] is State.UNKNOWN


# --- what surely was not taken ----------------------------------------------------------------------


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("status", [401, 429, 404])
def test_what_a_gateway_refused_is_looked_up_before_it_is_sent_again(
    in_virtual_time, journal, request_of, status, taken
):
    async def scenario(loop):
        service = Service(loop, n1=[refuses(status, takes=taken)])
        service.answers[1] *= 1 if status != 429 else 4
        first = await run_job(service, journal, source(request_of(1)))
        assert first.brake.reason
        await run_job(service, journal, source(request_of(1)))
        return service

    service = in_virtual_time(scenario)
    assert service.asked == ["1"]
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED
    assert service.count(1) == 1 or status == 429  # a gateway that lies so is believed within one call


def test_a_list_that_cannot_be_had_does_not_hold_up_what_surely_was_not_taken(
    in_virtual_time, journal, request_of
):
    class Deaf(Service):
        async def list(self, request):
            self.asked.append(1)
            return Response(403, {}, b"{}")

    async def scenario(loop):
        service = Deaf(loop, n1=[refuses(401)])
        await run_job(service, journal, source(request_of(1)))
        await run_job(service, journal, source(request_of(1)))
        return service

    service = in_virtual_time(scenario)
    assert (service.posts, len(service.asked)) == ([1, 1], 3)
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED


@pytest.mark.parametrize("kind", ["REMINDER", "CREDIT_NOTE"])
@pytest.mark.parametrize("more", [{}, {"type": "INVOICE"}], ids=str)
def test_what_a_wrong_key_refused_is_sent_though_its_invoice_is_listed(
    in_virtual_time, journal, request_of, kind, more
):
    async def scenario(loop):
        class Typed(Service):
            def take(self, number, **fields):
                super().take(number, **more, **fields)

        service = Typed(loop)
        await run_job(service, journal, source(request_of(1)))
        service.answers[1] = [refuses(401)]
        assert (await run_job(service, journal, source(request_of(1, type=kind)))).brake.reason
        await run_job(service, journal, source(request_of(1, type=kind)))

    in_virtual_time(scenario)
    assert states(journal)[1, kind] is State.ACCEPTED, detail(journal)


# --- a journal in doubt -----------------------------------------------------------------------------


@pytest.fixture
def in_doubt(tmp_path, in_virtual_time, request_of):
    """A journal that was copied, opened; the service has what the first one sent."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with quick_journal(tmp_path / "a") as journal:

        async def scenario(loop):
            await run_job(Service(loop), journal, source(request_of(1)))

        in_virtual_time(scenario)
    shutil.copy(tmp_path / "a" / "journal", tmp_path / "b" / "journal")
    with contextlib.closing(open_sqlite(tmp_path / "b" / "journal")) as journal:
        assert journal.trust.doubt() is not None
        yield journal


def test_in_doubt_what_is_new_is_looked_up_and_left_where_nothing_newer_is_listed(
    in_virtual_time, in_doubt, request_of
):
    async def scenario(loop):
        loop.wall = time.time() - loop.time()
        service = Service(loop)
        service.take(2, type="INVOICE")
        await run_job(service, in_doubt, source(request_of(2), request_of(3)), on_unknown=Unknown.RESEND)
        return service

    service = in_virtual_time(scenario)
    assert service.posts == []
    assert states(in_doubt)[2, "INVOICE"] is State.ACCEPTED
    assert states(in_doubt)[3, "INVOICE"] is State.UNKNOWN
    assert "trust" in detail(in_doubt, 3)


@pytest.mark.parametrize("type_named", [True, False])
def test_in_doubt_a_record_that_names_no_type_may_be_a_forgotten_documents(
    in_virtual_time, in_doubt, request_of, type_named
):
    """The credit note of the same number was sent after the copy was made, the invoice never was."""

    async def scenario(loop):
        loop.wall = time.time() - loop.time()
        service = Service(loop)
        service.take(2, **{"type": "CREDIT_NOTE"} if type_named else {})
        await run_job(service, in_doubt, source(request_of(2)))
        return service

    assert in_virtual_time(scenario).posts == []
    assert states(in_doubt)[2, "INVOICE"] is State.UNKNOWN
    assert ("another type" if type_named else "names no type") in detail(in_doubt, 2)


def test_in_doubt_trust_frees_nothing_of_whose_number_something_is_listed(
    in_virtual_time, in_doubt, request_of
):
    async def scenario(loop):
        loop.wall = time.time() - loop.time()
        service = Service(loop)
        service.take(2)
        await run_job(service, in_doubt, source(request_of(2), request_of(3)))
        with in_doubt.transaction():
            assert in_doubt.trust.regain(loop.clock()) == 1
        await run_job(service, in_doubt, source(request_of(2), request_of(3)))
        return service

    assert in_virtual_time(scenario).posts == [3]


def test_in_doubt_what_was_dated_anew_is_found_by_its_former_date(in_virtual_time, in_doubt, request_of):
    async def scenario(loop):
        service = Service(loop)
        service.take(2, type="INVOICE")
        invoice = request_of(2, date="2026-11-25")
        return await run_twice(
            loop, service, in_doubt, invoice, between=lambda: service.take(7, invoiceDate="2026-11-26")
        )

    assert in_virtual_time(scenario).posts == []
    assert "another invoice of this number" in detail(in_doubt, 2)


async def run_twice(loop, service, journal, *invoices, between):
    """A run that finds nothing newer than the doubt, and one some hours later."""
    loop.wall = time.time() - loop.time()
    await run_job(service, journal, source(*invoices))
    assert service.posts == []
    await asyncio.sleep(2 * HOUR)
    between()
    await run_job(service, journal, source(*invoices))
    return service


def test_in_doubt_what_is_new_is_sent_where_something_newer_is_listed(in_virtual_time, in_doubt, request_of):
    async def scenario(loop):
        service = Service(loop)
        invoices = map(request_of, range(2, 12))
        taken = {"type": "INVOICE"}
        return await run_twice(loop, service, in_doubt, *invoices, between=lambda: service.take(7, **taken))

    service = in_virtual_time(scenario)
    assert sorted(service.posts) == [2, 3, 4, 5, 6, 8, 9, 10, 11]
    assert all(service.count(number) == 1 for number in range(2, 12))
    assert set(states(in_doubt).values()) == {State.ACCEPTED}


@pytest.mark.parametrize(
    ("more", "proven"),
    [
        ({}, False),
        ({"type": "CREDIT_NOTE"}, True),
        ({"type": "CREDIT_NOTE", "invoiceDate": "2026-10-31"}, False),
        ({"type": "INVOICE"}, False),
    ],
    ids=str,
)
def test_in_doubt_something_newer_proves_nothing_of_another_kind(
    in_virtual_time, in_doubt, request_of, more, proven
):
    async def scenario(loop):
        service = Service(loop)
        invoice = request_of(3, type="CREDIT_NOTE", originalInvoiceNumber=1)
        return await run_twice(loop, service, in_doubt, invoice, between=lambda: service.take(7, **more))

    assert in_virtual_time(scenario).posts == ([3] if proven else [])


@pytest.mark.parametrize("ahead", [3 * HOUR, -3 * HOUR])
def test_in_doubt_it_is_the_clock_of_the_service_that_tells_what_is_newer(
    in_virtual_time, in_doubt, request_of, ahead
):
    """This machine's is hours behind, or ahead; its clock says nothing of when the service took something."""

    async def scenario(loop):
        service = Service(loop)
        service.ahead = ahead
        loop.wall = time.time() - loop.time()
        service.take(2)  # right before the doubt
        await run_job(service, in_doubt, source(request_of(3)))
        await run_job(service, in_doubt, source(request_of(3)))
        before = list(service.posts)
        await asyncio.sleep(2 * HOUR)
        service.take(7)
        await run_job(service, in_doubt, source(request_of(3)))
        return before, service.posts

    assert in_virtual_time(scenario) == ([], [3])


def test_in_doubt_nothing_is_newer_where_the_service_does_not_tell_its_time(
    in_virtual_time, in_doubt, request_of
):
    class Timeless(Service):
        def date(self):
            return "soon"

    async def scenario(loop):
        service = Timeless(loop)
        return await run_twice(loop, service, in_doubt, request_of(3), between=lambda: service.take(7))

    assert in_virtual_time(scenario).posts == []


# --- late lists -------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", late_lists.LATE.values(), ids=list(late_lists.LATE))
def test_no_list_that_is_late_and_in_order_doubles_or_loses_anything(late):
    played = late_lists.play(late=late, ordered=True, lost=60)
    print(played)  # noqa: T201 (the share that is settled without a person)
    assert played["lost answers"] > 30
    assert (played["doubled"], played["reported accepted, not there"]) == (0, 0)
    assert played["settled"][-1] == 1.0


def test_time_alone_doubles_what_a_late_list_does_not_show_yet():
    """Why the docs name it: time is no proof."""
    by_time = late_lists.play(late=300.0, ordered=True, lost=60, on_unknown=Unknown.RESEND)
    assert by_time["doubled"]
