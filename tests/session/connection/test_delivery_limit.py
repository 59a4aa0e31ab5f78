"""A request whose call is over arrives no more, whatever was still held of it; over real sockets."""

import asyncio
import contextlib
import math
import re
import socket
import ssl
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from confirma_async.errors import Phase, TransportError
from confirma_async.session.connection import delivery_limit
from confirma_async.session.connection.connection_line import ConnectionLine
from confirma_async.session.connection.http import AiohttpTransport
from confirma_async.session.transport import Request

CERTIFICATES = Path(__file__).parents[2] / "certificates"

has_limit = pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has no limit")

BODY = 60_000
LONG_BODY = 1_000_000
"""Bytes of which the system holds a part, and the program the rest."""
CALL = 0.5
"""Seconds that a call may take."""
LATER = 1.5
"""Seconds after which the host reads what has arrived."""

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

SENDER = """
import asyncio, os, sys, threading
from confirma_async.session.connection.http import AiohttpTransport
from confirma_async.session.transport import Request

async def send(url):
    not_after = asyncio.get_running_loop().time() + 0.5
    threading.Timer(0.4, os.kill, [os.getpid(), 9]).start()
    await AiohttpTransport().send(Request("POST", url, {}, b"x" * size, 0.5, not_after=not_after))

size = int(sys.argv[2])
asyncio.run(send(sys.argv[1]))
"""


@contextlib.contextmanager
def unread():
    """Have a host accept connections and read next to nothing of them."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # the rest stays with the sender
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(10)
        yield listening, f"http://127.0.0.1:{listening.getsockname()[1]}/x"


def arrived(listening, most=65_536, pause=0.0):
    """Return how many bytes of the request arrive in the end, of a host that reads so many at once."""
    count = 0
    with listening.accept()[0] as connection, contextlib.suppress(ConnectionError):
        connection.settimeout(10)
        while data := connection.recv(most):
            count += len(data)
            time.sleep(pause)
    return count


def arrived_slowly(listening):
    """Return the same of a host that goes on reading, a little at once."""
    return arrived(listening, most=10_000, pause=0.02)


async def given_up(url, size):
    """Have a call end before its request has arrived."""
    transport, loop = AiohttpTransport(), asyncio.get_running_loop()
    request = Request("POST", url, {}, b"x" * size, CALL, not_after=loop.time() + CALL)
    with pytest.raises(TransportError) as caught:
        await transport.send(request)
    await transport.close()
    assert caught.value.phase is Phase.NO_REPLY


async def killed(url, size):
    """Have a process die in such a call."""
    command = [sys.executable, "-c", SENDER, url, str(size)]
    ended = await asyncio.to_thread(subprocess.run, command, check=False, timeout=30)
    assert ended.returncode == -9


@pytest.mark.parametrize("ends", [given_up, killed])
async def test_a_request_that_a_host_does_not_read_until_its_call_is_over_does_not_arrive(ends):
    with unread() as (listening, url):
        await ends(url, BODY)
        await asyncio.sleep(LATER)
        assert await asyncio.to_thread(arrived, listening) < BODY


@pytest.mark.parametrize("ends", [given_up, killed])
@pytest.mark.parametrize("size", [200_000, LONG_BODY])
async def test_a_request_that_a_host_reads_slowly_does_not_arrive_after_its_call(ends, size):
    with unread() as (listening, url):
        reading = asyncio.create_task(asyncio.to_thread(arrived_slowly, listening))
        await ends(url, size)
        assert await reading < size


@contextlib.asynccontextmanager
async def limits_of(left, sessions):
    """Yield the limit in milliseconds that the system has after calls with so many seconds left each."""

    async def serve(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(2)
                writer.write(OK)
        writer.close()

    made = []

    def kept(address):
        made.append(socket.socket(address[0], address[1], address[2]))
        return made[-1]

    loop, found = asyncio.get_running_loop(), []
    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
        async with sessions(kept) as transport:
            for seconds in left:
                await transport.send(Request("POST", url, {}, b"{}", 5.0, not_after=loop.time() + seconds))
                [line] = made
                found.append(line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
            yield found


@has_limit
@pytest.mark.parametrize(
    ("left", "expected"),
    [
        ([30, 29, 25], [24_000, 24_000, 24_000]),
        ([30, 20], [24_000, 16_000]),
        ([20, 30], [16_000, 24_000]),
        ([30, math.inf, 30], [24_000, 0, 24_000]),
    ],
    ids=["kept while it fits", "less where less is left", "more where more is left", "none where none waits"],
)
async def test_what_a_connection_of_a_session_delivers_ends_before_each_of_its_calls(
    left, expected, sessions
):
    async with limits_of(left, sessions) as found:
        assert found == pytest.approx(expected, abs=50)


@pytest.mark.parametrize(
    "answer",
    [OK, OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), b"HTTP/1.1 102 Later\r\n\r\n" + OK],
    ids=["kept open", "to be closed", "after an interim one"],
)
async def test_a_connection_whose_request_was_answered_is_closed_as_usual(answer):
    loop, transport = asyncio.get_running_loop(), AiohttpTransport()
    ended = loop.create_future()

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(2)
        writer.write(answer)
        ended.set_result(await reader.read())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
        await transport.send(Request("POST", url, {}, b"{}", 5.0, not_after=loop.time() + 5))
        await transport.close()
        async with asyncio.timeout(5):
            assert await ended == b""  # a reset would have raised


MUCH = 20_000_000
"""Bytes of which no system takes all at once."""
STATUSES = [b"429 Busy", b"503 Away", b"422 No"]


@pytest.fixture(params=["own", "borrowed"])
def sessions(request, monkeypatch):
    """Makes a transport with a session of its own, or of a caller's, over sockets of a kind."""

    @contextlib.asynccontextmanager
    async def make(factory=None):
        connector = partial(aiohttp.TCPConnector, socket_factory=factory)
        if request.param == "own":
            monkeypatch.setattr(aiohttp, "TCPConnector", connector)
            transport = AiohttpTransport()
            yield transport
            await transport.close()
            return
        async with aiohttp.ClientSession(connector=connector()) as session:
            yield AiohttpTransport(session=session)

    return make


