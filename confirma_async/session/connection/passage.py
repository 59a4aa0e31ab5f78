"""One request over one connection that is clear, and the answer that belongs to it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import math
import ssl
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import aiohttp

from confirma_async.session.connection.answer_watch import BEGUN, NOTHING, WHOLE, AnswerWatch, Exchange
from confirma_async.session.connection.delivery_limit import GONE, SystemDelivery

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import Connection

_FINAL = 200
"""Statuses from here on are answers."""

_REFUSED = 400
"""Statuses from here on say that a request was not done."""

_RECORD = 16_384
"""Bytes of a request that a record of TLS holds at most."""

_RECORD_MORE: Mapping[str, int] = {"CCM_8": 14, "CCM8": 21, "TLS_": 22, "GCM": 29, "CCM": 29, "": 21}
"""Bytes that a record takes beside what it holds, at least: by the first of these in its cipher's name."""

_TURNS = 5
"""Turns of the loop in which a connection over TLS must have read what is no answer."""


class ConnectionLostError(aiohttp.ClientError):
    """Stands for the errors after which aiohttp would send a GET once more by itself."""


class UnclearError(aiohttp.ClientError):
    """The connection held bytes that nobody asked for, or its end, before the request was sent."""


class TooLateError(UnclearError):
    """The deadline passed before the first byte was written: the process stood still."""


class NoAnswerError(aiohttp.ClientError):
    """What came is no answer to the request; the text says why."""


class _ConnectionLine(SystemDelivery):
    """A connection, as the watch over its answers sees it; it keeps this for its life.

    Args:
        protocol: aiohttp's side of it.

    Attributes:
        watch: The watch.
    """

    __slots__ = (
        "_before",
        "_close",
        "_is_hidden",
        "_is_tls",
        "_protocol",
        "_record_more",
        "_request_ends",
        "_transport",
        "watch",
    )

    def __init__(self, protocol: ResponseHandler) -> None:
        transport = protocol.transport
        self._transport = transport  # aiohttp's side forgets it as it closes, and what waits is still sent
        self._close = protocol.close
        protocol.close = self._close_as_usual  # type: ignore[method-assign]  # of this one connection
        super().__init__(None if transport is None else transport.get_extra_info("socket"))
        self._protocol = protocol
        tls = None if transport is None else transport.get_extra_info("ssl_object")
        self._is_tls = tls is not None
        self._is_hidden = self._is_tls and _below_tls(transport) is transport
        self._record_more = 0 if tls is None else _record_more(tls)
        self._before: int | None = None
        self._request_ends = 0
        self.watch: AnswerWatch = AnswerWatch(self)

    def begin_request(self) -> None:
        """Note that a request is being written from now on."""
        if self._is_hidden:
            self._before, self._request_ends = self.handed_over(), 0

    def end_request(self, size: int) -> None:
        """Note that a request of ``size`` bytes was written to the event loop."""
        if self._before is not None:
            self._request_ends = self._before + size + self._record_more * math.ceil(size / _RECORD)

    def has_undelivered(self) -> bool:
        return self._program_holds_some() or self.has_unconfirmed()

    def throws_away(self) -> bool:
        # asyncio's selector empties its buffer as it aborts; other loops may still hand it to the system.
        transport = self._protocol.transport
        return (
            isinstance(transport, asyncio.Transport)
            and sys.platform != "win32"
            and self._program_holds_some()
        )

    def _program_holds_some(self) -> bool:
        transport = self._protocol.transport
        if transport is None:
            return False
        if transport.get_write_buffer_size() > 0:
            return True
        if not self._is_tls:
            return False
        if not self._is_hidden:  # what is encrypted already waits below
            below = _below_tls(transport)
            return below is not None and below.get_write_buffer_size() > 0
        handed_over = self.handed_over() if self._request_ends else None
        return handed_over is not None and handed_over < self._request_ends

    def is_clear(self) -> bool:
        """Say whether it is open and has nothing to read, right before a request is written to it."""
        transport = self._protocol.transport
        return transport is not None and not transport.is_closing() and not self.is_readable()

    async def clear(self) -> None:
        """Let a connection over TLS read what may be no answer: TLS has messages of its own.

        Raises:
            UnclearError: it is closed, or has something to read all the same.
        """
        for _ in range(_TURNS):
            transport = self._protocol.transport
            if transport is None or transport.get_extra_info("ssl_object") is None:
                break
            await asyncio.sleep(0)  # the loop tells such a message from an answer, which the watch drops
            if self.is_clear():
                return
        raise UnclearError

    def answered(self) -> None:
        if self._protocol.transport is None:  # it was closed as the answer ended
            self.end_limit()

    def _close_as_usual(self) -> None:
        """Close the connection; let the host see a usual end where no request is under way."""
        if self.watch.is_idle():
            self.end_limit()
        self._close()

    def retire(self) -> None:
        self._protocol.force_close()

    def drop(self) -> None:
        self._protocol.force_close()
        _abort(self._transport)


