"""A watched connection of aiohttp: clear before each request, and closed with a call that is given up."""

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

from confirma_async.session.connection.answer_watch import AnswerWatch, Exchange
from confirma_async.session.connection.delivery_limit import GONE, SystemDelivery

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

_RECORD = 16_384
"""Bytes of a request that a record of TLS holds, at most."""

_RECORD_MORE: Mapping[str, int] = {"CCM_8": 14, "CCM8": 21, "TLS_": 22, "GCM": 29, "CCM": 29, "": 21}
"""Bytes of a TLS record beside its contents, at least; the first key that is in the name of the cipher
counts."""

_TURNS = 5
"""Turns of the event loop within which a connection must have read messages of TLS that are no answer."""


class UnclearError(aiohttp.ClientError):
    """Before the request was sent, the connection had ended, or held bytes that belong to no answer."""


class UnwritableError(aiohttp.ClientError):
    """The head of the request holds characters that HTTP cannot carry."""


class TooLateError(UnclearError):
    """The deadline passed before the first byte was written, because the process stood still."""


class ConnectionLine(SystemDelivery):
    """The line of a connection, one for its whole life: sends over it, and closes it.

    Args:
        protocol: aiohttp's protocol of the connection.

    Attributes:
        watch: The watch over its answers.
    """

    __slots__ = (
        "_before",
        "_close",
        "_is_hidden",
        "_is_new",
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
        self._is_tls = self._is_new = tls is not None
        self._is_hidden = self._is_tls and _below_tls(transport) is transport
        self._record_more = 0 if tls is None else _record_more(tls)
        self._before: int | None = None
        self._request_ends = 0
        self.watch: AnswerWatch = AnswerWatch(self)

    def begin_exchange(self, pieces: io.BytesIO | None = None) -> Exchange:
        """Begin to watch over the answer to the next request. Call this right after aiohttp made its parser.

        Args:
            pieces: The body, where it is sent piece by piece; None where it goes out at once.
        """
        # aiohttp shows every byte of a connection to its parser, and to nothing else.
        held: Any = self._protocol  # of which its types know only what is public
        exchange = Exchange(pieces)
        self.watch.begin(exchange, held._parser)  # noqa: SLF001 (aiohttp has no other way to see its bytes)
        held._parser = self.watch  # noqa: SLF001 (likewise)
        return exchange

    async def let_out(self, not_after: float) -> None:
        """Check right before its first byte that a request may leave; limit how long it is delivered.

        Args:
            not_after: The loop time from which on the first byte must not leave.

        Raises:
            TooLateError: that time has passed.
            UnclearError: the connection has ended, or holds bytes that belong to no answer.
        """
        if self._is_new:  # over TLS a host may have spoken first, and the loop has not read it yet
            self._is_new = False
            await asyncio.sleep(0)
        if not self.is_clear():
            await self.clear()
        left = not_after - asyncio.get_running_loop().time()
        if left <= 0:
            raise TooLateError
        try:
            self.limit(left)
        except GONE as error:
            raise UnclearError from error

    def begin_request(self) -> None:
        """Take note that a request is being written from now on."""
        if self._is_hidden:
            self._before, self._request_ends = self.handed_over(), 0

    def end_request(self, size: int) -> None:
        """Take note that a request of ``size`` bytes was handed to the event loop."""
        if self._before is not None:
            self._request_ends = self._before + size + self._record_more * math.ceil(size / _RECORD)

    def write(self, request: bytes) -> None:
        """Write a whole request.

        Raises:
            UnclearError: the connection has ended; nothing was written.
        """
        transport = self._protocol.transport
        if transport is None:
            raise UnclearError
        self.begin_request()
        transport.write(request)
        self.end_request(len(request))

    def has_undelivered(self) -> bool:
        """Say whether there are bytes of the request that the host has not confirmed."""
        return self._program_holds_some() or self.has_unconfirmed()

    def throws_away(self) -> bool:
        """Say whether the program itself holds bytes of the request: those never leave once dropped."""
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
        """Say whether the connection is open and holds nothing to read."""
        transport = self._protocol.transport
        return transport is not None and not transport.is_closing() and not self.is_readable()

    async def clear(self) -> None:
        """Let a connection over TLS read messages of TLS itself, such as new session tickets.

        Raises:
            UnclearError: it is closed, or still holds something to read.
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
        """Let the connection end as usual where it was closed with the end of the answer."""
        if self._protocol.transport is None:  # it was closed as the answer ended
            self.end_limit()

    def _close_as_usual(self) -> None:
        """Close the connection; if no request is under way, in the usual way for the host."""
        if self.watch.is_idle():
            self.end_limit()
        self._close()

    def retire(self) -> None:
        """Close the connection once it is given back."""
        self._protocol.force_close()

    def drop(self) -> None:
        """Close the connection at once; what was not sent by now never is."""
        self._protocol.force_close()
        if self._transport is not None:
            with contextlib.suppress(AttributeError):  # asyncio's of a connection that has ended since
                self._transport.abort()

    def give_up(self, exchange: Exchange) -> None:
        """Drop the bytes of a request that were not sent, because its call has ended.

        aiohttp would still send what waits before it closes a connection. If the answer is complete, so is
        the request, and the connection may be in use for another one by now.
        """
        if not exchange.ended:
            self.drop()


def _below_tls(transport: asyncio.WriteTransport | None) -> asyncio.WriteTransport | None:
    """Return the transport of the socket, below that of TLS, in asyncio's loop; others do not show theirs."""
    while (protocol := getattr(transport, "_ssl_protocol", None)) is not None:
        transport = getattr(protocol, "_transport", None)
    return transport


def _record_more(tls: ssl.SSLObject) -> int:
    """Return the bytes of a TLS record beside its contents, at least, for the cipher of a connection."""
    cipher = (tls.cipher() or ("",))[0]
    return next(more for part, more in _RECORD_MORE.items() if part in cipher)


_NAME = "confirma_line"


def line_of(protocol: ResponseHandler) -> ConnectionLine:
    """Return the line of a connection: the same one for its whole life.

    Raises:
        UnclearError: the connection has ended.
    """
    if protocol.should_close:
        raise UnclearError
    found: ConnectionLine | None = getattr(protocol, _NAME, None)
    if found is None:
        found = ConnectionLine(protocol)
        setattr(protocol, _NAME, found)
    return found
