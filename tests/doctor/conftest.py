import asyncio
import contextlib
import email.utils
import json
import ssl
import time
import uuid
from pathlib import Path

import pytest

from confirma_async.doctor import Setup, run_checks

CERTIFICATES = Path(__file__).parents[1] / "certificates"
"""Signed by themselves, for localhost unless their name says otherwise; the key protects nothing."""


def trusting(name):
    """A client's TLS settings that trust one certificate only."""
    context = ssl.create_default_context()
    context.load_verify_locations(CERTIFICATES / f"{name}.pem")
    return context


def _date(offset):
    return email.utils.formatdate(time.time() + offset, usegmt=True)


@pytest.fixture
async def host():
    """Hosts that answer every request alike: ``url = await host(status=401, certificate="expired")``."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(*, status=200, valid=True, body=None, date=0.0, certificate=None):
            content = json.dumps({"isValid": valid, "message": ""}) if body is None else body
            reported = "" if date is None else f"Date: {_date(date)}\r\n"
            answer = (
                f"HTTP/1.1 {status} Told\r\n{reported}Content-Type: application/json\r\n"
                f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n{content}"
            )

            async def serve(reader, writer):
                with contextlib.suppress(OSError):
                    await reader.read(4096)  # a request, or the beginning of TLS
                    writer.write(answer.encode())
                    await writer.drain()
                writer.close()

            context = None
            if certificate is not None:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(CERTIFICATES / f"{certificate}.pem", CERTIFICATES / "key.pem")
            server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
            stack.callback(server.close)
            port = server.sockets[0].getsockname()[1]
            return f"{'https' if certificate else 'http'}://localhost:{port}"

        yield start


@pytest.fixture
def examined(tmp_path):
    """Examines a setup: findings by the name of their check."""

    async def call(url=None, *, key=None, variables=None, **setup):
        given = {"CONFIRMA_API_KEY": str(uuid.uuid4()) if key is None else key}
        if url is not None:
            given["CONFIRMA_BASE_URL"] = url
        subject = Setup(variables={**given, **(variables or {})}, timeout=5, folder=tmp_path, **setup)
        return {finding.check: finding async for finding in run_checks(subject)}

    return call
