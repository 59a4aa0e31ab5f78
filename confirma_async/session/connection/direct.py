"""A request straight over a connection of aiohttp's, without the session around it.

A session does for each request what the SDK asks for none: it follows redirects, keeps cookies, finds
proxies, calls tracers, and writes from a task of its own. That is half of what a small request costs.
"""

from __future__ import annotations

import asyncio
import ssl
from operator import attrgetter
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import hdrs, http
from yarl import URL

from confirma_async.session.connection.answer_watch import BEGUN, INTERIM, WHOLE
from confirma_async.session.connection.connection_line import UnclearError, line_of
from confirma_async.session.connection.contents import read_contents
from confirma_async.session.connection.passage import AT_ONCE
from confirma_async.session.transport import Request, Response

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage

_HEAD = "HEAD"

_LINE_ENDS = ("\r", "\n")

_request_of = attrgetter("_request")
_REQUEST = _request_of(aiohttp.ClientSession)
"""The method of a session that tools replace."""


def goes_direct(session: aiohttp.ClientSession, request: Request) -> bool:
    """Say whether a request needs nothing of the session that was made for it.

    Tools that answer in place of a host, or measure, put a method of theirs in the place of the session's, or
    add a tracer to each session that is made: they see all requests. A long body goes piece by piece, and
    credentials in a URL make a header: both are left to the session.
    """
    return (
        _request_of(type(session)) is _REQUEST
        and not session.trace_configs
        and (request.body is None or len(request.body) <= AT_ONCE)
        and "@" not in request.url
    )


class DirectRequests:
    """Sends requests over the connections of one connector.

    Args:
        connector: Makes the connections, and keeps them for later requests.
        ssl_context: The settings of TLS; True for the usual ones.
        loop: The loop of the connector.
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
            request: The request. Its body goes out at once.
            connecting: How long making a connection may take.
            limit: Bytes of the answer that are read at most.

        Raises:
            aiohttp.ClientError, OSError: no complete answer to this request came: as through a session.
        """
        url = _parsed(request.url)
        origin = self._origin(url)
        data = _head(request, url, origin.headers[hdrs.HOST])
        if request.body:
            data += request.body
        try:
            connection = await self._connector.connect(origin, [], connecting)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError from error
        try:
            answer = await _exchanged(connection, request, data, limit)
        except BaseException:
            connection.close()
            raise
        if answer.cut_off:
            connection.close()
        else:
            connection.release()
        return answer

    def _origin(self, url: URL) -> aiohttp.ClientRequest:
        """Return a request that stands for all to the same host: it says what the connector wants to know."""
        origin = url.origin()
        found = self._origins.get(origin)
        if found is None:
            found = aiohttp.ClientRequest("GET", origin, loop=self._loop, ssl=self._ssl)
            self._origins[origin] = found
        return found


def _parsed(url: str) -> URL:
    """Return a URL.

    Raises:
        aiohttp.InvalidURL: it cannot be read, or names no host; the message does not show it.
    """
    try:
        parsed = URL(url)
        parsed.origin()
    except ValueError:
        raise aiohttp.InvalidUrlClientError("") from None
    return parsed


def _head(request: Request, url: URL, host: str) -> bytes:
    """Return the head of a request.

    Raises:
        ValueError: a header has a line break.
    """
    lines = [f"{request.method} {url.raw_path_qs} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if _ACCEPT_ENCODING not in map(str.lower, request.headers):
        lines.append(_DECODED)
    if request.body is not None or request.method not in aiohttp.ClientRequest.GET_METHODS:
        lines.append(f"Content-Length: {len(request.body or b'')}")
    lines += ("", "")
    head = "\r\n".join(lines)
    if any(head.count(end) >= len(lines) for end in _LINE_ENDS):
        raise ValueError("a header has a line break")
    return head.encode()


_ACCEPT_ENCODING = hdrs.ACCEPT_ENCODING.lower()
_DECODED = f"{hdrs.ACCEPT_ENCODING}: {aiohttp.ClientRequest.DEFAULT_HEADERS[hdrs.ACCEPT_ENCODING]}"
"""What aiohttp's parser decodes."""


async def _exchanged(connection: Connection, request: Request, data: bytes, limit: int) -> Response:
    """Send the bytes of a request over a connection, and read the answer."""
    protocol = connection.protocol
    if protocol is None:
        raise UnclearError
    protocol.set_response_params(skip_payload=request.method == _HEAD, read_until_eof=True)
    line = line_of(protocol)
    exchange = line.begin_exchange()
    try:
        await line.let_out(request.not_after)
        exchange.sent = BEGUN
        line.write(data)
        exchange.sent = WHOLE
        message, reader = await _answer(protocol)
        contents, cut_off = await read_contents(reader, message.headers, limit)
        exchange.check(message.code)
    except BaseException:
        line.give_up(exchange)
        raise
    return Response(message.code, message.headers, contents, cut_off)


async def _answer(protocol: ResponseHandler) -> tuple[RawResponseMessage, aiohttp.StreamReader]:
    """Return the head of the answer, and what its contents are read from; pass over what comes before it."""
    try:
        while True:
            message, reader = await protocol.read()
            if message.code not in INTERIM:
                return message, reader
    except http.HttpProcessingError as error:
        raise aiohttp.ClientPayloadError from error
