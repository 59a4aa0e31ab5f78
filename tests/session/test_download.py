"""Documents fetched over real sockets: what comes, what does not and why, and what never goes along."""

import asyncio
import base64
import socket
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

from confirma_async.errors import Phase, TransportError
from confirma_async.session.connection.http import AiohttpTransport
from confirma_async.session.download import (
    DOWNLOAD_TIMEOUT,
    REDIRECTS,
    DownloadError,
    Downloads,
    TooLargeError,
)
from confirma_async.session.retry import RetryPolicy, RetryQuota
from confirma_async.session.transport import Response
from confirma_async.validation.values import internet
from tests.services.documents import PDF, hosting, leads_to, pours, says

QUICK = RetryPolicy(attempts=3, base_seconds=0.001)


@pytest.fixture
async def downloads():
    transport = AiohttpTransport()
    yield Downloads(transport, QUICK, RetryQuota())
    await transport.close()


async def failure(downloads, url, limit=1000):
    with pytest.raises(DownloadError) as caught:
        await downloads.fetch(url, limit, private=True)
    return str(caught.value)


async def test_a_document_comes_whole_and_asks_for_itself_alone(downloads):
    async with hosting(a=[says()]) as host:
        assert await downloads.fetch(f"{host.url}/a", len(PDF), private=True) == PDF
    (seen,) = host.seen
    assert seen.headers["Accept-Encoding"] == "identity"  # its length is told, and is what it may have
    assert seen.headers["Accept"].startswith("application/pdf")
    assert {"X-Api-Key", "Authorization", "Cookie"}.isdisjoint(seen.headers)
    assert not [name for name, value in seen.headers.items() if "confirma" in f"{name}{value}".lower()]


async def test_credentials_in_a_url_go_to_its_host_and_not_to_where_it_redirects(downloads):
    async with hosting(a=[says()]) as other, hosting(a=[leads_to(f"{other.url}/a")]) as host:
        await downloads.fetch(f"{host.url}/a".replace("//", "//me:s3cret@"), 1000, private=True)
    sent = [each.headers.get("Authorization") for each in (*host.seen, *other.seen)]
    assert sent == ["Basic " + base64.b64encode(b"me:s3cret").decode(), None]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(downloads, status):
    async with hosting(a=[leads_to("b?x=1", status)], b=[says()]) as host:
        assert await downloads.fetch(f"{host.url}/a", 1000, private=True) == PDF
    assert [each.method for each in host.seen] == ["GET", "GET"]


async def test_redirects_come_to_an_end(downloads):
    async with hosting(a=[leads_to("/a")]) as host:
        assert await failure(downloads, f"{host.url}/a") == f"127.0.0.1: more than {REDIRECTS} redirects"
    assert len(host.seen) == REDIRECTS + 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/a", "http://[::1/a"])
async def test_a_redirect_leads_to_http_only(downloads, location):
    async with hosting(a=[leads_to(location)]) as host:
        assert "a redirect to where nothing is fetched from" in await failure(downloads, f"{host.url}/a")


async def test_what_was_asked_for_over_tls_does_not_come_without_it(scripted):
    transport = scripted(Response(302, {"Location": "http://example.fi/a"}, b""), Response(200, {}, PDF))
    await failure(Downloads(transport, QUICK, RetryQuota()), "https://example.fi/a")
    assert len(transport.requests) == 1


async def test_a_document_that_says_it_is_too_large_is_left_unread(downloads):
    async def answer(request):
        response = web.StreamResponse(headers={"Content-Length": "1001"})
        await response.prepare(request)
        await asyncio.Event().wait()  # nothing of it ever comes

    async with hosting(a=[answer]) as host:
        with pytest.raises(TooLargeError):
            await downloads.fetch(f"{host.url}/a", 1000, private=True)


async def test_of_a_document_without_a_length_no_more_is_read_than_it_may_have(downloads):
    poured: list[int] = []
    async with hosting(a=[pours(60 * 1024 * 1024, poured)]) as host:
        with pytest.raises(TooLargeError):
            await downloads.fetch(f"{host.url}/a", 1000, private=True)
    assert sum(poured) < 30 * 1024 * 1024  # what fits in buffers on the way


async def test_a_document_may_have_all_that_it_may_have(downloads):
    async with hosting(a=[says(PDF)]) as host:
        assert await downloads.fetch(f"{host.url}/a", len(PDF), private=True) == PDF
        with pytest.raises(TooLargeError):
            await downloads.fetch(f"{host.url}/a", len(PDF) - 1, private=True)


