"""The transport over aiohttp: sends a request once; if there is no answer, says how far the request came."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import ssl
import warnings
from collections.abc import Coroutine
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from confirma_async import bounds
from confirma_async.errors import ConfigurationError, Phase, TransportError
from confirma_async.session.connection.answer_watch import NoAnswerError
from confirma_async.session.connection.connection_line import TooLateError, UnclearError, UnwritableError
from confirma_async.session.connection.direct import DirectRequests, goes_direct
from confirma_async.session.connection.passage import sent_through
from confirma_async.session.connection.public import NotPublicError, is_proxied, not_public, public_socket
from confirma_async.session.connection.tls_errors import fault_of
from confirma_async.session.transport import ANSWER_LIMIT, Request, Response
from confirma_async.session.waiting.deadlines import Timeouts

CONNECT_TIMEOUT = 10.0
"""Seconds for DNS, TCP and TLS together; within the call's own deadline."""

CLOSE_TIMEOUT = 1.0
"""Seconds that closing waits for connections to end properly."""

_BEFORE_SENDING = (
    aiohttp.ClientConnectorError,  # refused, DNS, TLS handshake, certificate, proxy
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
    UnclearError,
    UnwritableError,
    NotPublicError,
)

_LASTING = (
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
    UnwritableError,
)
"""The errors among these after which a later attempt would fail as well."""


