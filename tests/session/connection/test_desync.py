"""HTTP/1.1 over real sockets, out of step: an answer belongs to the request that was out when it began."""

import asyncio
import contextlib
import functools
import ssl

import aiohttp
import pytest

from confirma_async.errors import Phase, TransportError
from confirma_async.session.connection.http import AiohttpTransport
from confirma_async.session.transport import Request
from tests.session.fault_server import CERTIFICATES, FAULTS, fault_server, head, port_of, says, whole

STALE = whole(body=b'{"of": "another request"}')
CHUNKED = head(Transfer_Encoding="chunked") + b"2\r\n{}\r\n0\r\n\r\n"
BODIES = {"GET": None, "POST": b"{}"}


@pytest.fixture(params=["GET", "POST"])
def method(request):
    return request.param


@pytest.fixture
async def server():
    async with fault_server() as made:
        yield made


@pytest.fixture(params=["own", "borrowed"])
async def transport(request):
    if request.param == "own":
        made = AiohttpTransport()
        yield made
        await made.close()
        return
    async with aiohttp.ClientSession() as session:
        yield AiohttpTransport(session=session)


@pytest.fixture
def answers(monkeypatch):
    """Says what the server writes to a request of the fault "scripted"."""

    def script(act):
        monkeypatch.setitem(FAULTS, "scripted", says(act) if isinstance(act, bytes) else act)

    return script


def request(server, method, *, fault="scripted", body=b"{}", timeout=5.0):
    headers = {"X-Fault": fault}
    return Request(method, f"{server.url}/x", headers, body if method == "POST" else None, timeout)


async def failure(transport, sent):
    with pytest.raises(TransportError) as caught:
        await transport.send(sent)
    return caught.value


async def own_or_none(transport, sent):
    """Whether a request got its own answer, or none: where what follows is no HTTP, aiohttp gives up both."""
    try:
        return (await transport.send(sent)).body in {b"{}", b""}
    except TransportError as error:
        return error.phase is Phase.NO_REPLY


