"""Sends a request through a session of aiohttp, once, over a connection that is clear."""

from __future__ import annotations

import io
import ssl
from typing import TYPE_CHECKING

import aiohttp

from confirma_async.session.connection.answer_watch import BEGUN, NOTHING, WHOLE, Exchange
from confirma_async.session.connection.connection_line import (
    ConnectionLine,
    TooLateError,
    UnclearError,
    line_of,
)
from confirma_async.session.connection.contents import read_contents
from confirma_async.session.transport import Request, Response

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.connector import Connection


AT_ONCE = 1024 * 1024
"""Bytes of a body that is written at once. A longer one goes piece by piece, so as not to block the loop."""


async def sent_through(
    session: aiohttp.ClientSession,
    request: Request,
    ssl_context: ssl.SSLContext | bool,
    connecting: aiohttp.ClientTimeout,
    limit: int,
) -> Response:
    """Send a request once through a session, and read its answer.

    Args:
        session: The session of aiohttp to send through.
        request: The request; a body longer than ``AT_ONCE`` goes piece by piece.
        ssl_context: The settings of TLS; True for the usual ones.
        connecting: aiohttp's limit for making a connection.
        limit: Bytes of the answer that are read at most.

    Raises:
        aiohttp.ClientError, OSError, ValueError: no complete answer to this request came.
    """
    body = request.body
    pieces = None if body is None or len(body) <= AT_ONCE else io.BytesIO(body)
    passage = Passage(request.not_after, pieces)
    try:
        answer = await session.request(
            request.method,
            request.url,
            data=body if pieces is None else pieces,
            headers=request.headers,
            timeout=connecting,
            allow_redirects=False,
            raise_for_status=False,
            ssl=ssl_context,
            middlewares=passage.beside(session),
        )
        async with answer:
            contents, cut_off = await read_contents(answer.content, answer.headers, limit)
            if cut_off:
                answer.close()
        passage.check(answer.status)
    except BaseException:
        passage.give_up()
        raise
    return Response(answer.status, answer.headers, contents, cut_off)


class ConnectionLostError(aiohttp.ClientError):
    """Replaces the errors after which aiohttp would send a GET again by itself."""


class Passage:
    """Lets one request out once, over a clear connection, and watches over its answer.

    Only the pipeline decides what is sent again, because some GETs change something.

    Args:
        not_after: The loop time from which on the first byte must not leave.
        pieces: The body, where it is sent piece by piece; None where it goes out at once.
    """

    __slots__ = ("_exchange", "_fault", "_line", "_not_after", "_pieces", "_request")

    def __init__(self, not_after: float, pieces: io.BytesIO | None) -> None:
        self._not_after = not_after
        self._pieces = pieces
        self._fault: type[UnclearError] = UnclearError
        self._request: aiohttp.ClientRequest | None = None
        self._line: ConnectionLine | None = None
        self._exchange: Exchange | None = None

    def beside(self, session: aiohttp.ClientSession) -> tuple[aiohttp.ClientMiddlewareType, ...]:
        """Return the session's middlewares with this passage: those of a request replace the session's."""
        theirs: tuple[aiohttp.ClientMiddlewareType, ...] = getattr(session, "_middlewares", ())
        return (*theirs, self.through)

    async def through(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send the request. It is a middleware, so that it works in a session of the caller's, too."""
        self._request, self._line, self._exchange = request, None, None
        # Of this one request: nothing else is called where the connection is known and nothing written yet.
        request.send = self._send  # type: ignore[method-assign]
        request.write_bytes = self._write  # type: ignore[method-assign]
        try:
            answer = await handler(request)
        except aiohttp.ClientConnectorError:
            raise
        except aiohttp.ClientError as error:
            if self._nothing_sent():
                raise self._fault from error
            if isinstance(error, (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
                raise ConnectionLostError from error
            raise
        finally:
            del request.send, request.write_bytes  # they and the request would keep each other
        if self._nothing_sent():
            answer.close()
            raise self._fault
        return answer

    def check(self, status: int) -> None:
        """Check a complete answer; see ``Exchange.check``."""
        if self._exchange is not None:
            self._exchange.check(status)

    def give_up(self) -> None:
        """Drop the bytes of the request that were not sent; see ``ConnectionLine.give_up``."""
        if self._line is not None and self._exchange is not None:
            self._line.give_up(self._exchange)

    def _nothing_sent(self) -> bool:
        return self._exchange is not None and self._exchange.sent is NOTHING

    async def _let_out(self, line: ConnectionLine) -> None:
        try:
            await line.let_out(self._not_after)
        except TooLateError:
            self._fault = TooLateError
            raise

    async def _send(self, conn: Connection) -> aiohttp.ClientResponse:
        request, protocol = self._request, conn.protocol
        if request is None or protocol is None:
            raise UnclearError
        line = self._line = line_of(protocol)
        exchange = self._exchange = line.begin_exchange(self._pieces)
        if request.body:
            return await type(request).send(request, conn)  # it calls _write
        await self._let_out(line)
        answer = await type(request).send(request, conn)
        exchange.sent = WHOLE
        return answer

    async def _write(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        request, line, exchange, protocol = self._request, self._line, self._exchange, conn.protocol
        if request is None or line is None or exchange is None or protocol is None:
            return
        try:
            await self._let_out(line)
        except UnclearError as error:
            protocol.set_exception(error)
            conn.close()
            return
        exchange.sent = BEGUN
        line.begin_request()
        await type(request).write_bytes(request, writer, conn, content_length)
        line.end_request(writer.output_size)
        exchange.sent = WHOLE