class AiohttpTransport:
    """Sends requests over a session of the caller's, or over its own, made in the loop of the first request.

    Args:
        session: A session of the caller's: never closed and never changed here.
        ssl_context: TLS settings of the caller's own (a private CA, a client certificate).
        connections: How many connections the session made here may hold open.
        answer_limit_bytes: Bytes of an answer that are read at most, where its request names no limit.
    """

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession | None = None,
        ssl_context: ssl.SSLContext | None = None,
        connections: int = 100,
        answer_limit_bytes: int = ANSWER_LIMIT,
    ) -> None:
        bounds.ANSWER_LIMIT.check("answer_limit_bytes", answer_limit_bytes)
        self._borrowed = session
        self._own: aiohttp.ClientSession | None = None
        self._direct: DirectRequests | None = None
        self._outside: aiohttp.ClientSession | None = None
        self._ssl: ssl.SSLContext | bool = ssl_context or True
        self._connections = connections
        self._answer_limit_bytes = answer_limit_bytes
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._timeouts = Timeouts()

    async def send(self, request: Request) -> Response:
        """Send a request once; see ``Transport.send``."""
        loop = asyncio.get_running_loop()
        session = self._session(loop)
        if session.closed:
            raise TransportError("the borrowed session is closed; nothing was sent", phase=Phase.NOT_SENT)
        try:
            if request.public_only:
                session = self._public(session, request.url)
            with self._timeouts.until(loop.time() + request.timeout, loop):
                return await self._answer(session, request)
        except _BEFORE_SENDING as error:
            if isinstance(getattr(error, "os_error", error), NotPublicError):
                failure = not_public(urlsplit(request.url).hostname)
            else:
                lasting = isinstance(error, _LASTING)
                failure = TransportError(_not_sent(error), phase=Phase.NOT_SENT, lasting=lasting)
        except NoAnswerError as error:
            failure = TransportError(str(error), phase=Phase.NO_REPLY)
        except TimeoutError:
            end = "before the client was closed" if self._closed else f"within {request.timeout:.1f} s"
            failure = TransportError(f"no answer {end}", phase=Phase.NO_REPLY)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: an answer that is no HTTP, e.g. a header that cannot be decoded.
            fault = type(error.__cause__ or error).__name__
            failure = TransportError(
                f"the connection broke before the answer was complete ({fault})",
                phase=Phase.NO_REPLY,
                broken=True,
            )
        except BaseException as error:  # noqa: BLE001 (a cancellation, say: it is raised again)
            raise _bare(error)  # noqa: B904 (it is the same error)
        # Here, where no error of aiohttp's hangs on it: those hold the request, and the request the key.
        raise failure

    def _answer(self, session: aiohttp.ClientSession, request: Request) -> Coroutine[Any, Any, Response]:
        """Send a request directly if that is possible, else through the session."""
        limit = self._answer_limit_bytes if request.limit_bytes is None else request.limit_bytes
        connecting = _LONGEST if request.timeout >= _LONG else _connecting(request.timeout / 2)
        if self._direct is not None and session is self._own and goes_direct(session, request):
            return self._direct.send(request, connecting, limit)
        return sent_through(session, request, self._ssl, connecting, limit)

    async def close(self) -> None:
        """Close the session made here, if there is one; a borrowed session stays open.

        Raises:
            ConfigurationError: another event loop is using it.
        """
        loop = self._loop
        if loop is not None and loop is not asyncio.get_running_loop() and not loop.is_closed():
            raise ConfigurationError("another event loop is using this client; close it there")
        self._closed = True
        if loop is not None and loop.is_closed():
            self._timeouts.stop()
        else:
            self._timeouts.end_all()  # aiohttp does not tell a call of the end whose answer is being read
        opened = [session for session in (self._own, self._outside) if session is not None]
        self._own = self._outside = self._direct = None
        for session in opened:
            with contextlib.suppress(TimeoutError):  # a host that reads nothing must not hold it up
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await session.close()

    def _session(self, loop: asyncio.AbstractEventLoop) -> aiohttp.ClientSession:
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
            connector = aiohttp.TCPConnector(limit=self._connections)
            self._own = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
            self._direct = DirectRequests(connector, self._ssl, loop)
        return self._own

    def _public(self, session: aiohttp.ClientSession, url: str) -> aiohttp.ClientSession:
        """Return the session for requests that may go to the public internet only.

        It checks each address as it connects, since the name of a host may resolve to another address each
        time. A proxy, or a connector of the caller's, is trusted to check by itself.

        Raises:
            NotPublicError: the name of the host alone says that it is not public.
        """
        from confirma_async.validation.values.internet import is_private_host  # with the schemas, late

        host = urlsplit(url).hostname or ""
        if is_private_host(host):
            raise NotPublicError(errno.EACCES, host)
        connector = session.connector
        if type(connector) is not aiohttp.TCPConnector or is_proxied(session, url):
            return session
        if self._outside is None:
            self._outside = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections,
                    ssl=getattr(connector, "_ssl", True),
                    resolver=getattr(connector, "_resolver", None),
                    socket_factory=public_socket,
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


def _connecting(seconds: float) -> aiohttp.ClientTimeout:
    """Return aiohttp's limit for making a connection.

    It is half of the time of a request at most, so that it runs out before the whole: if no connection was
    made, surely nothing was sent, and the limit of the whole could not say so.
    """
    # No rounding up to whole seconds, which aiohttp does above a threshold: a deadline is a deadline.
    return aiohttp.ClientTimeout(total=None, connect=seconds, ceil_threshold=1e9)


_LONG = 2 * CONNECT_TIMEOUT
_LONGEST = _connecting(CONNECT_TIMEOUT)
"""The limit for requests that may take ``_LONG`` or longer, as nearly all may."""


def _bare(error: BaseException) -> BaseException:
    """Return an error without its causes and without the frames below, which hold the request and its key."""
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
        case TooLateError():
            return "the deadline passed before sending; nothing was sent"
        case UnclearError():
            return (
                "the connection that was to be used had been closed, or held bytes that nobody asked for; "
                "nothing was sent"
            )
        case UnwritableError():
            return "the request cannot be written: its head holds what HTTP cannot carry; nothing was sent"
        case aiohttp.ConnectionTimeoutError():
            return "no connection could be made in time; nothing was sent"
        case _:
            return f"no connection could be made ({type(error).__name__}); nothing was sent"