async def until(condition):
    """Lets the loop run until something is so."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 (of the connection, which has no event)
            await asyncio.sleep(0)


def in_pieces(*pieces):
    """Writes each piece in a segment of its own, in turns of the loop."""

    def act(wire):
        wire.write(pieces[0])
        for turns, piece in enumerate(pieces[1:], 1):
            later(turns * 20, functools.partial(wire.write, piece))

    return act


def later(turns, act):
    asyncio.get_running_loop().call_soon(act if not turns else functools.partial(later, turns - 1, act))


EXACT = {
    "declared length": whole(),
    "no body": whole(body=b""),
    "chunked": CHUNKED,
    "chunked with a trailer": head(Transfer_Encoding="chunked") + b"2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n",
    "204": head(204),
    "304": head(304),
    "head and body apart": in_pieces(head(length=2), b"{}"),
    "body in pieces": in_pieces(head(length=2) + b"{", b"}"),
    "chunks in pieces": in_pieces(head(Transfer_Encoding="chunked") + b"2\r\n{", b"}\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("answer", EXACT.values(), ids=EXACT)
async def test_a_connection_whose_answers_end_where_they_should_is_used_again(
    server, transport, answers, method, answer
):
    answers(answer)
    for _ in range(3):
        await transport.send(request(server, method))
    assert [seen.connection for seen in server.seen] == [0, 0, 0]


EXTRA = {
    "a whole answer": STALE,
    "half of a head": STALE[:20],
    "a head that lacks its last byte": head(length=0)[:-1],
    "a head without its body": head(length=2),
    "an answer without its last byte": STALE[:-1],
    "an interim answer": b"HTTP/1.1 100 Continue\r\n\r\n",
    "a byte": b"H",
    "what is no HTTP": b"SSH-2.0-hello",
}
COMPLETE = {
    "declared length": whole(),
    "chunked": CHUNKED,
    "no body": whole(body=b""),
    "204": head(204),
    "304": head(304),
}


@pytest.mark.parametrize("extra", EXTRA.values(), ids=EXTRA)
@pytest.mark.parametrize("complete", COMPLETE.values(), ids=COMPLETE)
async def test_bytes_after_an_answer_in_the_same_segment_close_the_connection(
    server, transport, answers, method, complete, extra
):
    answers(complete + extra)
    assert await own_or_none(transport, request(server, method))
    second = await transport.send(request(server, method, fault="none"))
    assert second.body == b"{}"
    assert [seen.connection for seen in server.seen] == [0, 1]


@pytest.mark.parametrize("extra", EXTRA.values(), ids=EXTRA)
@pytest.mark.parametrize("complete", COMPLETE.values(), ids=COMPLETE)
async def test_bytes_on_an_idle_connection_close_it(server, transport, answers, method, complete, extra):
    answers(complete)
    await transport.send(request(server, method))
    (wire,) = server.open
    wire.write(extra)
    await until(lambda: not server.open)
    second = await transport.send(request(server, method, fault="none"))
    assert second.body == b"{}"
    assert [seen.connection for seen in server.seen] == [0, 1]


@pytest.mark.parametrize("extra", EXTRA.values(), ids=EXTRA)
async def test_bytes_that_follow_while_the_answer_is_taken_close_the_connection(
    server, transport, answers, method, extra
):
    def act(wire):
        wire.write(whole())
        asyncio.get_running_loop().call_soon(wire.write, extra)

    answers(act)
    assert await own_or_none(transport, request(server, method))
    await until(lambda: not server.open)
    assert (await transport.send(request(server, method, fault="none"))).body == b"{}"
    assert [seen.connection for seen in server.seen] == [0, 1]


@pytest.mark.parametrize("end", [False, True], ids=["bytes", "the end"])
async def test_what_the_loop_has_not_read_yet_keeps_a_request_back(server, transport, answers, method, end):
    answers(whole())
    await transport.send(request(server, method))
    (wire,) = server.open
    if end:
        wire.get_extra_info("socket").shutdown(1)
    else:
        wire.write(STALE)  # in the buffers of the system by now, and the loop gets no turn before the request
    error = await failure(transport, request(server, method, fault="none"))
    assert error.phase is Phase.NOT_SENT
    assert "nobody asked for" in str(error)
    await transport.send(request(server, method, fault="none"))
    assert [seen.connection for seen in server.seen] == [0, 1]


async def test_bytes_between_the_head_and_the_writing_keep_a_request_back(server, method):
    tracing = aiohttp.TraceConfig()
    written = []

    async def answer_too_soon(session, context, params):
        (wire,) = server.open
        wire.write(STALE)
        written.append(wire)
        await until(lambda: wire not in server.open)

    tracing.on_request_headers_sent.append(answer_too_soon)
    async with aiohttp.ClientSession(trace_configs=[tracing]) as session:
        transport = AiohttpTransport(session=session)
        error = await failure(transport, request(server, method))
    assert error.phase is Phase.NOT_SENT
    assert written
    assert not server.seen


async def test_a_new_connection_that_speaks_first_gets_no_request(method):
    arrived = []

    async def speak_first(reader, writer):
        writer.write(STALE)
        try:
            arrived.append(await reader.read())
        except ConnectionError:
            arrived.append(b"")
        writer.transport.abort()

    listening = await asyncio.start_server(speak_first, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{port_of(listening)}/x"
    transport = AiohttpTransport()
    error = await failure(transport, Request(method, url, {}, BODIES[method], 5.0))
    await transport.close()
    await until(lambda: arrived)
    listening.close()
    assert error.phase is Phase.NOT_SENT
    assert arrived == [b""]


INTERIM = {
    "100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "102 and 103": b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
}


@pytest.mark.parametrize("apart", [False, True], ids=["in one segment", "apart"])
@pytest.mark.parametrize("interim", INTERIM.values(), ids=INTERIM)
async def test_interim_answers_are_no_answers(server, transport, answers, method, interim, apart):
    answers(in_pieces(interim, whole()) if apart else interim + whole())
    answer = await transport.send(request(server, method))
    assert (answer.status, answer.body) == (200, b"{}")
    await transport.send(request(server, method, fault="none"))
    assert [seen.connection for seen in server.seen] == [0, 1]  # where the answer began was not looked for


async def test_interim_answers_alone_are_silence(server, transport, answers, method):
    answers(INTERIM["100"])
    error = await failure(transport, request(server, method, timeout=0.1))
    assert error.phase is Phase.NO_REPLY


async def test_a_switch_of_protocols_is_no_answer(server, transport, answers, method):
    answers(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n")
    error = await failure(transport, request(server, method))
    assert error.phase is Phase.NO_REPLY
    await transport.send(request(server, method, fault="none"))
    assert [seen.connection for seen in server.seen] == [0, 1]


CONFLICTS = {
    "two lengths": head(Content_Length=2)[:-2] + b"Content-Length: 25\r\n\r\n{}",
    "a list of lengths": head(Content_Length="2, 25") + b"{}",
    "a length that is no number": head(Content_Length="+2") + b"{}",
    "a length and chunks": head(length=2, Transfer_Encoding="chunked") + b"2\r\n{}\r\n0\r\n\r\n",
    "chunks and a length": head(Transfer_Encoding="chunked", Content_Length=2) + b"2\r\n{}\r\n0\r\n\r\n",
    "chunks whose size is none": head(Transfer_Encoding="chunked") + b"0x2\r\n{}\r\n0\r\n\r\n",
    "chunks that are too long": head(Transfer_Encoding="chunked") + b"1\r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("answer", CONFLICTS.values(), ids=CONFLICTS)
async def test_an_answer_whose_end_is_in_dispute_is_none(server, transport, answers, method, answer):
    answers(answer)
    error = await failure(transport, request(server, method))
    assert error.phase is Phase.NO_REPLY
    await transport.send(request(server, method, fault="none"))
    assert [seen.connection for seen in server.seen] == [0, 1]


CLOSING = {
    "said": whole(Connection="close"),
    "said among others": whole(Connection="x-own, Close"),
    "HTTP/1.0": whole().replace(b"HTTP/1.1", b"HTTP/1.0"),
    "no length": head(Connection="close") + b"{}",
}


@pytest.mark.parametrize("answer", CLOSING.values(), ids=CLOSING)
async def test_a_connection_that_is_to_close_is_not_used_again(server, transport, answers, method, answer):
    def act(wire):
        wire.write(answer)
        if b"Content-Length" not in answer:
            wire.close()

    answers(act)
    assert (await transport.send(request(server, method))).body == b"{}"
    await transport.send(request(server, method, fault="none"))
    assert [seen.connection for seen in server.seen] == [0, 1]


@pytest.mark.parametrize("status", [204, 304])
async def test_a_body_where_there_is_none_closes_the_connection(server, transport, answers, method, status):
    answers(whole(status, body=STALE))
    answer = await transport.send(request(server, method))
    assert (answer.status, answer.body) == (status, b"")
    assert (await transport.send(request(server, method, fault="none"))).body == b"{}"
    assert [seen.connection for seen in server.seen] == [0, 1]


async def test_an_answer_that_begins_in_the_middle_is_none(server, transport, answers, method):
    answers(STALE[5:])
    error = await failure(transport, request(server, method))
    assert error.phase is Phase.NO_REPLY


# What begins before a request was sent whole; the request is larger than what fits between the two.

LARGE = b" " * 32 * 1024 * 1024


@pytest.fixture
async def hasty():
    """A server that answers a head, and reads the body only where it is told to."""
    wires, listening = [], []

    async def serve(first, then=b""):
        async def script(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(first)
            if then:
                await reader.readexactly(len(LARGE))
                writer.write(then)

        async def accept(reader, writer):
            wires.append(writer)
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await script(reader, writer)

        listening.append(await asyncio.start_server(accept, "127.0.0.1", 0))
        url = f"http://127.0.0.1:{port_of(listening[0])}/x"
        return Request("POST", url, {}, LARGE, 10.0)

    yield serve
    for one in listening:
        one.close()
    for wire in wires:
        wire.transport.abort()


async def test_a_refusal_that_stops_a_request_is_believed(transport, hasty):
    answer = await transport.send(await hasty(whole(413, b"{}")))
    assert (answer.status, answer.body) == (413, b"{}")


async def test_an_acceptance_of_half_a_request_is_not_believed(transport, hasty):
    error = await failure(transport, await hasty(whole()))
    assert error.phase is Phase.NO_REPLY
    assert "began before the request was sent" in str(error)


@pytest.mark.parametrize("status", [200, 413])
async def test_an_early_answer_to_a_request_that_went_out_whole_is_not_believed(transport, hasty, status):
    answer = whole(status)
    error = await failure(transport, await hasty(answer[:-1], answer[-1:]))
    assert error.phase is Phase.NO_REPLY
    assert "began before the request was sent" in str(error)


@pytest.mark.parametrize("apart", [b"", b"{"], ids=["before", "in the middle"])
async def test_an_interim_answer_to_half_a_request_does_no_harm(transport, hasty, apart):
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    answer = await transport.send(await hasty(interim, whole()))
    assert (answer.status, answer.body) == (200, b"{}")


# Over TLS, where the system's buffers hold more than answers.


@pytest.fixture
async def over_tls(server):
    trusting = ssl.create_default_context(cafile=CERTIFICATES / "good.pem")
    trusting.check_hostname = False
    made = AiohttpTransport(ssl_context=trusting)
    server.url = server.tls_url
    yield made
    await made.close()


async def test_a_connection_over_tls_is_used_again(server, over_tls, method):
    for _ in range(3):
        await over_tls.send(request(server, method, fault="none"))
    assert [seen.connection for seen in server.seen] == [0, 0, 0]


async def test_what_the_loop_has_not_read_yet_keeps_a_request_back_over_tls(server, over_tls, method):
    await over_tls.send(request(server, method, fault="none"))
    (wire,) = server.open
    wire.write(STALE)
    error = await failure(over_tls, request(server, method, fault="none"))
    assert error.phase is Phase.NOT_SENT
    await over_tls.send(request(server, method, fault="none"))
    assert [seen.connection for seen in server.seen] == [0, 1]