@contextlib.asynccontextmanager
async def refused_early(sessions, status, size, pause=None):
    """Yield a call to a host that refuses it early, and how much of its body arrives all the same.

    Such a host may read the rest, and do what it says. With a pause, in seconds, its answer comes in two
    pieces, and the system of the caller takes little at once.
    """
    answer = b"HTTP/1.1 " + status + b"\r\nRetry-After: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"

    def refuse(listening):
        count = 0
        with listening.accept()[0] as connection, contextlib.suppress(ConnectionError):
            connection.settimeout(10)
            count += len(connection.recv(1000))
            time.sleep(0.2)  # until then the program has handed to the system what that takes
            connection.sendall(answer[:-1])
            time.sleep(pause or 0.0)
            connection.sendall(answer[-1:])
            time.sleep(0.2)
            while data := connection.recv(65_536):
                count += len(data)
        return count

    with unread() as (listening, url):
        reading = asyncio.create_task(asyncio.to_thread(refuse, listening))
        loop, factory = asyncio.get_running_loop(), None if pause is None else little_at_once
        async with sessions(factory) as transport:
            request = Request("POST", url, {}, b"x" * size, 5.0, not_after=loop.time() + 5.0)
            yield transport.send(request), reading


def little_at_once(address):
    """Make a socket of which the system takes little at once, so that the program holds the rest."""
    made = socket.socket(address[0], address[1], address[2])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)
    return made


@pytest.mark.parametrize("status", STATUSES)
async def test_a_refusal_of_what_the_program_has_not_handed_over_ends_its_delivery(status, sessions):
    async with refused_early(sessions, status, 20_000_000) as (
        call,
        reading,
    ):  # more than any system takes at once
        assert (await call).status == int(status[:3])
        assert await reading < MUCH


@pytest.mark.skipif(sys.platform != "linux", reason="this system does not say what it has not delivered")
@pytest.mark.parametrize("status", STATUSES)
async def test_a_refusal_of_what_the_system_may_still_deliver_is_not_believed(status, sessions):
    """The connection is closed a turn of the loop later: until then the system goes on sending."""
    async with refused_early(sessions, status, 200_000) as (call, reading):
        with pytest.raises(TransportError) as caught:
            await call
        assert caught.value.phase is Phase.NO_REPLY
        await reading


@pytest.mark.skipif(sys.platform != "linux", reason="this system does not say what it has not delivered")
async def test_the_rest_of_a_request_that_is_answered_early_and_in_pieces_does_not_arrive(sessions):
    """A session closes the connection with the end of the answer, before it is looked at."""
    async with refused_early(sessions, b"504 Late", 73_000, pause=0.1) as (call, reading):
        with contextlib.suppress(TransportError):  # as the session's own closing came first
            assert (await call).status == 504
        assert await reading < 40_000  # what the program held is thrown away


