"""The transport over real sockets: every way to fail, and what it says of how far the request came."""

import asyncio
import contextlib
import gc
import gzip
import socket
import ssl
import subprocess
import sys

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler
from attrs import evolve

from confirma_async.errors import ConfigurationError, Phase, TransportError
from confirma_async.session.connection.http import AiohttpTransport
from confirma_async.session.request.headers import Headers
from confirma_async.session.transport import Request
from tests.session import fault_server

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@contextlib.asynccontextmanager
async def serving(script):
    """A server on loopback that hands each connection to the script."""
    connections = []

    async def handle(reader, writer):
        connections.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await script(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in connections:
            writer.transport.abort()
        await server.wait_closed()


def chunked(body):
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def post(url, *, timeout=5.0):
    return Request("POST", f"{url}/x", {"X-Api-Key": "k"}, b"{}", timeout)


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(2)
    return head


@contextlib.asynccontextmanager
async def noting():
    """A server that answers each request without contents, and the heads that came, in lines."""
    heads = list[list[str]]()

    async def script(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                heads.append((await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n"))
                writer.write(OK)

    async with serving(script) as url:
        yield url, heads


@pytest.fixture
async def transport():
    made = AiohttpTransport()
    yield made
    await made.close()


@pytest.fixture(params=["own", "borrowed"])
async def ways(request, transport):
    """A transport over a session of its own, and over a caller's."""
    if request.param == "own":
        yield transport
        return
    async with aiohttp.ClientSession() as session:
        yield AiohttpTransport(session=session)


async def failure(transport, request):
    with pytest.raises(TransportError) as caught:
        await transport.send(request)
    return caught.value


async def test_an_answer_comes_back_whole(transport):
    async def script(reader, writer):
        await read_request(reader)
        writer.write(OK)
        await writer.drain()

    async with serving(script) as url:
        answer = await transport.send(post(url))
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"{}", "application/json")


async def test_a_refused_connection_means_not_sent(transport, unused_tcp_port):
    error = await failure(transport, post(f"http://127.0.0.1:{unused_tcp_port}"))
    assert error.phase is Phase.NOT_SENT
    assert "connection refused" in str(error)


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_what_would_leave_after_its_deadline_does_not_leave(transport, method):
    """However long the process stood still between the decision to send and the first byte."""
    body = b"{}" if method == "POST" else None
    async with noting() as (url, seen):
        now = asyncio.get_running_loop().time()
        late = Request(method, f"{url}/x", {}, body, 5.0, not_after=now)
        error = await failure(transport, late)
        assert error.phase is Phase.NOT_SENT
        assert str(error) == "the deadline passed before sending; nothing was sent"
        assert not seen
        assert (await transport.send(evolve(late, not_after=now + 5))).status == 200
    assert len(seen) == 1


async def test_an_unknown_host_means_not_sent():
    class Nowhere(aiohttp.abc.AbstractResolver):
        async def resolve(self, host, port=0, family=0):
            raise OSError(-2, "Name or service not known")

        async def close(self):
            pass

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Nowhere())) as session:
        error = await failure(AiohttpTransport(session=session), post("http://no.such.host.invalid"))
    assert error.phase is Phase.NOT_SENT
    assert "was not found" in str(error)


async def test_a_failed_tls_handshake_means_not_sent(transport):
    async def script(reader, writer):
        writer.write(b"this is no TLS\r\n\r\n")
        await writer.drain()

    async with serving(script) as url:
        error = await failure(transport, post(url.replace("http", "https")))
    assert error.phase is Phase.NOT_SENT


async def test_a_certificate_that_nobody_vouches_for_is_told_with_what_to_do(transport):
    async with fault_server.fault_server() as server:
        error = await failure(transport, post(server.tls_url))
    assert (error.phase, error.lasting) == (Phase.NOT_SENT, True)
    assert "signed by itself" in str(error)
    assert "SSL_CERT_FILE" in str(error)


async def test_another_certificate_than_the_pinned_one_is_told_as_such():
    pinned = aiohttp.TCPConnector(ssl=aiohttp.Fingerprint(bytes(32)))
    async with fault_server.fault_server() as server, aiohttp.ClientSession(connector=pinned) as session:
        error = await failure(AiohttpTransport(session=session), post(server.tls_url))
    assert (error.phase, error.lasting) == (Phase.NOT_SENT, True)
    assert "another certificate" in str(error)


async def test_a_reset_before_any_answer_means_no_reply(transport):
    async def script(reader, writer):
        await read_request(reader)
        writer.transport.abort()

    async with serving(script) as url:
        error = await failure(transport, post(url))
    assert error.phase is Phase.NO_REPLY


async def test_an_answer_cut_short_means_no_reply(transport):
    async def script(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()

    async with serving(script) as url:
        error = await failure(transport, post(url))
    assert error.phase is Phase.NO_REPLY


async def test_an_answer_that_is_no_http_means_no_reply(transport):
    async def script(reader, writer):
        await read_request(reader)
        writer.write(b"SSH-2.0-hello\r\n\r\n")
        await writer.drain()

    async with serving(script) as url:
        error = await failure(transport, post(url))
    assert error.phase is Phase.NO_REPLY


async def silence(reader, writer):
    await read_request(reader)
    await reader.read()


async def test_silence_means_no_reply_at_the_deadline(transport):
    async with serving(silence) as url:
        error = await failure(transport, post(url, timeout=0.1))
    assert error.phase is Phase.NO_REPLY


async def test_requests_with_limits_of_all_lengths_expire_each_at_its_own_time(transport):
    async with serving(silence) as url:
        long = [asyncio.create_task(transport.send(post(url, timeout=60.0))) for _ in range(3)]
        ended = []

        async def limited(seconds):
            await failure(transport, post(url, timeout=seconds))
            ended.append(seconds)

        await asyncio.gather(*map(limited, (1.0, 0.4, 0.7)))  # behind the long ones, and not in their order
        assert not any(task.done() for task in long)
        for task in long:
            task.cancel()
        assert [str(error) for error in await asyncio.gather(*long, return_exceptions=True)] == [""] * 3
    assert ended == [0.4, 0.7, 1.0]


@pytest.mark.parametrize("order", ["expired first", "cancelled first"])
async def test_a_request_that_expires_as_it_is_cancelled_is_cancelled(transport, order):
    arrived = asyncio.Event()

    async def script(reader, writer):
        await read_request(reader)
        arrived.set()
        await reader.read()

    async with serving(script) as url:
        task = asyncio.create_task(transport.send(post(url, timeout=60.0)))
        await arrived.wait()
        [limit] = transport._timeouts._moments
        ways = [limit.end, task.cancel]
        for way in ways if order == "expired first" else reversed(ways):
            way()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert task.cancelled()
    assert not transport._timeouts._moments


async def test_closing_leaves_no_timer_of_requests_behind():
    transport = AiohttpTransport()

    async def script(reader, writer):
        await read_request(reader)
        writer.write(OK)
        await writer.drain()

    def timers():
        handles = vars(asyncio.get_running_loop())["_scheduled"]
        return [handle for handle in handles if "_on_timer" in repr(handle) and not handle.cancelled()]

    async with serving(script) as url:
        await transport.send(post(url, timeout=60.0))
        assert len(timers()) == 1
        await transport.close()
    assert timers() == []


async def test_a_write_on_a_connection_that_died_is_sent_once(transport):
    seen = []

    async def script(reader, writer):
        for _ in range(2):
            seen.append(await read_request(reader))
            if len(seen) == 2:
                writer.transport.abort()
                return
            writer.write(OK)
            await writer.drain()

    async with serving(script) as url:
        await transport.send(post(url))
        error = await failure(transport, post(url))
    assert error.phase is Phase.NO_REPLY
    assert len(seen) == 2


async def test_a_redirect_is_not_followed(transport):
    seen = []

    async def script(reader, writer):
        seen.append(await read_request(reader))
        writer.write(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with serving(script) as url:
        answer = await transport.send(post(url))
    assert answer.status == 307
    assert len(seen) == 1


async def test_a_borrowed_session_is_neither_changed_nor_closed():
    async def script(reader, writer):
        await read_request(reader)
        writer.write(OK.replace(b"{}", b"{}").replace(b"200 OK", b"404 Not Found"))
        await writer.drain()

    async with serving(script) as url, aiohttp.ClientSession(raise_for_status=True) as session:
        before = dict(session.headers)
        borrowing = AiohttpTransport(session=session)
        answer = await borrowing.send(post(url))
        await borrowing.close()
        assert answer.status == 404
        assert not session.closed
        assert dict(session.headers) == before


async def test_a_large_body_arrives_whole(transport):
    arrived = []

    async def script(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        arrived.append(head)
        arrived.append(await reader.readexactly(3_000_000))
        writer.write(OK)
        await writer.drain()

    async with serving(script) as url:
        await transport.send(Request("POST", f"{url}/x", {}, b"x" * 3_000_000, 5.0))
    head, body = arrived
    assert b"Content-Length: 3000000" in head
    assert body == b"x" * 3_000_000


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Length: 9\r\n", b"123456789"),
        (b"Transfer-Encoding: chunked\r\n", b"9\r\n123456789\r\n0\r\n\r\n"),
        (b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", chunked(gzip.compress(b"123456789"))),
        (b"Connection: close\r\n", b"123456789"),
    ],
    ids=["declared", "chunked", "compressed", "until the end"],
)
@pytest.mark.parametrize("limit", [8, 9])
async def test_an_answer_is_read_up_to_the_limit(head, body, limit):
    async def script(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 500 Oh\r\n" + head + b"\r\n" + body)
        await writer.drain()

    transport = AiohttpTransport(answer_limit_bytes=limit)
    async with serving(script) as url:
        answer = await transport.send(post(url))
    await transport.close()
    assert answer.status == 500
    assert answer.cut_off is (limit < 9)
    declared = head.startswith(b"Content-Length")
    assert answer.body == (b"123456789" if limit == 9 else b"" if declared else b"12345678")


async def test_a_host_that_reads_nothing_does_not_hold_up_closing(transport, monkeypatch):
    monkeypatch.setattr("confirma_async.session.connection.http.CLOSE_TIMEOUT", 0.05)
    made, pause_writing = ResponseHandler.connection_made, ResponseHandler.pause_writing
    waits = asyncio.Event()

    def connection_made(protocol, connection):
        made(protocol, connection)
        connection.set_write_buffer_limits(high=8 * 1024 * 1024)  # more than may fit into those of the system

    def paused(protocol):
        waits.set()
        pause_writing(protocol)

    monkeypatch.setattr(ResponseHandler, "connection_made", connection_made)
    monkeypatch.setattr(ResponseHandler, "pause_writing", paused)

    async def script(_reader, _writer):
        await asyncio.sleep(60)

    async with serving(script) as url:
        large = Request("POST", f"{url}/x", {}, b" " * 32 * 1024 * 1024, 60.0)
        task = asyncio.create_task(transport.send(large))
        await waits.wait()
        await asyncio.wait_for(transport.close(), 5)
        task.cancel()
        with pytest.raises((asyncio.CancelledError, TransportError)):
            await task


@pytest.mark.parametrize("mine", [(), ("theirs",)])
async def test_a_read_whose_connection_breaks_is_sent_once_on_a_borrowed_session_too(mine):
    seen, passed = [], []

    async def script(reader, writer):
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.transport.abort()

    async def theirs(request, handler):
        passed.append(request.method)
        return await handler(request)

    middlewares = (theirs,) if mine else ()
    async with serving(script) as url, aiohttp.ClientSession(middlewares=middlewares) as session:
        error = await failure(AiohttpTransport(session=session), Request("GET", f"{url}/x", {}, None, 5.0))
    assert error.phase is Phase.NO_REPLY
    assert "ServerDisconnectedError" in str(error)
    assert len(seen) == 1
    assert len(passed) == len(mine)  # what the owner of the session put there still runs


async def test_a_proxy_that_wants_other_credentials_shows_none(tmp_path):
    async def script(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with serving(script) as url:
        proxy = url.replace("//", "//me:the-proxys-password@")
        async with aiohttp.ClientSession(proxy=proxy) as session:
            error = await failure(AiohttpTransport(session=session), post("https://service.example"))
    assert error.phase is Phase.NOT_SENT
    assert shown(error) == ["no connection could be made (ClientHttpProxyError); nothing was sent"]


async def test_a_url_that_cannot_be_read_is_shown_nowhere(transport):
    request = Request("GET", "http://me:s3cret@[::1:x/s3cret", {}, None, 5.0)
    error = await failure(transport, request)
    assert (error.phase, error.lasting) == (Phase.NOT_SENT, True)
    assert shown(error) == ["no connection could be made (InvalidUrlClientError); nothing was sent"]
    assert "s3cret" not in repr(request)


async def test_a_tool_that_answers_in_place_of_hosts_is_asked(replies, transport):
    """Such tools replace a method of aiohttp's session; a request that passed them by would be a real one."""
    replies.post("https://service.example/x", status=202, body=b"[]")
    answer = await transport.send(post("https://service.example"))
    assert (answer.status, answer.body) == (202, b"[]")


class CannedError(Exception):
    """Raised in place of an answer."""


def plain(_method):
    async def answer(*_arguments, **_settings):
        raise CannedError

    return answer


class Wrapper:
    """Says that it is what it wraps, as wrappers of instrumentation do, and is no key of a mapping."""

    __hash__ = None  # type: ignore[assignment]  # so Python marks what has no hash
    __class__ = property(lambda self: type(self.method))
    __code__ = property(lambda self: self.method.__code__)

    def __init__(self, method):
        self.method = method

    def __eq__(self, other):
        return self.method == other

    def __get__(self, session, _kind):
        return self if session is None else plain(self.method)


@pytest.mark.parametrize("tool", [plain, Wrapper])
@pytest.mark.parametrize("method", ["request", "_request"])
@pytest.mark.parametrize("first", [True, False], ids=["before the first request", "after it"])
async def test_a_tool_that_replaces_a_method_of_the_session_is_asked(
    monkeypatch, transport, tool, method, first, unused_tcp_port
):
    if not first:
        await failure(transport, post(f"http://127.0.0.1:{unused_tcp_port}"))
    monkeypatch.setattr(aiohttp.ClientSession, method, tool(getattr(aiohttp.ClientSession, method)))
    with pytest.raises(CannedError):
        await transport.send(post(f"http://127.0.0.1:{unused_tcp_port}"))


async def test_what_a_tool_adds_to_each_session_that_is_made_is_used(monkeypatch, transport):
    seen, make = [], aiohttp.ClientSession.__init__

    async def note(request, handler):
        seen.append(request.method)
        return await handler(request)

    monkeypatch.setattr(
        aiohttp.ClientSession,
        "__init__",
        lambda self, **settings: make(self, **settings, middlewares=(note,)),
    )

    async def script(reader, writer):
        await read_request(reader)
        writer.write(OK)

    async with serving(script) as url:
        await transport.send(post(url))
    assert seen == ["POST"]


def test_a_tool_that_was_there_before_the_client_is_asked():
    """Whatever the session's method is when the SDK is loaded."""
    program = """
import asyncio, aiohttp
async def canned(*_arguments, **_settings):
    raise SystemExit(7)
aiohttp.ClientSession._request = canned
from confirma_async import Confirma
async def call():
    async with Confirma("k", base_url="http://127.0.0.1:9") as confirma:
        await confirma.onboarding.validate_token()
asyncio.run(call())
"""
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 7


async def test_a_tool_that_traces_each_session_sees_the_requests(monkeypatch, transport):
    seen, tracer, make = [], aiohttp.TraceConfig(), aiohttp.ClientSession.__init__

    async def note(_session, _context, begun):
        seen.append(str(begun.url))

    tracer.on_request_start.append(note)
    monkeypatch.setattr(
        aiohttp.ClientSession,
        "__init__",
        lambda self, **settings: make(self, **settings, trace_configs=[tracer]),
    )

    async def script(reader, writer):
        await read_request(reader)
        writer.write(OK)

    async with serving(script) as url:
        await transport.send(post(url))
    assert seen == [f"{url}/x"]


@pytest.mark.parametrize("body", [None, b""])
async def test_a_post_without_contents_says_so(ways, body):
    async with noting() as (url, heads):
        await ways.send(Request("POST", f"{url}/x", {}, body, 5.0))
    assert "Content-Length: 0" in heads[0]


async def test_the_head_of_a_request_names_its_host_once_and_what_is_decoded(ways):
    async with noting() as (url, heads):
        for headers in ({}, {"accept-encoding": "identity"}):
            await ways.send(Request("GET", f"{url}/x?a=%C3%A4&b=1+2", headers, None, 5.0))
    first, second = heads
    assert first[0] == "GET /x?a=%C3%A4&b=1+2 HTTP/1.1"
    assert [line for line in first if line.startswith("Host:")] == [f"Host: {url.removeprefix('http://')}"]
    assert any(line.startswith("Accept-Encoding: gzip, deflate") for line in first)
    assert [line for line in second if "ncoding" in line] == ["accept-encoding: identity"]


async def test_an_answer_to_head_has_no_contents_to_wait_for(ways):
    async def script(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")

    async with serving(script) as url:
        for _ in range(2):
            assert (await ways.send(Request("HEAD", f"{url}/x", {}, None, 5.0))).body == b""


@pytest.mark.parametrize("value", ["b\r\nHost: elsewhere", "b\n", "\0", "\x7f", "\ud800"])
async def test_a_head_that_http_cannot_carry_is_not_sent(transport, value):
    error = await failure(transport, Request("GET", "http://127.0.0.1:9/x", {"A": value}, None, 5.0))
    assert (error.phase, error.lasting) == (Phase.NOT_SENT, True)
    assert str(error).startswith("the request cannot be written")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "//127.0.0.1/x", "/x"])
async def test_only_http_is_spoken(transport, url):
    error = await failure(transport, Request("GET", url, {}, None, 5.0))
    assert (error.phase, error.lasting) == (Phase.NOT_SENT, True)


async def test_the_last_of_two_spellings_of_a_header_counts(ways):
    headers = Headers({"Accept": "application/json", "User-Agent": "ours", "accept": "text/plain"})
    async with noting() as (url, heads):
        await ways.send(Request("GET", f"{url}/x", headers, None, 5.0))
    assert [line for line in heads[0] if line.lower().startswith("accept:")] == ["accept: text/plain"]


def shown(error):
    """What a traceback shows of an error: its text, and those of its causes."""
    reported = []
    while error is not None:
        reported.append(str(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return reported


async def test_closing_ends_the_calls_that_read_their_answers(ways):
    """aiohttp does not tell them."""

    begun = asyncio.Event()

    async def script(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
        begun.set()
        await reader.read()

    async with serving(script) as url:
        call = asyncio.create_task(failure(ways, Request("GET", f"{url}/x", {}, None, 60.0)))
        async with asyncio.timeout(5):
            await begun.wait()
            await ways.close()
            error = await call
    assert (error.phase, str(error)) == (Phase.NO_REPLY, "no answer before the client was closed")


def test_closing_after_the_loop_of_a_call_forgets_the_call():
    program = """
import asyncio, socket
from confirma_async.session.connection.http import AiohttpTransport
from confirma_async.session.transport import Request
transport, loop, silent = AiohttpTransport(), asyncio.new_event_loop(), socket.create_server(("127.0.0.1", 0))
request = Request("GET", f"http://127.0.0.1:{silent.getsockname()[1]}/x", {}, None, 60.0)
call = loop.create_task(transport.send(request))
silent.setblocking(False)
connection, _ = loop.run_until_complete(loop.sock_accept(silent))
loop.run_until_complete(loop.sock_recv(connection, 1))
loop.close()
asyncio.run(transport.close())
print("closed")
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=False, timeout=60, capture_output=True, text=True)
    assert done.stdout == "closed\n"


async def test_a_call_that_closes_its_own_client_comes_to_its_end():
    async def closing(request, handler):
        answer = await handler(request)
        await borrowing.close()
        return answer

    async def script(reader, writer):
        await read_request(reader)
        writer.write(OK)

    async with serving(script) as url, aiohttp.ClientSession(middlewares=(closing,)) as session:
        borrowing = AiohttpTransport(session=session)
        assert (await borrowing.send(post(url))).status == 200


async def test_a_closed_transport_says_so(transport):
    await transport.close()
    await transport.close()
    with pytest.raises(ConfigurationError, match="closed"):
        await transport.send(post("http://127.0.0.1:9"))


def test_another_event_loop_is_refused_with_a_remedy(unused_tcp_port):
    transport = AiohttpTransport()

    async def first():
        await failure(transport, post(f"http://127.0.0.1:{unused_tcp_port}"))
        await transport.close()
        transport._closed = False

    asyncio.run(first())
    with pytest.raises(ConfigurationError, match="one client per loop"):
        asyncio.run(transport.send(post("http://127.0.0.1:9")))


@pytest.mark.filterwarnings("ignore:Unclosed", "ignore::pytest.PytestUnraisableExceptionWarning")
async def test_dropping_it_open_is_a_resource_warning(unused_tcp_port):
    transport = AiohttpTransport()
    await failure(transport, post(f"http://127.0.0.1:{unused_tcp_port}"))
    own = transport._own
    assert own is not None
    with pytest.warns(ResourceWarning, match="dropped without being closed"):
        transport.__del__()
    await own.close()
    transport._own = None
    gc.collect()


async def test_tls_settings_of_the_caller_are_used():
    context = ssl.create_default_context()
    assert AiohttpTransport(ssl_context=context)._ssl is context


async def test_a_connection_that_is_never_accepted_means_not_sent(transport):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        crowd = [socket.socket() for _ in range(3)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(address)
        error = await failure(transport, post(f"http://127.0.0.1:{address[1]}", timeout=0.4))
        for one in crowd:
            one.close()
    assert error.phase is Phase.NOT_SENT


async def test_a_borrowed_session_that_is_closed_means_not_sent():
    session = aiohttp.ClientSession()
    await session.close()
    error = await failure(AiohttpTransport(session=session), post("http://127.0.0.1:9"))
    assert error.phase is Phase.NOT_SENT
