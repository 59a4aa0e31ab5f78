"""Keeps connections to the public internet."""

from __future__ import annotations

import errno
import socket
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from confirma_async.errors import Phase, TransportError


class NotPublicError(OSError):
    """A connection was not made, because it would lead to this machine or into a private network."""


def public_socket(address: tuple[Any, ...]) -> socket.socket:
    """Return a socket for an address of ``getaddrinfo``, if that is one of the public internet."""
    from confirma_async.validation.values.internet import is_private_address

    family, kind, protocol, _, place = address
    if is_private_address(str(place[0])):
        raise NotPublicError(errno.EACCES, "not of the public internet")
    return socket.socket(family, kind, protocol)


def not_public(host: str | None) -> TransportError:
    """Make the error for a connection that would not lead to the public internet."""
    place = f"{host} is on this machine or in a private network"
    message = f"{place}, which only attach_private allows; nothing was sent"
    return TransportError(message, phase=Phase.NOT_SENT, lasting=True)


def is_proxied(session: aiohttp.ClientSession, url: str) -> bool:
    """Say whether the session uses a proxy for a URL: its own, or one from the environment."""
    if getattr(session, "_default_proxy", None) is not None:
        return True
    parts = urlsplit(url)
    return session.trust_env and parts.scheme in getproxies() and not proxy_bypass(parts.hostname or "")
