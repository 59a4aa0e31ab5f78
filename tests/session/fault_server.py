"""A raw server on loopback that fails on demand, and counts what it saw.

A request says in its header ``X-Fault`` what shall become of it; without one it is answered with ``{}``.
"""

import asyncio
import contextlib
import functools
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import define, field, frozen

CERTIFICATES = Path(__file__).parents[1] / "certificates"
REQUEST_ID = "r-17"


def head(status=200, *, length=None, **headers):
    """The head of an answer, up to the empty line."""
    lines = [f"HTTP/1.1 {status} Said", f"X-Request-Id: {REQUEST_ID}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def whole(status=200, body=b"{}", content_type="application/json", **headers):
    """A complete answer."""
    return head(status, length=len(body), Content_Type=content_type, **headers) + body


def says(data):
    """Writes something and waits for the next request."""
    return lambda wire: wire.write(data)


def breaks(data):
    """Writes something and resets the connection."""

    def act(wire):
        wire.write(data)
        # The reset must not overtake what was written.
        asyncio.get_running_loop().call_later(0.002, wire.abort)

    return act


def drips(wire):
    """Writes a byte now and then, for ever."""
    wire.write(head(length=10_000))

    def drop():
        if not wire.is_closing():
            wire.write(b" ")
            asyncio.get_running_loop().call_later(0.01, drop)

    drop()


def pours(wire):
    """Writes more than anyone wants to read, in chunks, without saying how much it is."""
    chunk = b"%x\r\n%s\r\n" % (64 * 1024, b" " * 64 * 1024)
    wire.write(head(Transfer_Encoding="chunked") + chunk * 32)


FAULTS: Mapping[str, Callable[[asyncio.WriteTransport], object]] = {
    "none": says(whole()),
    "reset before headers": lambda wire: wire.abort(),
    "reset after headers": breaks(head(length=2)),
    "reset in the body": breaks(head(length=20) + b'{"isValid"'),
    "silence": lambda wire: None,
    "half of the body": says(head(length=20) + b'{"isValid"'),
    "slow drip": drips,
    "no HTTP": breaks(b"SSH-2.0-hello\r\n\r\n"),
    "truncated JSON": says(whole(body=b'{"isValid": tr')),
    "HTML for JSON": says(whole(body=b"<html>Hello</html>", content_type="text/html")),
    "empty 200": says(whole(body=b"")),
    "empty 204": says(head(204)),
    "body that says it is too long": says(head(length=100 * 1024 * 1024) + b" " * 1024),
    "body that does not end": pours,
    "HTTP 503 for half a minute": says(whole(503, b"", Retry_After="30")),
    "HTTP 503 at once": says(whole(503, b"", Retry_After="0")),
    "HTTP 206": says(whole(206)),
    "HTTP 207": says(whole(207)),
    "redirect": says(whole(307, b"", Location="/elsewhere")),
    "redirect of a POST": says(whole(303, b"", Location="/elsewhere")),
    "HTML error page": says(whole(502, b"<html>Bad Gateway</html>", content_type="text/html")),
    **{
        f"HTTP {status}": says(whole(status, b'{"message": "told"}'))
        for status in (400, 401, 402, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504)
    },
}


@frozen
class Seen:
    """A request that arrived whole.

    Attributes:
        connection: Which connection it came on; they are numbered from 0.
        method: The HTTP method.
        path: The path without its query.
        headers: Its headers, names in lower case.
    """

    connection: int
    method: str
    path: str
    headers: Mapping[str, str]


@define
class FaultServer:
    """What came in, over all connections.

    Attributes:
        url: Where it listens.
        tls_url: The same over TLS, with a certificate that nobody vouches for.
        seen: Every request, in its order.
        connections: How many connections were made.
        open: The connections that still stand.
        arrived: Set at the first request.
        reads: Whether new connections are read from.
    """

    url: str = ""
    tls_url: str = ""
    seen: list[Seen] = field(factory=list)
    connections: int = 0
    open: set[asyncio.WriteTransport] = field(factory=set)
    arrived: asyncio.Event = field(factory=asyncio.Event)
    reads: bool = True


class _Connection(asyncio.Protocol):
    def __init__(self, server):
        self._server = server
        self._number = server.connections
        self._data = b""
        server.connections += 1

    def connection_made(self, transport):
        self._wire = transport
        self._server.open.add(transport)
        if not self._server.reads:
            transport.pause_reading()

    def connection_lost(self, error):
        self._server.open.discard(self._wire)

    def data_received(self, data):
        if data[:1] == b"\x16":  # a TLS handshake
            self._wire.write(b"this is no TLS\r\n\r\n")
            return
        self._data += data
        top, end, rest = self._data.partition(b"\r\n\r\n")
        if not end:
            return
        first, *lines = top.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if len(rest) < int(headers.get("content-length", 0)):
            return
        self._data = b""
        method, target, _ = first.split(" ")
        self._server.seen.append(Seen(self._number, method, target.partition("?")[0], headers))
        self._server.arrived.set()
        FAULTS[headers.get("x-fault", "none")](self._wire)


@functools.cache
def untrusted():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "good.pem", CERTIFICATES / "key.pem")
    return context


def port_of(listening):
    return listening.sockets[0].getsockname()[1]


@contextlib.asynccontextmanager
async def fault_server():
    """Serves on loopback until the block ends."""
    server = FaultServer()
    create_server = asyncio.get_running_loop().create_server
    listening = await create_server(lambda: _Connection(server), "127.0.0.1", 0)
    over_tls = await create_server(lambda: _Connection(server), "127.0.0.1", 0, ssl=untrusted())
    server.url = f"http://127.0.0.1:{port_of(listening)}"
    server.tls_url = f"https://127.0.0.1:{port_of(over_tls)}"
    try:
        yield server
    finally:
        listening.close()
        over_tls.close()
        for wire in list(server.open):
            wire.abort()
        await listening.wait_closed()
        await over_tls.wait_closed()
