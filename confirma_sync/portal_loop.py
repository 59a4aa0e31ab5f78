"""The event loop that a portal keeps going: uvloop's where it is installed and a fork can bear it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any


def new_loop(*, forks: bool) -> asyncio.AbstractEventLoop:
    """Makes a loop for a portal.

    libuv's threads do not support a fork: a child process that ends crashes, if its parent used them and it
    did not (libuv issue 4443). uvloop has them look up the addresses of hosts. So its loop does that here in
    threads of Python's, and where a server is opened on it, it is not used at all.

    Args:
        forks: Whether calls are all that the loop serves, so that a child process can make another one.
    """
    if not forks:
        return asyncio.SelectorEventLoop()
    try:
        import uvloop
    except ImportError:
        return asyncio.SelectorEventLoop()

    class ForkableLoop(uvloop.Loop):
        async def getaddrinfo(self, host: Any, port: Any, **kinds: Any) -> Any:
            return await self.run_in_executor(None, lambda: socket.getaddrinfo(host, port, **kinds))

    return ForkableLoop()
