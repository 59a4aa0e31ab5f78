"""Checks of the way to the host: name, connection, certificate."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import os
import socket
import ssl
from typing import Any

from confirma_async.doctor.context import Context
from confirma_async.doctor.findings import Finding, bad, doubtful, good
from confirma_async.session.connection.tls_errors import fault_of

DAYS_BEFORE_EXPIRY = 14
"""A certificate that expires sooner is worth a question."""

_SECONDS_OF_A_DAY = 24 * 60 * 60


async def check_name(context: Context) -> Finding:
    """Check whether the host's name has an address."""
    host = context.host
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        return good(f"{host} is an address already")
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(context.setup.timeout):
            found = await loop.getaddrinfo(host, context.port, type=socket.SOCK_STREAM)
    except TimeoutError:
        return bad(f"no name server answered for {host} in time", "check the network and its DNS")
    except (OSError, UnicodeError):
        return bad(f"there is no address for {host}", "check the base URL, the network and its DNS")
    addresses = sorted({str(entry[4][0]) for entry in found})
    return good(f"{host} has the address {', '.join(addresses)}")


async def check_connection(context: Context) -> Finding:
    """Check whether a connection to the host can be made."""
    where = f"{context.host}:{context.port}"
    try:
        async with asyncio.timeout(context.setup.timeout):
            _, writer = await asyncio.open_connection(context.host, context.port)
    except TimeoutError:
        return bad(f"{where} does not answer", _past_the_firewall(context))
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else "no connection"
        return bad(f"{where} cannot be reached ({reason})", _past_the_firewall(context))
    await _close(writer)
    return good(f"{where} can be reached")


def _past_the_firewall(context: Context) -> str:
    if any(context.setup.variables.get(name) for name in ("HTTPS_PROXY", "https_proxy")):
        return (
            "a proxy is set in HTTPS_PROXY, and the client does not use it by itself: "
            "give Confirma a session that does (aiohttp.ClientSession(trust_env=True))"
        )
    return "check the base URL, and that the firewall lets this machine out to it"


async def check_certificate(context: Context) -> Finding:
    """Check whether TLS works, and how long the certificate is valid."""
    if not context.is_tls:
        return good("plain HTTP, within this machine only")
    tls = context.setup.ssl_context or ssl.create_default_context()
    try:
        async with asyncio.timeout(context.setup.timeout):
            _, writer = await asyncio.open_connection(context.host, context.port, ssl=tls)
    except ssl.SSLCertVerificationError as error:
        return bad(*fault_of(error))
    except (OSError, TimeoutError):
        return bad(
            f"{context.host}:{context.port} can be reached, but makes no TLS connection",
            "check the port; something between may cut TLS connections",
        )
    session: Any = writer.get_extra_info("ssl_object")
    protocol, certificate = session.version(), session.getpeercert()
    await _close(writer)
    return _expiry(protocol, ssl.cert_time_to_seconds(certificate["notAfter"]), context.setup.now())


def _expiry(protocol: str, expires: float, now: float) -> Finding:
    days = int((expires - now) // _SECONDS_OF_A_DAY)
    date = datetime.datetime.fromtimestamp(expires, datetime.UTC).date()
    message = f"{protocol}; the certificate is valid until {date}, {days} more days"
    if days < DAYS_BEFORE_EXPIRY:
        return doubtful(message, "nothing to do here, but expect an interruption on that day")
    return good(message)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1):
            await writer.wait_closed()
