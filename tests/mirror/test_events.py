"""Events: one for each change that matters, in order, at least once, signed."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from confirma_async.errors import ConfigurationError, MirrorBusyError, MirrorError
from confirma_async.mirror import SignatureError, verify
from confirma_async.mirror.events.consumers import Consumer
from confirma_async.mirror.events.delivery import CommandReceiver, Delivery, DeliveryError, UrlReceiver
from confirma_async.mirror.events.signature import sign
from confirma_async.mirror.store.accounts import accounts_of
from confirma_async.mirror.store.opening import open_mirror
from confirma_async.privacy import Secret
from confirma_async.sandbox import Fault, ListedKind
from confirma_async.session.connection.http import AiohttpTransport

SECRET = "a secret that both sides share"

on_one_database = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
"""For tests of who receives events, which is the same whatever database they come from."""


@pytest.fixture
def reported(confirma, place):
    async def take(consumer="test", most=None, **options):
        events = []
        async for event in confirma.mirror.events(place, consumer=consumer, **options):
            events.append(event)
            if most is not None and len(events) == most:
                break
        return events

    return take


@pytest.fixture
async def story(sandbox, sync):
    """A week in which all sorts of things happen."""
    day = sandbox.clock.now().date()
    invoice = {"invoiceNumber": "7", "invoiceDate": str(day), "status": "ACCEPTED", "caseId": 1}
    summary = {"caseId": 1, "stage": "PAYMENT_CONTROL", "status": "OPEN"}
    case = {"summary": summary, "balance": {}}
    payment = {"invoiceNumber": "7", "caseId": 1, "bookingDate": str(day), "amount": Decimal("10.50")}
    settlement = {"settlementId": 100000000001, "settlementDate": str(day), "settlementAmount": 10}
    steps: list[dict[ListedKind, dict[str, dict[str, Any]]]] = [
        {ListedKind.DISTRIBUTION: {"d": invoice}, ListedKind.CASE: {"1": case}},
        {ListedKind.DISTRIBUTION: {"d": {**invoice, "status": "INVOICED"}}},
        {ListedKind.PAYMENT: {"p": payment}},
        {ListedKind.PAYMENT: {"p": {**payment, "amount": Decimal("11.00")}}},
        {ListedKind.CASE: {"1": {**case, "summary": {**summary, "stage": "OVERDUE"}}}},
        {ListedKind.SETTLEMENT: {"s": settlement}},
        {ListedKind.DISTRIBUTION: {"e": {"invoiceNumber": "8", "invoiceDate": str(day), "status": "ERROR"}}},
    ]
    for step in steps:
        for kind, records in step.items():
            sandbox.add_records(kind, records)
        sandbox.clock.advance(
            days=8 if step.keys() == {ListedKind.CASE} else 1
        )  # a case alone is read less often
        await sync()


async def test_each_change_that_matters_is_one_event_in_order(story, reported):
    events = await reported()
    assert [event.type for event in events] == [
        "case.opened",
        "invoice.distributed",
        "payment.seen",
        "payment.changed",
        "case.stage_changed",
        "settlement.seen",
        "invoice.failed",
    ]
    assert events[2].subject == "invoice 7"
    assert events[2].data["amount"] == Decimal("10.50")
    assert [event.sequence for event in events] == sorted(event.sequence for event in events)


async def test_what_was_taken_is_not_told_again_and_each_consumer_gets_all(story, reported):
    first = await reported()
    assert await reported() == []
    assert await reported(consumer="another") == first


async def test_an_event_whose_block_was_left_is_told_again_under_the_same_id(story, reported):
    (first,) = await reported(most=1)
    again = await reported()
    assert again[0] == first
    assert again[0].as_json() == first.as_json()


async def test_a_new_consumer_may_begin_with_what_is_new(story, reported, sandbox, sync):
    assert await reported(new_only=True) == []
    day = str(sandbox.clock.now().date())
    sandbox.add_records(ListedKind.PAYMENT, {"q": {"invoiceNumber": "9", "bookingDate": day}})
    await sync()
    assert [event.type for event in await reported(new_only=True)] == ["payment.seen"]


async def test_what_is_gone_is_told(story, reported, sandbox, sync):
    await reported()
    sandbox.remove_records(ListedKind.PAYMENT, ["p"])
    for _ in range(2):
        sandbox.clock.advance(days=1)
        await sync()
    assert [event.type for event in await reported()] == ["record.gone"]


async def test_a_consumer_whose_loop_was_left_is_served_again_once_that_has_closed(story, confirma, place):
    left = confirma.mirror.events(place, consumer="one")
    first = await anext(left)
    asyncio.get_running_loop().call_later(0.1, lambda: asyncio.ensure_future(left.aclose()))
    again = confirma.mirror.events(place, consumer="one")
    assert await anext(again) == first
    await again.aclose()


async def test_one_consumer_is_served_by_one_run_at_a_time(story, confirma, place, monkeypatch):
    monkeypatch.setattr("confirma_async.mirror._LEFT", 0.1)
    first = confirma.mirror.events(place, consumer="one")
    await anext(first)
    with pytest.raises(MirrorBusyError):
        await anext(confirma.mirror.events(place, consumer="one"))
    await first.aclose()


@pytest.fixture
def delivery(story, place):
    database = open_mirror(place)
    account = accounts_of(database)[0]
    books = Consumer(database, account, "books")
    books.begin(new_only=False)
    yield Delivery(books, pause_seconds=0.01)
    database.close()


class Books:
    """A receiver on this machine that verifies what it gets, and answers as it is told."""

    def __init__(self):
        self.url = ""
        self.statuses: list[int | None] = []
        self.got: list[tuple[int, str, str]] = []

    async def take(self, request):
        body = await request.read()
        verify(body, request.headers["Confirma-Signature"], SECRET)
        status = self.statuses.pop(0) if self.statuses else 204
        if status is None:
            request.transport.abort()
            return web.Response()
        self.got.append((status, json.loads(body)["id"], request.headers["Confirma-Event-Id"]))
        return web.Response(status=status)


@pytest.fixture
async def books():
    receiver = Books()
    app = web.Application()
    app.router.add_post("/events", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/events"
    yield receiver
    await runner.cleanup()


@pytest.fixture
async def transport():
    made = AiohttpTransport(connections=1)
    yield made
    await made.close()


async def test_a_url_gets_every_event_signed_and_in_order(delivery, books, transport):
    receiver = UrlReceiver(books.url, Secret(SECRET), transport)
    assert await delivery.run(receiver) == 7
    assert len({event for _, event, _ in books.got}) == 7
    assert all(event == header for _, event, header in books.got)


async def test_a_delivery_that_fails_is_tried_again_and_keeps_the_order(delivery, books, transport):
    books.statuses = [500, None, 503, 204]
    await delivery.run(UrlReceiver(books.url, Secret(SECRET), transport))
    assert [status for status, _, _ in books.got[:3]] == [500, 503, 204]
    assert len({event for _, event, _ in books.got[:3]}) == 1
    assert len(books.got) == 9


async def test_an_event_that_is_not_taken_holds_up_those_behind_it(delivery, books, transport):
    books.statuses = [204, 500, 500, 500, 500]
    receiver = UrlReceiver(books.url, Secret(SECRET), transport)
    with pytest.raises(DeliveryError, match="HTTP 500; 1 were before it"):
        await delivery.run(receiver)
    held_up = books.got[-1][1]
    await delivery.run(receiver)
    assert books.got[5][1] == held_up
    assert delivery.count == 7


@on_one_database
async def test_a_command_gets_each_on_its_standard_input(delivery, tmp_path):
    out = tmp_path / "out.jsonl"
    await delivery.run(CommandReceiver.of(f"sh -c 'cat >> {out}'"))
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["type"] for line in lines][:2] == ["case.opened", "invoice.distributed"]


@on_one_database
@pytest.mark.parametrize(
    ("command", "reason"), [("false", "ended with 1"), ("no-such-command-here", "cannot be run")]
)
async def test_a_command_that_fails_takes_nothing(delivery, command, reason):
    with pytest.raises(DeliveryError, match=reason):
        await delivery.run(CommandReceiver.of(command))


@on_one_database
async def test_a_command_that_hangs_is_ended(delivery):
    with pytest.raises(DeliveryError, match="took more than"):
        await delivery.run(CommandReceiver(("sleep", "60"), timeout=0.05))


@pytest.mark.parametrize(
    ("url", "secret", "said"),
    [
        ("http://books.example/x", SECRET, "this machine only"),
        ("ftp://books.example/x", SECRET, "https://"),
        ("https://books.example/x", "short", "at least 16"),
    ],
)
async def test_a_receiver_must_be_safe(transport, url, secret, said):
    with pytest.raises(ConfigurationError, match=said):
        UrlReceiver(url, Secret(secret), transport)


BODY = b'{"id": "evt_1"}'


def test_a_signature_holds_for_its_body_its_secret_and_its_time():
    header = sign(BODY, SECRET, now=1000)
    verify(BODY, header, SECRET, now=1100)
    for body, other, now, said in [
        (BODY + b" ", SECRET, 1000, "not of this body"),
        (BODY, "another secret", 1000, "not of this body"),
        (BODY, SECRET, 2000, "1000 s ago"),
        (BODY, SECRET, 0, "-1000 s ago"),
    ]:
        with pytest.raises(SignatureError, match=said):
            verify(body, header, other, now=now)


def test_a_tolerance_that_is_no_number_lets_nothing_pass():
    with pytest.raises(SignatureError, match="s ago"):
        verify(BODY, sign(BODY, SECRET, now=1000), SECRET, tolerance_seconds=float("nan"), now=1000)


@pytest.mark.parametrize("header", ["", "t=1", "v1=ab", "t=x,v1=" + "0" * 64, "t=1,v1=" + "0" * 63])
def test_what_is_no_signature_is_refused(header):
    with pytest.raises(SignatureError, match="no signature"):
        verify(BODY, header, SECRET)


def test_one_of_several_signatures_is_enough_while_a_secret_is_changed():
    old, new = sign(BODY, "the old secret it was", now=5), sign(BODY, SECRET, now=5)
    verify(BODY, f"{old},{new.partition(',')[2]}", SECRET, now=5)


async def test_the_blocking_twin_tells_the_same(story, sandbox, place):
    import confirma_sync

    def take():
        with confirma_sync.Confirma(sandbox.api_key, base_url=sandbox.url) as confirma:
            return [event.type for event in confirma.mirror.events(place)]

    assert len(await asyncio.to_thread(take)) == 7


async def test_what_is_gone_a_second_time_is_told_a_second_time(story, reported, sandbox, sync):
    payment = {"invoiceNumber": "7", "caseId": 1, "amount": Decimal("5.00")}
    payment["bookingDate"] = str(sandbox.clock.now().date())
    for _ in range(2):
        sandbox.add_records(ListedKind.PAYMENT, {"again": payment})
        sandbox.clock.advance(days=1)
        await sync()
        sandbox.remove_records(ListedKind.PAYMENT, ["again"])
        for _ in range(2):
            sandbox.clock.advance(days=1)
            await sync()
    events = [event.id for event in await reported() if event.type == "record.gone"]
    assert len(set(events)) == len(events) == 2


async def test_a_consumer_cannot_begin_before_there_is_anything_of_the_account(
    reported, confirma, sync, place
):
    open_mirror(place, make=True).close()
    with pytest.raises(MirrorError, match=r"holds nothing of this account yet; mirror\.sync\(\)"):
        await reported(new_only=True)


async def test_a_first_run_goes_on_while_a_consumer_asks(sandbox, reported, sync, mirror, place):
    open_mirror(place, make=True).close()
    sandbox.faults.add(Fault.LATENCY, operation="invoices.distributions", times=1, seconds=0.5)
    running = asyncio.create_task(sync())
    while not mirror("SELECT 1 FROM account"):  # noqa: ASYNC110  (it is in another thread's database)
        await asyncio.sleep(0.01)
    assert await reported() == []
    assert (await running).complete


@on_one_database
@pytest.mark.parametrize("name", ["", "a/b", "..", "x" * 65, "a\0b"])
async def test_the_name_of_a_consumer_is_one_that_a_file_may_have(reported, name):
    with pytest.raises(ConfigurationError, match="name of a consumer"):
        await reported(consumer=name)


@on_one_database
async def test_what_a_command_that_hangs_has_started_ends_with_it(delivery, tmp_path, monkeypatch):
    monkeypatch.setattr("confirma_async.mirror.events.delivery.ATTEMPTS", 1)
    command = f"sh -c 'sh -c \"sleep 60\" & echo $! > {tmp_path}/pid; wait'"
    with pytest.raises(DeliveryError, match="took more than"):
        await delivery.run(CommandReceiver(CommandReceiver.of(command).words, timeout=1))
    started = int((tmp_path / "pid").read_text())
    for _ in range(500):
        if not _runs(started):
            break
        await asyncio.sleep(0.02)
    assert not _runs(started)


def _runs(number):
    try:
        return Path(f"/proc/{number}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@on_one_database
async def test_a_command_that_is_killed_takes_nothing(delivery, monkeypatch):
    monkeypatch.setattr("confirma_async.mirror.events.delivery.ATTEMPTS", 1)
    with pytest.raises(DeliveryError, match="was ended by signal 9"):
        await delivery.run(CommandReceiver.of("sh -c 'kill -9 $$'"))


@on_one_database
async def test_a_redirect_is_not_followed_and_takes_nothing(delivery, books, transport, monkeypatch):
    monkeypatch.setattr("confirma_async.mirror.events.delivery.ATTEMPTS", 1)
    books.statuses = [302]
    with pytest.raises(DeliveryError, match="HTTP 302"):
        await delivery.run(UrlReceiver(books.url, Secret(SECRET), transport))
    assert len(books.got) == 1
