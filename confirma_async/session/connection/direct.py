"""Sends a request straight over a connection of aiohttp, without aiohttp's session.

For each request a session does what the SDK never needs: it follows redirects, keeps cookies, finds proxies,
calls tracers, and writes from a task of its own. That is half of what a small request costs.
"""

from __future__ import annotations

import asyncio
import ssl
from types import FunctionType
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import hdrs, http
from yarl import URL

from confirma_async.session.connection.answer_watch import BEGUN, INTERIM, WHOLE
from confirma_async.session.connection.connection_line import UnclearError, UnwritableError, line_of
from confirma_async.session.connection.contents import read_contents
from confirma_async.session.connection.passage import AT_ONCE
from confirma_async.session.transport import Request, Response

if TYPE_CHECKING:
    from aiohttp.connector import Connection

_WITHOUT_CONTENTS = "HEAD"
"""The HTTP method whose answers have no body."""

_SCHEMES = frozenset({"http", "https"})

_DECODED = aiohttp.ClientRequest.DEFAULT_HEADERS[hdrs.ACCEPT_ENCODING]
_DEFAULTS = {"accept-encoding": f"Accept-Encoding: {_DECODED}"}
"""Header lines for requests that do not set them: the encodings that aiohttp's parser decodes."""

_CONTROLS = bytes({*range(0x20), 0x7F} - {ord("\t")})
"""Bytes that would end a line of the head, or make it invalid."""

_CLIENT = aiohttp.client.__file__


def goes_direct(session: aiohttp.ClientSession, request: Request) -> bool:
    """Say whether a request needs nothing of aiohttp's session.

    Tools that stand in for a host, or measure, replace methods of the session, or add a tracer to each
    session: they must see all requests. The session also sends long bodies piece by piece, and makes a header
    of credentials in a URL.
    """
    made = type(session)
    return (
        _is_of_aiohttp(getattr(made, "request", None))
        and _is_of_aiohttp(getattr(made, "_request", None))
        and _is_of_aiohttp(getattr(made, "__init__", None))
        and not session.trace_configs
        and (request.body is None or len(request.body) <= AT_ONCE)
        and "@" not in request.url
    )


def _is_of_aiohttp(method: object) -> bool:
    """Say whether a method of a session is aiohttp's own.

    A wrapper may pretend to be a function, be equal to it and show its code; only its type gives it away.
    """
    return type(method) is FunctionType and method.__code__.co_filename == _CLIENT


class DirectRequests:
    """Sends requests over the connections of one connector.

    Args:
        connector: Makes the connections, and keeps them for later requests.
        ssl_context: The settings of TLS; True for the usual ones.
        loop: The event loop of the connector.
    """

    def __init__(
        self,
        connector: aiohttp.BaseConnector,
        ssl_context: ssl.SSLContext | bool,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._connector = connector
        self._ssl = ssl_context
        self._loop = loop
        self._origins: dict[URL, aiohttp.ClientRequest] = {}

    async def send(self, request: Request, connecting: aiohttp.ClientTimeout, limit: int) -> Response:
        """Send a request once, and read its answer.

        Args:
            request: The request, whose body is written at once.
            connecting: aiohttp's limit for making a connection.
            limit: Bytes of the answer that are read at most.

        Raises:
            aiohttp.ClientError, OSError, ValueError: no complete answer to this request came.
        """
        url = _parsed(request.url)
        origin = self._origin(url)
        head = _head_of(request, url, origin.headers[hdrs.HOST])
        try:
            connection = await self._connector.connect(origin, [], connecting)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError from error
        try:
            answer = await _exchanged(connection, request, head, limit)
        except BaseException:
            connection.close()
            raise
        if answer.cut_off:
            connection.close()
        else:
            connection.release()
        return answer

    def _origin(self, url: URL) -> aiohttp.ClientRequest:
        """Return the request by which the connector knows a host; all requests to the host share it."""
        origin = url.origin()
        found = self._origins.get(origin)
        if found is None:
            found = aiohttp.ClientRequest("GET", origin, loop=self._loop, ssl=self._ssl)
            self._origins[origin] = found
        return found


def _parsed(url: str) -> URL:
    """Parse a URL.

    Raises:
        aiohttp.InvalidURL: it cannot be read, names no host, or is not of HTTP; the message does not show it.
    """
    try:
        parsed = URL(url)
        parsed.origin()
    except ValueError:
        raise aiohttp.InvalidUrlClientError("") from None
    if parsed.scheme not in _SCHEMES:
        raise aiohttp.InvalidUrlClientError("")
    return parsed


def _head_of(request: Request, url: URL, host: str) -> bytes:
    """Return the head of a request. Of headers whose names differ only in case, the last one counts.

    Raises:
        UnwritableError: it holds characters that HTTP cannot carry.
    """
    headers = {"host": f"Host: {host}", **_DEFAULTS}
    for name, value in request.headers.items():
        headers[name.lower()] = f"{name}: {value}"
    if request.body is not None or request.method not in aiohttp.ClientRequest.GET_METHODS:
        headers["content-length"] = f"Content-Length: {len(request.body or b'')}"
    lines = (f"{request.method} {url.raw_path_qs} HTTP/1.1", *headers.values(), "", "")
    try:
        head = "\r\n".join(lines).encode()
    except UnicodeEncodeError:
        raise UnwritableError from None
    ends = 2 * (len(lines) - 1)
    if len(head.translate(None, _CONTROLS)) != len(head) - ends:
        raise UnwritableError
    return head


async def _exchanged(connection: Connection, request: Request, head: bytes, limit: int) -> Response:
    """Send a request over a connection, and read the answer."""
    protocol = connection.protocol
    if protocol is None:
        raise UnclearError
    line = line_of(protocol)  # before the parser is made, which would swallow what nobody asked for
    protocol.set_response_params(skip_payload=request.method == _WITHOUT_CONTENTS, read_until_eof=True)
    exchange = line.begin_exchange()
    try:
        await line.let_out(request.not_after)
        exchange.sent = BEGUN
        line.write(head + (request.body or b""))  # no variable holds a second body while it waits
        exchange.sent = WHOLE
        message, reader = await protocol.read()
        while message.code in INTERIM:
            message, reader = await protocol.read()
        contents, cut_off = await read_contents(reader, message.headers, limit)
        exchange.check(message.code)
    except BaseException as error:
        line.give_up(exchange)
        if isinstance(error, http.HttpProcessingError):
            raise aiohttp.ClientPayloadError from error
        raise
    return Response(message.code, message.headers, contents, cut_off)