async def test_a_session_that_is_closed_under_way_leaves_the_outcome_unknown():
    """What is written out by then has a transport that is done with."""
    size = 5_000_000

    def read_slowly(listening):
        return arrived(listening, most=size // 30, pause=0.06)

    with unread() as (listening, url):
        reading = asyncio.create_task(asyncio.to_thread(read_slowly, listening))
        loop, session = asyncio.get_running_loop(), aiohttp.ClientSession()
        transport = AiohttpTransport(session=session)
        request = Request("POST", url, {}, b"x" * size, 15.0, not_after=loop.time() + 15.0)
        sending = asyncio.create_task(transport.send(request))
        await asyncio.sleep(0.5)
        await session.close()
        with pytest.raises(TransportError) as caught:
            await sending
        assert caught.value.phase is Phase.NO_REPLY
        await transport.close()
        await reading


# --- over TLS -------------------------------------------------------------------------------------


WAITING = 900_000
"""Bytes that no system takes at once from a connection as it is on a network."""


def over_tls(listening, conversation):
    """Have a host hold a conversation over TLS with whoever connects, and return what comes of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "good.pem", CERTIFICATES / "key.pem")
    plain, _ = listening.accept()
    plain.settimeout(10)
    with context.wrap_socket(plain, server_side=True) as connection:
        return conversation(connection)


def refuse_early(connection):
    """Answer 429 before the rest of the request has left the program, and read the rest; count all."""
    count = 0
    connection.settimeout(0.2)
    with contextlib.suppress(TimeoutError):  # all that the system has, while the program stands still
        while data := connection.recv(65_536):
            count += len(data)
    assert count < WAITING
    with contextlib.suppress(ConnectionError, TimeoutError, ssl.SSLError):
        connection.sendall(b"HTTP/1.1 429 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n")
        connection.settimeout(2)
        while data := connection.recv(65_536):
            count += len(data)
    return count


def some(connection):
    """Return what has come; it is not to end."""
    data = connection.recv(65_536)
    assert data
    return data


def answer_all(connection, count):
    """Answer so many requests, each once it is there."""
    held = b""
    for _ in range(count):
        while b"\r\n\r\n" not in held:
            held += some(connection)
        head, held = held.split(b"\r\n\r\n", 1)
        (reported,) = re.findall(rb"Content-Length: (\d+)", head)
        size = int(reported)
        while len(held) < size:
            held += some(connection)
        held = held[size:]
        connection.sendall(OK)


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    """Runs a coroutine in a loop of each kind."""

    def run(work):
        factory = None if request.param == "asyncio" else pytest.importorskip("uvloop").new_event_loop
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(work)

    return run


async def talk(conversation, *sizes, cipher=None):
    """Send bodies of these sizes over one connection; return their outcomes, and what came of it there.

    A cipher is one of TLS 1.2; without one it is TLS 1.3.
    """
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1400)  # as on a network: less is held
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/x"
        loop, context = asyncio.get_running_loop(), ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if cipher is not None:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(cipher)
        talking = asyncio.create_task(asyncio.to_thread(over_tls, listening, conversation))
        transport, outcomes = AiohttpTransport(ssl_context=context), list[int | Phase]()
        for size in sizes:
            request = Request("POST", url, {}, b"x" * size, 10.0, not_after=loop.time() + 10.0)
            try:
                outcomes.append((await transport.send(request)).status)
            except TransportError as error:
                outcomes.append(error.phase)
        arrived = await talking
        await transport.close()
        return outcomes, arrived


@pytest.mark.skipif(sys.platform != "linux", reason="this system does not say what it has not delivered")
def test_a_refusal_of_what_waits_below_tls_is_believed_only_where_it_never_arrives(run, monkeypatch):
    begin = ConnectionLine.begin_request

    def begin_and_stand_still(self):
        # Once the system has taken what it can: the host has that by then, and has answered.
        asyncio.get_running_loop().call_soon(time.sleep, 0.8)
        begin(self)

    monkeypatch.setattr(ConnectionLine, "begin_request", begin_and_stand_still)
    (outcome,), arrived = run(talk(refuse_early, WAITING))
    assert outcome is Phase.NO_REPLY or arrived < WAITING


@pytest.mark.parametrize("cipher", [None, "ECDHE+AESGCM", "ECDHE+CHACHA20"])
def test_answers_to_whole_requests_over_tls_are_believed(run, cipher):
    sizes = [1, 100, 5_000, 16_383, 16_384, 16_385, 40_000, 200_000, 900_000] * 3
    outcomes, _ = run(talk(partial(answer_all, count=len(sizes)), *sizes, cipher=cipher))
    assert outcomes == [200] * len(sizes)


def test_answers_over_tls_are_believed_where_the_system_counts_no_bytes(run, monkeypatch):
    monkeypatch.setattr(delivery_limit, "_CONFIRMED", slice(900, 908))
    outcomes, _ = run(talk(partial(answer_all, count=2), 100, 200_000))
    assert outcomes == [200, 200]
