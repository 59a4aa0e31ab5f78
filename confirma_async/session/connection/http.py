"""The transport over aiohttp: the only module of the core that imports it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import os
import select
import socket
import ssl
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from confirma_async import bounds
from confirma_async.errors import ConfigurationError, Phase, TransportError
from confirma_async.session.connection.answer_watch import BEGUN, NOTHING, WHOLE, AnswerWatch, Parser
from confirma_async.session.connection.certificates import fault_of
from confirma_async.session.transport import ANSWER_LIMIT, Request, Response
from confirma_async.session.waiting.deadlines import Timeouts

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import Connection

CONNECT_TIMEOUT = 10.0
"""Seconds for DNS, TCP and TLS together; within the call's own deadline."""

CLOSE_TIMEOUT = 1.0
"""Seconds that closing waits for connections to end properly."""

_LARGE = 1024 * 1024

_FINAL = 200
"""Statuses from here on are answers."""

_REFUSED = 400
"""Statuses from here on say that a request was not done."""

_TURNS = 5
"""Turns of the loop in which a connection over TLS must have read what is no answer."""


class _ConnectionLostError(aiohttp.ClientError):
    """Stands for the errors after which aiohttp would send a GET once more by itself."""


class _UnclearError(aiohttp.ClientError):
    """The connection held bytes that nobody asked for, or its end, before the request was sent."""


class _NoAnswerError(aiohttp.ClientError):
    """What came is no answer to the request; the text says why."""


_BEFORE_SENDING = (
    aiohttp.ClientConnectorError,  # refused, DNS, TLS handshake, certificate, proxy
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
    _UnclearError,
)

_LASTING = (
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
)
"""Those of them that no later attempt gets over."""