async def test_a_transport_that_knows_no_limit_does_not_lift_it(scripted):
    downloads = Downloads(scripted(Response(200, {}, PDF)), QUICK, RetryQuota())
    with pytest.raises(TooLargeError):
        await downloads.fetch("https://example.fi/a", len(PDF) - 1, private=True)


@pytest.mark.parametrize(("status", "requests"), [(404, 1), (401, 1), (204, 1), (500, 3), (503, 3), (429, 3)])
async def test_only_what_may_pass_is_tried_again(downloads, status, requests):
    async with hosting(a=[says(b"", status)]) as host:
        assert await failure(downloads, f"{host.url}/a?key=s3cret") == f"127.0.0.1: HTTP {status}"
    assert len(host.seen) == requests


@pytest.mark.parametrize(("lasting", "requests"), [(True, 1), (False, 3)])
async def test_a_host_that_cannot_be_trusted_is_asked_once(scripted, lasting, requests):
    transport = scripted(TransportError("no trust", phase=Phase.NOT_SENT, lasting=lasting))
    await failure(Downloads(transport, QUICK, RetryQuota()), "https://example.fi/a")
    assert len(transport.requests) == requests


async def test_a_connection_that_breaks_every_time_is_told_with_its_host(downloads):
    async def breaks(request):
        request.transport.abort()
        return web.Response()

    async with hosting(a=[breaks]) as host:
        reported = await failure(downloads, f"{host.url}/a")
    assert reported.startswith("127.0.0.1: the connection broke before the answer was complete")
    assert len(host.seen) == QUICK.attempts


async def test_a_document_that_comes_at_the_second_attempt_is_there(downloads):
    async def breaks(request):
        request.transport.abort()
        return web.Response()

    async with hosting(a=[breaks, says(b"", 502), says()]) as host:
        assert await downloads.fetch(f"{host.url}/a", 1000, private=True) == PDF


async def test_a_host_that_asks_for_more_patience_than_there_is_gets_none(downloads):
    async with hosting(a=[says(b"", 503, **{"Retry-After": str(DOWNLOAD_TIMEOUT + 1)})]) as host:
        await failure(downloads, f"{host.url}/a")
    assert len(host.seen) == 1


async def test_a_host_that_is_down_is_not_beset_with_retries(downloads):
    downloads = Downloads(downloads.transport, QUICK, RetryQuota(budget=1))
    async with hosting(a=[says(b"", 500)]) as host:
        for _ in range(5):
            await failure(downloads, f"{host.url}/a")
    assert len(host.seen) == 5 + 1


async def test_documents_that_came_earn_retries_again(downloads):
    downloads = Downloads(downloads.transport, QUICK, RetryQuota(budget=1))
    async with hosting(bad=[says(b"", 500)], good=[says()]) as host:
        await failure(downloads, f"{host.url}/bad")
        for _ in range(5):
            await downloads.fetch(f"{host.url}/good", 1000, private=True)
        await failure(downloads, f"{host.url}/bad")
    assert [each.path for each in host.seen].count("/bad") == 2 * 2


async def test_a_host_that_cannot_be_reached_is_named_without_the_rest_of_the_url(downloads, unused_tcp_port):
    reported = await failure(downloads, f"http://me:s3cret@127.0.0.1:{unused_tcp_port}/s3cret?s3cret")
    assert reported == f"127.0.0.1:{unused_tcp_port} cannot be reached (connection refused)"


def test_one_deadline_covers_redirects_retries_and_pauses(in_virtual_time, scripted):
    async def slow(request):
        await asyncio.sleep(min(12.0, request.timeout))
        if request.timeout < 12:
            raise TransportError(f"no answer within {request.timeout:.1f} s", phase=Phase.NO_REPLY)
        return next(answers)

    answers = iter([Response(302, {"Location": "/b"}, b""), Response(500, {}, b"")])

    async def story():
        began = asyncio.get_running_loop().time()
        await failure(Downloads(scripted(slow), RetryPolicy(), RetryQuota()), "https://example.fi/a")
        return asyncio.get_running_loop().time() - began

    assert in_virtual_time(story) == pytest.approx(DOWNLOAD_TIMEOUT)


async def test_a_proxy_of_the_client_is_the_documents_proxy_too():
    async with hosting(**{"a.pdf": [says()]}) as proxy, aiohttp.ClientSession(proxy=proxy.url) as session:
        downloads = Downloads(AiohttpTransport(session=session), QUICK, RetryQuota())
        assert await downloads.fetch("http://documents.example/a.pdf", 1000, private=True) == PDF
    assert [each.host for each in proxy.seen] == ["documents.example"]


