"""The transport over aiohttp: the only module of the core that imports it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import ssl
import warnings
from functools import lru_cache

import aiohttp

from confirma_async.errors import ConfigurationError, Phase, TransportError
from confirma_async.session.certificates import fault_of
from confirma_async.session.transport import ANSWER_LIMIT, Request, Response

CONNECT_TIMEOUT = 10.0
"""Seconds for DNS, TCP and TLS together; within the call's own deadline."""

CLOSE_TIMEOUT = 1.0
"""Seconds that closing waits for connections to end properly."""

_LARGE = 1024 * 1024

_BEFORE_SENDING = (
    aiohttp.ClientConnectorError,  # refused, DNS, TLS handshake, certificate, proxy
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
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
        self._borrowed = session
        self._own: aiohttp.ClientSession | None = None
        self._ssl: ssl.SSLContext | bool = ssl_context or True
        self._connections = connections
        self._answer_limit = answer_limit
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def send(self, request: Request) -> Response:
        """Sends a request once; see ``Transport.send``."""
        session = self._session()
        if session.closed:
            raise TransportError("the borrowed session is closed; nothing was sent", phase=Phase.NOT_SENT)
        try:
            # Not "async with": read() gives the connection back, or closes it where it fails, and costs less.
            answer = await session.request(
                request.method,
                request.url,
                data=_body(request.body),
                headers=request.headers,
                timeout=_timeout(max(1, round(request.timeout * 100))),
                allow_redirects=False,
                raise_for_status=False,
                ssl=self._ssl,
                middlewares=None if request.method == "POST" else _once_over(session),
            )
            limit = self._answer_limit if request.limit is None else request.limit
            body, cut_off = await _read(answer, limit)
            return Response(answer.status, answer.headers, body, cut_off)
        except _BEFORE_SENDING as error:
            lasting = isinstance(error, _LASTING)
            told = TransportError(_not_sent(error), phase=Phase.NOT_SENT, lasting=lasting)
            raise told from _without_secrets(error)
        except TimeoutError as error:
            raise TransportError(f"no answer within {request.timeout:.1f} s", phase=Phase.NO_REPLY) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: an answer that is no HTTP, e.g. a header that cannot be decoded.
            fault = type(error.__cause__ or error).__name__
            raise TransportError(
                f"the connection broke before the answer was complete ({fault})",
                phase=Phase.NO_REPLY,
                broken=True,
            ) from _without_secrets(error)

    async def close(self) -> None:
        """Closes the session made here, if there is one; a borrowed session stays open.

        Raises:
            ConfigurationError: another event loop is using it.
        """
        loop = self._loop
        if loop is not None and loop is not asyncio.get_running_loop() and not loop.is_closed():
            raise ConfigurationError("another event loop is using this client; close it there")
        self._closed = True
        own, self._own = self._own, None
        if own is not None:
            with contextlib.suppress(TimeoutError):  # a host that reads nothing must not hold it up
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await own.close()

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

    def __del__(self) -> None:
        own = getattr(self, "_own", None)
        if own is not None and not own.closed:
            warnings.warn(
                "a Confirma client was dropped without being closed; "
                "use 'async with Confirma(...)' or await aclose()",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )


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


class _ConnectionLostError(aiohttp.ClientError):
    """Stands for the errors after which aiohttp would send a GET once more by itself."""


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Lets a request out once. The pipeline alone decides what is sent again: some GETs change something."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _ConnectionLostError from error


def _once_over(session: aiohttp.ClientSession) -> tuple[aiohttp.ClientMiddlewareType, ...]:
    """``_once`` beside the middlewares of the session, which those of a request replace."""
    theirs: tuple[aiohttp.ClientMiddlewareType, ...] = getattr(session, "_middlewares", ())
    return (*theirs, _once)


@lru_cache(maxsize=1024)
def _timeout(hundredths: int) -> aiohttp.ClientTimeout:
    """The timeout in aiohttp's form, to the hundredth of a second: most calls of a job share one."""
    seconds = hundredths / 100
    # No rounding up to whole seconds, which aiohttp does above a threshold: a deadline is a deadline.
    # Connecting gets half at most, so that it is never the whole that runs out first: a connection that could
    # not be made surely sent nothing, and the other timeout could not say so.
    connect = min(CONNECT_TIMEOUT, seconds / 2)
    return aiohttp.ClientTimeout(total=seconds, connect=connect, ceil_threshold=1e9)


def _without_secrets(error: Exception) -> Exception | None:
    """The error, as a cause to show; None for one that shows a key, or a whole URL, in its text or repr."""
    return None if isinstance(error, (aiohttp.ClientResponseError, aiohttp.InvalidURL)) else error


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
        case aiohttp.ConnectionTimeoutError():
            return "no connection could be made in time; nothing was sent"
        case _:
            return f"no connection could be made ({type(error).__name__}); nothing was sent"