class AiohttpTransport:
    """Sends requests over a session that is borrowed, or made in the running loop at the first request.

    Args:
        session: A session of the caller's: never closed and never changed here.
        ssl_context: TLS settings of the caller's own (a private CA, a client certificate).
        connections: How many connections the session made here may hold open.
        answer_limit: Bytes of an answer that are read at most, where its request names no limit.
    """

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession | None = None,
        ssl_context: ssl.SSLContext | None = None,
        connections: int = 100,
        answer_limit: int = ANSWER_LIMIT,
    ) -> None:
        bounds.ANSWER_LIMIT.check("answer_limit", answer_limit)
        self._borrowed = session
        self._own: aiohttp.ClientSession | None = None
        self._outside: aiohttp.ClientSession | None = None
        self._ssl: ssl.SSLContext | bool = ssl_context or True
        self._connections = connections
        self._answer_limit = answer_limit
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._timeouts = Timeouts()

    async def send(self, request: Request) -> Response:
        """Sends a request once; see ``Transport.send``."""
        session = self._session()
        if session.closed:
            raise TransportError("the borrowed session is closed; nothing was sent", phase=Phase.NOT_SENT)
        try:
            if request.public_only:
                session = self._public(session, request.url)
            loop = asyncio.get_running_loop()
            with self._timeouts.until(loop.time() + request.timeout, loop):
                return await self._answer(session, request)
        except _NotPublicError:
            told = _not_public(urlsplit(request.url).hostname)
        except _BEFORE_SENDING as error:
            if isinstance(getattr(error, "os_error", None), _NotPublicError):
                told = _not_public(urlsplit(request.url).hostname)
            else:
                lasting = isinstance(error, _LASTING)
                told = TransportError(_not_sent(error), phase=Phase.NOT_SENT, lasting=lasting)
        except _NoAnswerError as error:
            told = TransportError(str(error), phase=Phase.NO_REPLY)
        except TimeoutError:
            told = TransportError(f"no answer within {request.timeout:.1f} s", phase=Phase.NO_REPLY)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: an answer that is no HTTP, e.g. a header that cannot be decoded.
            fault = type(error.__cause__ or error).__name__
            told = TransportError(
                f"the connection broke before the answer was complete ({fault})",
                phase=Phase.NO_REPLY,
                broken=True,
            )
        except BaseException as error:  # noqa: BLE001 (a cancellation, say: it is raised again)
            raise _bare(error)  # noqa: B904 (it is the same error)
        # Here, where no error of aiohttp's hangs on it: those hold the request, and the request the key.
        raise told

    async def _answer(self, session: aiohttp.ClientSession, request: Request) -> Response:
        passage = _Passage()
        # Not "async with": read() gives the connection back, or closes it where it fails, and costs less.
        answer = await session.request(
            request.method,
            request.url,
            data=_body(request.body),
            headers=request.headers,
            timeout=_connecting(max(1, round(request.timeout * 100))),
            allow_redirects=False,
            raise_for_status=False,
            ssl=self._ssl,
            middlewares=_through(session, passage),
        )
        limit = self._answer_limit if request.limit is None else request.limit
        body, cut_off = await _read(answer, limit)
        passage.check(answer.status)
        return Response(answer.status, answer.headers, body, cut_off)

    async def close(self) -> None:
        """Closes the session made here, if there is one; a borrowed session stays open.

        Raises:
            ConfigurationError: another event loop is using it.
        """
        loop = self._loop
        if loop is not None and loop is not asyncio.get_running_loop() and not loop.is_closed():
            raise ConfigurationError("another event loop is using this client; close it there")
        self._closed = True
        self._timeouts.stop()
        opened = [session for session in (self._own, self._outside) if session is not None]
        self._own = self._outside = None
        for session in opened:
            with contextlib.suppress(TimeoutError):  # a host that reads nothing must not hold it up
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await session.close()

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._closed:
            raise ConfigurationError("this client is closed; make a new one, or close it later")
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise ConfigurationError(
                "this client was first used in another event loop; make one client per loop, "
                "inside the loop that uses it (e.g. within the function given to asyncio.run)"
            )
        if self._borrowed is not None:
            return self._borrowed
        if self._own is None:
            self._own = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._own

    def _public(self, session: aiohttp.ClientSession, url: str) -> aiohttp.ClientSession:
        """The session for what must be of the public internet: it looks at each address as it connects.

        The name of a host may stand for another address each time that it is asked for. Where a proxy
        connects, or a connector of the caller's own kind, that is whom the caller trusts with it.

        Raises:
            _NotPublicError: the host is not, by its name alone.
        """
        from confirma_async.validation.internet import is_private_host  # with the schemas, late

        host = urlsplit(url).hostname or ""
        if is_private_host(host):
            raise _NotPublicError(errno.EACCES, host)
        connector = session.connector
        if type(connector) is not aiohttp.TCPConnector or _is_proxied(session, url):
            return session
        if self._outside is None:
            self._outside = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections,
                    ssl=getattr(connector, "_ssl", True),
                    resolver=getattr(connector, "_resolver", None),
                    socket_factory=_public_socket,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._outside

    def __del__(self) -> None:
        opened = (getattr(self, "_own", None), getattr(self, "_outside", None))
        if any(session is not None and not session.closed for session in opened):
            warnings.warn(
                "a Confirma client was dropped without being closed; "
                "use 'async with Confirma(...)' or await aclose()",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )


class _NotPublicError(OSError):
    """A connection that is not made: it would lead to this machine, or into a private network."""


def _public_socket(address: tuple[Any, ...]) -> socket.socket:
    """A socket for an address (as ``getaddrinfo`` gives it) that is of the public internet."""
    from confirma_async.validation.internet import is_private_address

    family, kind, protocol, _, place = address
    if is_private_address(str(place[0])):
        raise _NotPublicError(errno.EACCES, "not of the public internet")
    return socket.socket(family, kind, protocol)


def _not_public(host: str | None) -> TransportError:
    place = f"{host} is on this machine or in a private network"
    message = f"{place}, which only attach_private allows; nothing was sent"
    return TransportError(message, phase=Phase.NOT_SENT, lasting=True)


