"""The transport over aiohttp: the only module of the core that imports it."""

from __future__ import annotations

import asyncio
import os
import ssl
import warnings
from functools import lru_cache

import aiohttp

from confirma_async.errors import ConfigurationError, Phase, TransportError
from confirma_async.session.transport import Request, Response

CONNECT_TIMEOUT = 10.0
"""Seconds for DNS, TCP and TLS together; within the call's own deadline."""

_BEFORE_SENDING = (
    aiohttp.ClientConnectorError,  # refused, DNS, TLS handshake, certificate, proxy
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
)


class AiohttpTransport:
    """Sends requests over a session that is borrowed, or made in the running loop at the first request.

    Args:
        session: A session of the caller's: never closed and never changed here.
        ssl_context: TLS settings of the caller's own (a private CA, a client certificate).
        connections: How many connections the session made here may hold open.
    """

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession | None = None,
        ssl_context: ssl.SSLContext | None = None,
        connections: int = 100,
    ) -> None:
        self._borrowed = session
        self._own: aiohttp.ClientSession | None = None
        self._ssl: ssl.SSLContext | bool = ssl_context or True
        self._connections = connections
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
                data=request.body,
                headers=request.headers,
                timeout=_timeout(max(1, round(request.timeout * 100))),
                allow_redirects=False,
                raise_for_status=False,
                ssl=self._ssl,
            )
            return Response(answer.status, answer.headers, await answer.read())
        except _BEFORE_SENDING as error:
            raise TransportError(_not_sent(error), phase=Phase.NOT_SENT) from error
        except TimeoutError as error:
            raise TransportError(f"no answer within {request.timeout:.1f} s", phase=Phase.NO_REPLY) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: an answer that is no HTTP, e.g. a header that cannot be decoded.
            raise TransportError(
                f"the connection broke before the answer was complete ({type(error).__name__})",
                phase=Phase.NO_REPLY,
            ) from error

    async def close(self) -> None:
        """Closes the session made here, if there is one; a borrowed session stays open."""
        self._closed = True
        own, self._own = self._own, None
        if own is not None:
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


@lru_cache(maxsize=1024)
def _timeout(hundredths: int) -> aiohttp.ClientTimeout:
    """The timeout in aiohttp's form, to the hundredth of a second: most calls of a job share one."""
    seconds = hundredths / 100
    # No rounding up to whole seconds, which aiohttp does above a threshold: a deadline is a deadline.
    # Connecting gets half at most, so that it is never the whole that runs out first: a connection that could
    # not be made surely sent nothing, and the other timeout could not say so.
    connect = min(CONNECT_TIMEOUT, seconds / 2)
    return aiohttp.ClientTimeout(total=seconds, connect=connect, ceil_threshold=1e9)


def _not_sent(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return "the TLS certificate of the host was not accepted; nothing was sent"
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
