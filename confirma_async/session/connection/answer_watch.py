"""Watches which bytes on a connection belong to the answer to a request, and which to none.

On a connection that is used for one request after another, only the order of the answers says whose each is.
After one answer too many, every later request would get the answer of the one before it. So each byte that
arrives is checked here: had a request been sent when it came, and does the answer end exactly where the bytes
end?
"""

from __future__ import annotations

import enum
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

import aiohttp

if TYPE_CHECKING:
    from aiohttp.http_parser import HttpResponseParser, RawResponseMessage

    _Message: TypeAlias = tuple[RawResponseMessage, aiohttp.StreamReader]
    """The head of an answer, and what its contents are read from."""

_END_OF_HEAD = b"\r\n\r\n"
_FIRST = b"HTTP/"
INTERIM = frozenset({*range(100, 200)} - {101})
"""Statuses of interim answers, which come before the answer itself."""
_NO_BODY = frozenset({204, 304})

_FINAL = 200
"""The lowest status of an answer that is not an interim one."""

_REFUSED = 400
"""The lowest status that says that a request was not done."""


class NoAnswerError(aiohttp.ClientError):
    """The bytes that came are no answer to the request; the text says why."""


class RequestProgress(enum.Enum):
    """How much of a request was sent."""

    NOTHING = enum.auto()
    BEGUN = enum.auto()
    WHOLE = enum.auto()


NOTHING, BEGUN, WHOLE = RequestProgress  # names that are quickly found: they are looked at with every answer


class _Line(Protocol):
    """The connection below: see ``ConnectionLine``."""

    def has_undelivered(self) -> bool: ...
    def throws_away(self) -> bool: ...
    def answered(self) -> None: ...
    def retire(self) -> None: ...
    def drop(self) -> None: ...


class Exchange:
    """The state of a request and its answer.

    Args:
        pieces: The body, where it is sent piece by piece.

    Attributes:
        sent: How much of the request was sent; set by whoever sends it.
        early: Whether the answer began before the request was sent whole.
        ended: Whether the answer is complete. The connection may then be in use for another request.
        cut_off: Whether the connection was closed at the end of an early answer while the program still held
            some of the request, which then never arrives whole. What the system held by then may arrive.
    """

    __slots__ = ("_pieces", "cut_off", "early", "ended", "sent")

    def __init__(self, pieces: io.BytesIO | None) -> None:
        self._pieces = pieces
        self.sent: RequestProgress = NOTHING
        self.early: bool = False
        self.ended: bool = False
        self.cut_off: bool = False

    def has_pieces_left(self) -> bool:
        """Say whether some of the body was never handed to the connection."""
        pieces = self._pieces
        return pieces is not None and not pieces.closed and pieces.tell() < pieces.getbuffer().nbytes

    def check(self, status: int) -> None:
        """Check a complete answer.

        An early error status is believed where the rest of the request surely never arrives: a host may
        reject a body that is too large while it is still being sent.

        Args:
            status: The HTTP status of the answer.

        Raises:
            NoAnswerError: it is no answer to this request.
        """
        if status < _FINAL:
            raise NoAnswerError(f"the host answered HTTP {status}, which is no answer to what was asked")
        if self.early and not (self.cut_off and status >= _REFUSED):
            raise NoAnswerError(
                "an answer began before the request was sent: it answers something else, and is not believed"
            )


class AnswerWatch:
    """Takes the place of the parser of each answer on a connection, and watches on until the next request.

    It has the part of aiohttp's parser that its connections use.

    Args:
        line: The connection to watch.
    """

    __slots__ = (
        "_exchange",
        "_head",
        "_interim",
        "_last",
        "_line",
        "_message",
        "_parser",
        "_payload",
        "_total",
    )

    def __init__(self, line: _Line) -> None:
        self._line = line

    def begin(self, exchange: Exchange, parser: HttpResponseParser) -> None:
        """Begin to watch over the answer to the next request.

        Args:
            exchange: The request and its answer.
            parser: Parses the answer.
        """
        self._exchange = exchange
        self._parser = parser
        self._interim = False
        self._head: int | None = None
        self._total = 0
        self._last = b""
        self._message: RawResponseMessage | None = None
        self._payload: aiohttp.StreamReader | None = None

    def feed_data(self, data: bytes) -> tuple[Sequence[_Message], bool, bytes]:
        """Parse some bytes of the answer; close the connection if they belong to none.

        Raises:
            ValueError: the first bytes are not the beginning of an answer.
        """
        if data:
            if self._exchange.ended or self._exchange.sent is NOTHING:
                self._line.drop()
                return (), False, b""
            if not self._total:
                self._see_first(data)
            self._total += len(data)
            self._last = data
        result = self._parser.feed_data(data)
        if result[0] and self._message is None:
            self._take(result[0])
        if self._payload is not None and self._payload.is_eof():
            self._end()
        return result

    def is_idle(self) -> bool:
        """Say whether no request is under way: the last answer is complete."""
        return self._exchange.ended

    def feed_eof(self) -> object:
        """Read the end of the connection."""
        return self._parser.feed_eof()

    def pause_reading(self) -> None:
        """Hold back what was not read yet."""
        self._parser.pause_reading()

    def _see_first(self, data: bytes) -> None:
        if not (self._interim or data.startswith(_FIRST) or _FIRST.startswith(data)):
            raise ValueError("an answer that does not begin as one")
        exchange = self._exchange
        exchange.early = exchange.early or exchange.sent is not WHOLE or self._line.has_undelivered()
        end = data.find(_END_OF_HEAD)
        self._head = None if end < 0 else end + len(_END_OF_HEAD)

    def _take(self, messages: Sequence[_Message]) -> None:
        """Take note of the head of the answer, which is the first one that is not interim."""
        for message, payload in messages:
            if message.code not in INTERIM:
                self._message, self._payload = message, payload
                return
            self._interim = True
        # Where the answer itself begins is not looked for; instead, the connection is not kept.
        self._line.retire()
        self._total = 0
        self._exchange.early = self._exchange.early and not self._last.endswith(_END_OF_HEAD)

    def _end(self) -> None:
        exchange = self._exchange
        if exchange.early:
            exchange.cut_off = exchange.has_pieces_left() or self._line.throws_away()
            self._line.drop()
        else:
            self._line.answered()
            if not self._ends_exactly():
                self._line.retire()
        exchange.ended = True
        self._payload = None
        self._last = b""

    def _ends_exactly(self) -> bool:
        """Say whether the last byte that came is surely the last byte of the answer.

        A chunked answer may have ended earlier. Bytes after it that end in the same way then hold a whole
        head, and aiohttp's connection notices a second head by itself.
        """
        message = self._message
        if message is None or self._head is None or self._interim:
            return False
        if message.chunked:
            return self._last.endswith(_END_OF_HEAD)
        length = 0 if message.code in _NO_BODY else int(message.headers.get("Content-Length", 0))
        return self._total == self._head + length
