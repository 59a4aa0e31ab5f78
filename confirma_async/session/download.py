"""Fetches documents from other hosts, through the client's transport.

A fetch uses the proxies and the trust of the client, and none of its keys or headers. It is no call of the
service: the limiter does not count it, and hooks are not called for it.
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
"""Redirects that are followed for one document, at most."""

_FOUND = 200
_ELSEWHERE = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"Accept": "application/pdf, */*;q=0.1", "Accept-Encoding": "identity"}


class DownloadError(Exception):
    """A document could not be fetched. Only the host is named: the rest of a URL may hold credentials."""


class TooLargeError(DownloadError):
    """The document is larger than the limit; its rest was left unread."""


@frozen
class Downloads:
    """Fetches documents.

    Attributes:
        transport: Sends one request.
        policy: How often a fetch is tried again after a failure that may pass.
        quota: The budget of retries. It is not that of the calls, which must not suffer from another host.
    """

    transport: Transport
    policy: retry.RetryPolicy
    quota: retry.RetryQuota

    async def fetch(self, url: str, limit_bytes: int, *, private: bool = False) -> bytes:
        """Return the document behind a URL.

        Args:
            url: An absolute http or https URL.
            limit_bytes: Bytes that the document may have; no more are read.
            private: Whether the URL and its redirects may lead to this machine or into a private network.

        Raises:
            DownloadError: the document could not be fetched.
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
        """Return the answer or the error of one attempt, and the URL that its redirects led to.

        Raises:
            DownloadError: there are too many redirects, or one must not be followed.
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
    """Return the URL that a redirect leads to; refuse one from https to http."""
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
