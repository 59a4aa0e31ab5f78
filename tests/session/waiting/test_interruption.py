"""A call that is cancelled, or whose client is closed, at each place where it can be waiting."""

import asyncio
import contextlib
import socket

import pytest
from attrs import frozen

from confirma_async import Confirma
from confirma_async.contract import CREATE_INVOICE, VALIDATE_TOKEN
from confirma_async.errors import ConfigurationError, OutcomeUnknownError, Phase, TransportError
from confirma_async.session.call_options import CallOptions
from confirma_async.session.hooks import Hook
from confirma_async.session.rate.ratelimit import RateLimit
from tests.session.fault_server import fault_server


@frozen
class Place:
    """Where a call waits.

    Attributes:
        fault: What the server does with the request.
        phase: How far the call came, for who asks later.
        seen: How many requests the server saw of it.
    """

    fault: str
    phase: Phase
    seen: int


PLACES = {
    "its turn at the limiter": Place("none", Phase.NOT_SENT, 0),
    "the announcement before sending": Place("none", Phase.NOT_SENT, 0),
    "the connection": Place("none", Phase.NO_REPLY, 0),
    "room to send": Place("none", Phase.NO_REPLY, 0),
    "the answer": Place("silence", Phase.NO_REPLY, 1),
    "the rest of the answer": Place("half of the body", Phase.NO_REPLY, 1),
    "a hook that looks at the answer": Place("none", Phase.NO_REPLY, 1),
    "the pause before the next attempt": Place("HTTP 503 for half a minute", Phase.NOT_SENT, 1),
}
"""The place, and what is known there. An answer that did not get as far as the caller is as good as none.
While connecting nothing is sent; but aiohttp does not tell, and what may have been sent counts as sent.
"""

UNTOUCHED = {"the connection", "a hook that looks at the answer"}
"""Where there is no connection that was left half done."""

OPERATIONS = {
    "write": (CREATE_INVOICE, b"{}"),
    "read": (VALIDATE_TOKEN, None),
}


class Watching(Hook):
    """Takes its time over the first answer."""

    looked = False

    async def after_attempt(self, record):
        if not self.looked:
            self.looked = True
            await asyncio.sleep(10**6)


@contextlib.contextmanager
def deaf_socket():
    """The address of a socket that never accepts a connection."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        crowd = [socket.socket() for _ in range(3)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        yield f"http://127.0.0.1:{full.getsockname()[1]}"
        for one in crowd:
            one.close()


@contextlib.asynccontextmanager
async def waiting_call(place, what, server):
    """A client, and a call of it that waits at a place."""
    operation, body = OPERATIONS[what]
    announced = asyncio.Event()

    async def announce():
        announced.set()
        await asyncio.sleep(0 if place != "the announcement before sending" else 10**6)

    async with contextlib.AsyncExitStack() as stack:
        url = stack.enter_context(deaf_socket()) if place == "the connection" else server.url
        hooks = [Watching()] if place == "a hook that looks at the answer" else []
        client = Confirma("k", base_url=url, rate_limit=RateLimit(concurrency=1), hooks=hooks)
        await stack.enter_async_context(client)
        pipeline = client._pipeline
        if place == "its turn at the limiter":
            await pipeline.limiter.acquire(10**9)
        if place == "room to send":
            server.reads = False
            operation, body = CREATE_INVOICE, b" " * 32 * 1024 * 1024
        options = CallOptions(
            headers={"X-Fault": PLACES[place].fault}, subject="invoice 7", before_send=announce, timeout=60
        )
        task: asyncio.Task[object] = asyncio.create_task(pipeline.call(operation, body, options=options))
        if place == "its turn at the limiter":
            await asyncio.sleep(0.01)
        else:
            await announced.wait()
        if PLACES[place].seen:
            await server.arrived.wait()
        await asyncio.sleep(0.02)
        assert not task.done()
        yield client, task
        if place == "its turn at the limiter":
            pipeline.limiter.release()


@pytest.fixture
async def server():
    async with fault_server() as serving:
        yield serving


@pytest.mark.parametrize("what", OPERATIONS)
@pytest.mark.parametrize("place", PLACES)
async def test_cancelling_gives_the_place_back_and_says_what_may_have_arrived(place, what, server, caplog):
    expected = PLACES[place]
    async with waiting_call(place, what, server) as (client, task):
        before = len(server.seen)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert client._pipeline.limiter._under_way == (1 if place == "its turn at the limiter" else 0)
        if expected.phase is Phase.NO_REPLY and place not in UNTOUCHED:
            server.reads = True
            await client._pipeline.call(CREATE_INVOICE, b"{}")
            assert server.seen[-1].connection > 0  # what was left half done is not used again
    assert before == expected.seen
    sent = OPERATIONS["write"] if place == "room to send" else OPERATIONS[what]
    may_have_arrived = expected.phase is Phase.NO_REPLY and sent is OPERATIONS["write"]
    assert ("outcome is unknown" in caplog.text) is may_have_arrived


@pytest.mark.parametrize("what", OPERATIONS)
@pytest.mark.parametrize("place", PLACES)
async def test_closing_the_client_ends_the_call_and_says_what_may_have_arrived(place, what, server):
    expected = PLACES[place]
    async with waiting_call(place, what, server) as (client, task):
        await client.aclose()
        with pytest.raises((OutcomeUnknownError, TransportError), match="the client was closed") as caught:
            await asyncio.wait_for(task, 5)
        with pytest.raises(ConfigurationError, match="this client is closed"):
            await client.onboarding.validate_token()
    error = caught.value
    sent = OPERATIONS["write"] if place == "room to send" else OPERATIONS[what]
    may_have_arrived = expected.phase is Phase.NO_REPLY and sent is OPERATIONS["write"]
    assert type(error) is (OutcomeUnknownError if may_have_arrived else TransportError)
    assert error.phase is expected.phase
    assert len(server.seen) == expected.seen
    assert error.operation == sent[0].name


async def test_a_task_whose_client_was_closed_goes_on(server):
    async def caller():
        with pytest.raises(TransportError):
            await client._pipeline.call(VALIDATE_TOKEN, options=CallOptions(headers={"X-Fault": "silence"}))
        await asyncio.sleep(0.001)  # a cancellation that was left over would strike here
        return "went on"

    async with Confirma("k", base_url=server.url) as client:
        task = asyncio.create_task(caller())
        await server.arrived.wait()
    assert await task == "went on"
    assert task.cancelling() == 0


async def test_a_caller_that_was_cancelled_itself_stays_cancelled_when_the_client_is_closed(server):
    async with Confirma("k", base_url=server.url) as client:
        options = CallOptions(headers={"X-Fault": "silence"})
        task = asyncio.create_task(client._pipeline.call(VALIDATE_TOKEN, options=options))
        await server.arrived.wait()
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_timeout_of_the_callers_own_around_a_call_works(server):
    async with Confirma("k", base_url=server.url) as client:
        options = CallOptions(headers={"X-Fault": "silence"})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client._pipeline.call(VALIDATE_TOKEN, options=options)