def _is_proxied(session: aiohttp.ClientSession, url: str) -> bool:
    """Whether the session has a proxy for a URL: its own, or one of the environment that it heeds."""
    if getattr(session, "_default_proxy", None) is not None:
        return True
    parts = urlsplit(url)
    return session.trust_env and parts.scheme in getproxies() and not proxy_bypass(parts.hostname or "")


def _body(body: bytes | None) -> bytes | io.BytesIO | None:
    """The body as aiohttp wants it: a large one piece by piece, so that it does not hold up the loop."""
    return body if body is None or len(body) <= _LARGE else io.BytesIO(body)


async def _read(answer: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    """The body, and whether it was cut off; a body that says that it is too long is not read at all."""
    declared = answer.content_length
    if declared is not None and declared > limit:
        answer.close()
        return b"", True
    if declared is not None and "Content-Encoding" not in answer.headers:
        return await answer.read(), False
    body = bytearray()
    async with answer:
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > limit:
                answer.close()
                return bytes(body[:limit]), True
    return bytes(body), False


class _Line:
    """A connection, as the watch over its answer sees it."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: ResponseHandler) -> None:
        self._protocol = protocol

    def unsent(self) -> int:
        transport = self._protocol.transport
        return 0 if transport is None else transport.get_write_buffer_size()

    def retire(self) -> None:
        self._protocol.force_close()

    def drop(self) -> None:
        self._protocol.force_close()
        if self._protocol.transport is not None:
            self._protocol.transport.abort()


class _Passage:
    """The way of one request over a connection that is clear, and of the answer that belongs to it.

    The pipeline alone decides what is sent again, so a request is let out once: some GETs change something.
    """

    __slots__ = ("_request", "_watch")

    def __init__(self) -> None:
        self._request: aiohttp.ClientRequest | None = None
        self._watch: AnswerWatch | None = None

    async def through(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Sends the request; a middleware, so that it holds in a borrowed session too."""
        self._request, self._watch = request, None
        # Of this one request: nothing else is called where the connection is known and nothing written yet.
        request.send = self._send  # type: ignore[method-assign]
        request.write_bytes = self._write  # type: ignore[method-assign]
        try:
            answer = await handler(request)
        except aiohttp.ClientConnectorError:
            raise
        except aiohttp.ClientError as error:
            if self._nothing_sent():
                raise _UnclearError from error
            if isinstance(error, (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
                raise _ConnectionLostError from error
            raise
        finally:
            del request.send, request.write_bytes  # they and the request would keep each other
        if self._nothing_sent():
            answer.close()
            raise _UnclearError
        return answer

    def check(self, status: int) -> None:
        """Looks at an answer that is complete.

        An early refusal is believed where the rest of the request surely never arrives: a host may refuse a
        body that is too large while it is still being sent.

        Raises:
            _NoAnswerError: it answers something else, or nothing.
        """
        if status < _FINAL:
            raise _NoAnswerError(
                f"the host switched to another protocol (HTTP {status}), which nobody asked for"
            )
        watch = self._watch
        if watch is not None and watch.early and not (watch.cut_off and status >= _REFUSED):
            raise _NoAnswerError(
                "an answer began before the request was sent: it answers something else, and is not believed"
            )

    def _nothing_sent(self) -> bool:
        return self._watch is not None and self._watch.sent is NOTHING

    async def _send(self, conn: Connection) -> aiohttp.ClientResponse:
        request, protocol = self._request, conn.protocol
        if request is None or protocol is None or protocol.should_close:
            raise _UnclearError
        # aiohttp shows every byte of a connection to its parser, and to nothing else.
        parser = cast("Parser", protocol._parser)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        watch = self._watch = AnswerWatch(parser, _Line(protocol))
        protocol._parser = cast("Any", watch)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        if request.body:
            return await type(request).send(request, conn)  # it calls _write
        if not _is_clear(protocol):
            await _clear(protocol)
        answer = await type(request).send(request, conn)
        watch.sent = WHOLE
        return answer

    async def _write(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        request, watch, protocol = self._request, self._watch, conn.protocol
        if request is None or watch is None or protocol is None:
            return
        try:
            if not _is_clear(protocol):
                await _clear(protocol)
        except _UnclearError as error:
            protocol.set_exception(error)
            conn.close()
            return
        watch.sent = BEGUN
        await type(request).write_bytes(request, writer, conn, content_length)
        watch.sent = WHOLE


def _is_clear(protocol: ResponseHandler) -> bool:
    """Whether a connection is open and has nothing to read, right before a request is written to it."""
    transport = protocol.transport
    if transport is None or transport.is_closing():
        return False
    socket = transport.get_extra_info("socket")
    return socket is None or not _readable(socket.fileno())


async def _clear(protocol: ResponseHandler) -> None:
    """Lets a connection over TLS read what may be no answer: TLS has messages of its own.

    Raises:
        _UnclearError: the connection is closed, or has something to read all the same.
    """
    for _ in range(_TURNS):
        transport = protocol.transport
        if transport is None or transport.get_extra_info("ssl_object") is None:
            break
        await asyncio.sleep(0)  # the loop tells such a message from an answer, and the watch drops the latter
        if _is_clear(protocol):
            return
    raise _UnclearError


def _readable(descriptor: int) -> bool:
    """Whether a socket holds bytes, or its end, that the loop has not read yet."""
    if sys.platform == "win32":
        return bool(select.select((descriptor,), (), (), 0)[0])
    return bool(_poll_of(descriptor)(0))


@lru_cache(maxsize=1024)
def _poll_of(descriptor: int) -> Callable[[int], Sequence[object]]:
    """What asks for one descriptor, whatever socket has it by then."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return poll.poll


def _through(session: aiohttp.ClientSession, passage: _Passage) -> tuple[aiohttp.ClientMiddlewareType, ...]:
    """The passage beside the middlewares of the session, which those of a request replace."""
    theirs: tuple[aiohttp.ClientMiddlewareType, ...] = getattr(session, "_middlewares", ())
    return (*theirs, passage.through)


@lru_cache(maxsize=1024)
def _connecting(hundredths: int) -> aiohttp.ClientTimeout:
    """The limit of connecting in aiohttp's form, for a request that may take so many hundredths of a second.

    Connecting gets half at most, so that it is never the whole that runs out first: a connection that could
    not be made surely sent nothing, and the other limit could not say so.
    """
    seconds = min(CONNECT_TIMEOUT, hundredths / 200)
    # No rounding up to whole seconds, which aiohttp does above a threshold: a deadline is a deadline.
    return aiohttp.ClientTimeout(total=None, connect=seconds, ceil_threshold=1e9)


def _bare(error: BaseException) -> BaseException:
    """The error without what hangs on it, and without the frames below: they hold the request and its key."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _not_sent(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            fault, remedy = fault_of(error.certificate_error)
            return f"{error.host}:{error.port} cannot be trusted: {fault}; nothing was sent; {remedy}"
        case aiohttp.ServerFingerprintMismatch():
            fault = "the session wants another certificate"
            return f"{error.host}:{error.port} cannot be trusted: {fault}; nothing was sent"
        case aiohttp.ClientConnectorSSLError():
            return "no TLS connection to the host could be made; nothing was sent"
        case aiohttp.ClientConnectorDNSError():
            return f"the host name {error.host} was not found; nothing was sent"
        case aiohttp.ClientConnectorError():
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else "no connection"
            return f"{error.host}:{error.port} cannot be reached ({reason.lower()}); nothing was sent"
        case _UnclearError():
            return (
                "the connection that was to be used had been closed, or held bytes that nobody asked for; "
                "nothing was sent"
            )
        case aiohttp.ConnectionTimeoutError():
            return "no connection could be made in time; nothing was sent"
        case _:
            return f"no connection could be made ({type(error).__name__}); nothing was sent"