class Resolver(AbstractResolver):
    """Says of every name, in turn, that it stands for these addresses; the last ones stay."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, host, port=0, family=socket.AF_INET):
        self.asked += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            {"hostname": host, "host": each, "port": port, "family": family, "proto": 0, "flags": 0}
            for each in found
        ]

    async def close(self):
        """Holds nothing."""


def public(host, name="documents.example"):
    """The URL of a host under a name that says nothing of where it is."""
    return f"{host.url.replace('127.0.0.1', name)}/a"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/a", "http://localhost:{port}/a", "http://[::1]:{port}/a"]
)
async def test_nothing_is_fetched_from_this_machine_unless_it_is_allowed(downloads, url):
    async with hosting(a=[says()]) as host:
        with pytest.raises(DownloadError, match="private network"):
            await downloads.fetch(url.format(port=host.url.rpartition(":")[2]), 1000)
    assert not host.seen


@pytest.mark.parametrize("spelling", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1"])
async def test_no_other_spelling_of_an_address_leads_here(downloads, spelling):
    async with hosting(a=[says()]) as host:
        with pytest.raises(DownloadError):
            await downloads.fetch(public(host, spelling), 1000)
    assert not host.seen


@pytest.mark.parametrize("answers", [[["127.0.0.1"]], [["127.0.0.1", "127.0.0.2"]]])
async def test_a_name_that_stands_for_this_machine_is_not_connected_to(answers):
    resolver = Resolver(*answers)
    async with (
        hosting(a=[says()]) as host,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=resolver)) as session,
    ):
        transport = AiohttpTransport(session=session)
        with pytest.raises(DownloadError, match=r"documents\.example is on this machine or in a private"):
            await Downloads(transport, QUICK, RetryQuota()).fetch(public(host), 1000)
        await transport.close()
    assert (resolver.asked, host.seen) == (1, [])


async def test_a_name_that_stands_for_another_address_the_next_time_is_not_connected_to(monkeypatch):
    """DNS rebinding: the address that is looked at is the one that is connected to."""
    monkeypatch.setattr(internet, "is_private_address", lambda address: address == "127.0.0.1")
    resolver = Resolver(["127.0.0.2"], ["127.0.0.1"])
    connector = aiohttp.TCPConnector(resolver=resolver)
    async with hosting(a=[says()]) as host, aiohttp.ClientSession(connector=connector) as session:
        transport: Any = AiohttpTransport(session=session)
        downloads = Downloads(transport, QUICK, RetryQuota())
        with pytest.raises(DownloadError, match="cannot be reached"):  # nobody listens at the first address
            await downloads.fetch(public(host), 1000)
        transport._outside.connector.clear_dns_cache()  # which holds for seconds
        with pytest.raises(DownloadError, match="private network"):
            await downloads.fetch(public(host), 1000)
        await transport.close()
    assert (resolver.asked, host.seen) == (2, [])


async def test_a_connection_that_a_call_has_left_open_is_not_gone_through():
    """The pool of the client knows the host by the same name."""
    async with hosting(a=[says()]) as host:
        resolver = Resolver(["127.0.0.1"])
        connector = aiohttp.TCPConnector(resolver=resolver)
        async with aiohttp.ClientSession(connector=connector) as session:
            transport = AiohttpTransport(session=session)
            downloads = Downloads(transport, QUICK, RetryQuota())
            assert await downloads.fetch(public(host), 1000, private=True) == PDF
            with pytest.raises(DownloadError):
                await downloads.fetch(public(host), 1000)
            await transport.close()
    assert len(host.seen) == 1


async def test_a_redirect_into_a_private_network_is_not_followed(scripted):
    moved = scripted(Response(302, {"Location": "http://documents.example/b"}, b""), Response(200, {}, PDF))
    await Downloads(moved, QUICK, RetryQuota()).fetch("http://documents.example/a", 1000)
    assert [request.public_only for request in moved.requests] == [True, True]


async def test_a_host_of_the_public_internet_gets_nothing_of_the_session_that_was_lent(monkeypatch):
    monkeypatch.setattr(internet, "is_private_address", lambda _: False)
    connector = aiohttp.TCPConnector(resolver=Resolver(["127.0.0.1"]))
    async with (
        hosting(a=[says()]) as host,
        aiohttp.ClientSession(connector=connector, headers={"Authorization": "mine"}) as session,
    ):
        transport = AiohttpTransport(session=session)
        assert await Downloads(transport, QUICK, RetryQuota()).fetch(public(host), 1000) == PDF
        await transport.close()
        assert not session.closed
    assert "Authorization" not in host.seen[0].headers
