"""The least that a client can talk to: one ready answer for every request, in a process of its own.

It does so little that the client is the limit of what is measured. Run as a script it prints its port, and
ends when its standard input does, so that it never outlives the benchmark that started it.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

RECEIPT = b'{"message":"Invoice created","status":"INVOICED","errors":[]}'
"""It names no invoice, since it is the answer to each of them."""
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: 7f3a4c\r\n"
    b"Content-Length: %d\r\nConnection: keep-alive\r\n\r\n%b" % (len(RECEIPT), RECEIPT)
)


class ReadyAnswer(asyncio.Protocol):
    """Answers each request as soon as its last byte is here."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._head = b""
        self._left = 0  # bytes of the body that are still to come

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods alone

    def data_received(self, data: bytes) -> None:
        """Count bytes until the request is complete; requests come one at a time."""
        if self._left:
            self._left -= len(data)
        else:
            self._head += data
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._head = b""
            self.head_received(head)
            self._left = int(header_of(head, b"content-length") or 0) - len(body)
        if self._left <= 0:
            self._left = 0
            self.request_received()

    def head_received(self, head: bytes) -> None:
        """Take all lines before a body."""

    def request_received(self) -> None:
        """Answer."""
        self.write(ANSWER)

    def write(self, answer: bytes) -> None:
        """Send an answer, if somebody still waits for one."""
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(answer)


def header_of(head: bytes, name: bytes) -> bytes:
    """Return the value of a header; empty where there is none.

    Args:
        head: All lines before the body.
        name: The header, in lower case.
    """
    _, _, rest = head.lower().partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip()


@contextlib.contextmanager
def running_server(module: str = "services.raw_server") -> Iterator[str]:
    """Run a server in another process; give its base URL.

    Args:
        module: What to run: one that calls ``main``.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    with process:  # closes both pipes, which ends the process, and waits for it
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError("the server did not start")
        yield f"http://127.0.0.1:{port}"


async def _serve(protocol: Callable[[], asyncio.Protocol]) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    threading.Thread(target=_wait_for_the_end, args=(loop, ended), daemon=True).start()
    await ended.wait()
    server.close()


def _wait_for_the_end(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    sys.stdin.read()
    loop.call_soon_threadsafe(ended.set)


def main(protocol: Callable[[], asyncio.Protocol] = ReadyAnswer) -> None:
    """Serve until standard input ends.

    Args:
        protocol: What answers a connection.
    """
    try:
        import uvloop
    except ImportError:
        asyncio.run(_serve(protocol))
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(protocol))


if __name__ == "__main__":
    main()
