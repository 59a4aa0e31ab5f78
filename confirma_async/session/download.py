"""Documents from elsewhere, fetched through the client's transport.

Proxies and trust are those of the client; its key is not. Neither a key nor another header of the SDK goes
along, the limiter does not count it, and hooks are not called for it: it is no call of the service.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urljoin, urlsplit

from attrs import frozen

from confirma_async.errors import Phase, TransportError
from confirma_async.session import retry
from confirma_async.session.transport import Request, Response, Transport
from confirma_async.validation.values.internet import url_fault

DOWNLOAD_TIMEOUT = 30.0
"""Seconds for one document, with its redirects, retries and the pauses between them."""

REDIRECTS = 5
"""Redirects that are followed for one document."""

_FOUND = 200
_ELSEWHERE = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"Accept": "application/pdf, */*;q=0.1", "Accept-Encoding": "identity"}


class DownloadError(Exception):
    """Why a document did not come. It names the host alone: the rest of a URL may hold credentials."""


class TooLargeError(DownloadError):
    """The document is larger than was asked for; its rest was left unread."""


@frozen
class Downloads:
    """Fetches documents.

    Attributes:
        transport: Sends one request.
        policy: How often a fetch is tried again when what went wrong may pass.
        quota: The budget for that; not the one for calls, which must not suffer from somebody else's host.
    """

    transport: Transport
    policy: retry.RetryPolicy
    quota: retry.RetryQuota

    async def fetch(self, url: str, limit_bytes: int, *, private: bool = False) -> bytes:
        """Return the document behind a URL.

        Args:
            url: An absolute http or https URL.
            limit_bytes: Bytes that it may have; no more are read.
            private: Whether it, and what it redirects to, may lie on this machine or in a private network.

        Raises:
            DownloadError: it did not come.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DOWNLOAD_TIMEOUT
        attempt = 1
        while True:
            url_reached, result = await self._reached(url, limit_bytes, deadline, public_only=not private)
            if isinstance(result, Response) and result.status == _FOUND:
                self.quota.refill()
                if result.cut_off or len(result.body) > limit_bytes:
                    raise TooLargeError(f"{_host(url_reached)} has more than {limit_bytes} bytes")
                return result.body
            pause = self._pause(attempt, result, deadline - loop.time())
            if pause is None:
                raise DownloadError(_reason(result, _host(url_reached)))
            await asyncio.sleep(pause)
            attempt += 1

    async def _reached(
        self, url: str, limit_bytes: int, deadline: float, *, public_only: bool
    ) -> tuple[str, Response | TransportError]:
        """Return what came of one attempt, and where its redirects led to.

        Raises:
            DownloadError: they lead nowhere.
        """
        for _ in range(REDIRECTS + 1):
            left = deadline - asyncio.get_running_loop().time()
            try:
                request = Request("GET", url, _HEADERS, None, left, limit_bytes, public_only)
                answer = await self.transport.send(request)
            except TransportError as error:
                return url, error
            if answer.status not in _ELSEWHERE or "Location" not in answer.headers:
                return url, answer
            url = _redirected(url, answer.headers["Location"])
        raise DownloadError(f"{_host(url)}: more than {REDIRECTS} redirects")

    def _pause(self, attempt: int, result: Response | TransportError, left: float) -> float | None:
        """Return seconds until the next attempt; None where there is none."""
        if isinstance(result, Response):
            retry_after = retry.parse_retry_after(result.headers.get("Retry-After"))
            may_pass = retry.may_repeat(Phase.REPLIED, True, result.status)
        else:
            retry_after = None
            may_pass = retry.may_repeat(result.phase, True, None, lasting=result.lasting)
        if not may_pass:
            return None
        return retry.next_pause(self.policy, self.quota, attempt, retry_after=retry_after, left=left)


def _redirected(url: str, location: str) -> str:
    """Return where a redirect leads to; what was asked for over TLS does not come without it."""
    try:
        target = urljoin(url, location)
    except ValueError:
        target = ""
    if url_fault(target) is not None or (_is_https(url) and not _is_https(target)):
        raise DownloadError(f"{_host(url)}: a redirect to where nothing is fetched from")
    return target


def _is_https(url: str) -> bool:
    return urlsplit(url).scheme == "https"


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _reason(result: Response | TransportError, host: str) -> str:
    if isinstance(result, Response):
        return f"{host}: HTTP {result.status}"
    reason = str(result.args[0]).partition(";")[0]  # without what it says of the request: it was no call
    return reason if host in reason else f"{host}: {reason}"