def _abort(transport: asyncio.WriteTransport | None) -> None:
    """Close a connection at once; throw away what waits to be sent."""
    if transport is not None:
        with contextlib.suppress(AttributeError):  # asyncio's of a connection that has ended since
            transport.abort()


def _below_tls(transport: asyncio.WriteTransport | None) -> asyncio.WriteTransport | None:
    """Return the transport of the socket, below asyncio's of TLS; other loops do not show theirs."""
    while (protocol := getattr(transport, "_ssl_protocol", None)) is not None:
        transport = getattr(protocol, "_transport", None)
    return transport


_NAME = "confirma_line"


def _line_of(protocol: ResponseHandler) -> _ConnectionLine:
    found: _ConnectionLine | None = getattr(protocol, _NAME, None)
    if found is None:
        found = _ConnectionLine(protocol)
        setattr(protocol, _NAME, found)
    return found


def _record_more(tls: ssl.SSLObject) -> int:
    """Return how many bytes longer a record of a connection is than what it holds, at least."""
    cipher = (tls.cipher() or ("",))[0]
    return next(more for part, more in _RECORD_MORE.items() if part in cipher)


class Passage:
    """The way of one request over a connection that is clear, and of the answer that belongs to it.

    The pipeline alone decides what is sent again, so a request is let out once: some GETs change something.

    Args:
        not_after: The time of the loop from which on the first byte must not leave.
        pieces: The body, where it is sent piece by piece; None where it goes out at once.
    """

    __slots__ = ("_exchange", "_fault", "_not_after", "_pieces", "_request", "_transport")

    def __init__(self, not_after: float, pieces: io.BytesIO | None) -> None:
        self._not_after = not_after
        self._pieces = pieces
        self._fault: type[UnclearError] = UnclearError
        self._request: aiohttp.ClientRequest | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._exchange: Exchange | None = None

    def beside(self, session: aiohttp.ClientSession) -> tuple[aiohttp.ClientMiddlewareType, ...]:
        """Return the passage beside the middlewares of the session, which those of a request replace."""
        theirs: tuple[aiohttp.ClientMiddlewareType, ...] = getattr(session, "_middlewares", ())
        return (*theirs, self.through)

    async def through(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send the request; a middleware, so that it holds in a borrowed session too."""
        self._request, self._exchange = request, None
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
        """Check a complete answer.

        An early refusal is believed where the rest of the request surely never arrives: a host may refuse a
        body that is too large while it is still being sent.

        Raises:
            NoAnswerError: it is no answer to this request.
        """
        if status < _FINAL:
            raise NoAnswerError(
                f"the host switched to another protocol (HTTP {status}), which nobody asked for"
            )
        exchange = self._exchange
        if exchange is not None and exchange.early and not (exchange.cut_off and status >= _REFUSED):
            raise NoAnswerError(
                "an answer began before the request was sent: it answers something else, and is not believed"
            )

    def give_up(self) -> None:
        """Deliver no more bytes of the request from now on: its call has ended.

        aiohttp closes a connection without haste: what waits is still sent. Where the answer is complete,
        so is the request, and the connection may be another one's by now.
        """
        if self._exchange is not None and not self._exchange.ended:
            _abort(self._transport)

    def _nothing_sent(self) -> bool:
        return self._exchange is not None and self._exchange.sent is NOTHING

    def _limit(self, line: _ConnectionLine) -> None:
        """Check, right before the first byte is written, that it may leave; limit for how long.

        Raises:
            TooLateError: the deadline has passed.
            UnclearError: the connection is gone.
        """
        left = self._not_after - asyncio.get_running_loop().time()
        if left <= 0:
            self._fault = TooLateError
            raise TooLateError
        try:
            line.limit(left)
        except GONE as error:
            raise UnclearError from error

    async def _send(self, conn: Connection) -> aiohttp.ClientResponse:
        request, protocol = self._request, conn.protocol
        if request is None or protocol is None or protocol.should_close:
            raise UnclearError
        # aiohttp shows every byte of a connection to its parser, and to nothing else.
        held: Any = protocol  # of which its types know only what is public
        exchange, line = Exchange(self._pieces), _line_of(protocol)
        self._exchange = exchange
        line.watch.begin(exchange, held._parser)  # noqa: SLF001
        held._parser = line.watch  # noqa: SLF001
        self._transport = protocol.transport  # aiohttp's connection forgets it as it closes
        if request.body:
            return await type(request).send(request, conn)  # it calls _write
        if not line.is_clear():
            await line.clear()
        self._limit(line)
        answer = await type(request).send(request, conn)
        exchange.sent = WHOLE
        return answer

    async def _write(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        request, exchange, protocol = self._request, self._exchange, conn.protocol
        if request is None or exchange is None or protocol is None:
            return
        line = _line_of(protocol)
        try:
            if not line.is_clear():
                await line.clear()
            self._limit(line)
        except UnclearError as error:
            protocol.set_exception(error)
            conn.close()
            return
        exchange.sent = BEGUN
        line.begin_request()
        await type(request).write_bytes(request, writer, conn, content_length)
        line.end_request(writer.output_size)
        exchange.sent = WHOLE
