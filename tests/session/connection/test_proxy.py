"""A proxy of the environment: a client leaves it alone, and a session that looks for one goes through it."""

import asyncio
import contextlib
import ssl

import aiohttp
import pytest

from confirma_async import Confirma
from tests.session.fault_server import CERTIFICATES, fault_server, port_of


class Proxy:
    """A proxy for TLS on loopback.

    Attributes:
        url: Where it listens.
        asked: The hosts that it was asked for.
    """

    def __init__(self):
        self.url = ""
        self.asked = []

    async def serve(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        _connect, target, _version = head.split(b"\r\n")[0].decode().split(" ")
        self.asked.append(target)
        host, _, port = target.partition(":")
        there, thither = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        async with asyncio.TaskGroup() as both:
            both.create_task(pour(reader, thither))
            both.create_task(pour(there, writer))


async def pour(source, target):
    with contextlib.suppress(OSError):
        while data := await source.read(4096):
            target.write(data)
    target.close()


@pytest.fixture
async def proxy(monkeypatch):
    running = Proxy()
    server = await asyncio.start_server(running.serve, "127.0.0.1", 0)
    running.url = f"http://127.0.0.1:{port_of(server)}"
    monkeypatch.setenv("HTTPS_PROXY", running.url)
    for name in ("https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield running
    server.close()


@pytest.fixture
def trusting():
    context = ssl.create_default_context()
    context.load_verify_locations(CERTIFICATES / "good.pem")
    return context


@pytest.fixture
async def service():
    async with fault_server() as server:
        yield server.tls_url.replace("127.0.0.1", "localhost")


async def test_a_client_does_not_use_a_proxy_by_itself(proxy, service, trusting):
    async with Confirma("key", base_url=service, ssl_context=trusting) as confirma:
        assert (await confirma.request("GET", "/validate")).status == 200
    assert proxy.asked == []


async def test_a_session_that_trusts_the_environment_goes_through_its_proxy(proxy, service, trusting):
    async with (
        aiohttp.ClientSession(trust_env=True) as session,
        Confirma("key", base_url=service, session=session, ssl_context=trusting) as confirma,
    ):
        assert (await confirma.request("GET", "/validate")).status == 200
    assert proxy.asked == [service.removeprefix("https://")]
