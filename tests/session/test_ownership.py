"""Who closes what, and in which event loop a client lives."""

import asyncio
import contextlib
import subprocess
import sys

import aiohttp
import pytest

from confirma_async import Confirma
from confirma_async.contract import CREATE_INVOICE
from confirma_async.errors import ConfigurationError, OutcomeUnknownError
from confirma_async.session.call_options import CallOptions

from .fault_server import fault_server

FORGETFUL = """
import asyncio
import tracemalloc  # by the first warning otherwise, and a collection meanwhile would tell of another in vain
from confirma_async import Confirma, ConfigurationError
from confirma_async.contract import CREATE_INVOICE
from confirma_async.schemas import InvoiceReceipt

OK = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}"

async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(OK)

async def first():
    global client
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    client = Confirma("k", base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await client._pipeline.call(CREATE_INVOICE, b"{}")
    server.close()

async def second():
    try:
        await client._pipeline.call(CREATE_INVOICE, b"{}")
    except ConfigurationError as error:
        print(error)

asyncio.run(first())
asyncio.run(second())
"""


def run(program):
    command = [sys.executable, "-W", "default", "-c", program]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Event loop is closed" not in done.stderr
    assert "Traceback" not in done.stderr
    return done


def call(client, fault="none"):
    options = CallOptions(headers={"X-Fault": fault})
    return client._pipeline.call(CREATE_INVOICE, b"{}", options=options)


def test_a_client_that_is_left_open_is_named_in_a_warning_and_nothing_fails():
    done = run(FORGETFUL + "del client")
    assert "one client per loop" in done.stdout
    assert done.stderr.count("a Confirma client was dropped without being closed") == 1


def test_a_client_can_be_closed_after_its_loop_has_ended():
    done = run(FORGETFUL + "asyncio.run(client.aclose())")
    assert "a Confirma client was dropped" not in done.stderr


async def test_a_borrowed_session_stays_as_it_was():
    timeout = aiohttp.ClientTimeout(total=17)
    headers = {"X-Mine": "1"}
    async with (
        fault_server() as server,
        aiohttp.ClientSession(headers=headers, timeout=timeout, raise_for_status=True) as session,
    ):
        for _ in range(2):
            async with Confirma("k", base_url=server.url, session=session) as client:
                await call(client)
        assert not session.closed
        assert dict(session.headers) == headers
        assert session.timeout == timeout
        assert session.raise_for_status is True
        assert len(session.cookie_jar) == 0
        assert {seen.connection for seen in server.seen} == {0}  # and its connections are used again
        async with session.get(server.url) as answer:  # nor does it carry our key anywhere
            assert answer.status == 200
        assert "x-api-key" not in server.seen[-1].headers


def test_a_client_is_closed_only_in_the_loop_that_uses_it():
    client = Confirma("k", base_url="http://127.0.0.1:9")
    with asyncio.Runner() as first, asyncio.Runner() as second:
        with pytest.raises(Exception, match="cannot be reached"):
            first.run(call(client))
        with pytest.raises(ConfigurationError, match="close it there"):
            second.run(client.aclose())
        first.run(client.aclose())
        first.run(client.aclose())


def test_a_client_with_a_call_under_way_is_not_closed_from_another_loop():
    with asyncio.Runner() as first, asyncio.Runner() as second:
        serving = contextlib.AsyncExitStack()
        server = first.run(serving.enter_async_context(fault_server()))
        client = Confirma("k", base_url=server.url)
        task = first.get_loop().create_task(call(client, "silence"))
        first.run(server.arrived.wait())
        with pytest.raises(ConfigurationError, match="close it there"):
            second.run(client.aclose())
        first.run(client.aclose())
        assert isinstance(task.exception(), OutcomeUnknownError)
        first.run(serving.aclose())


async def test_calls_after_closing_are_refused_in_words():
    client = Confirma("k", base_url="http://127.0.0.1:9")
    await client.aclose()
    with pytest.raises(ConfigurationError, match="this client is closed"):
        await call(client)
