"""A service on a raw socket, that answers invoices with what a test says and lists what a test says."""

import asyncio
import contextlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from attrs import define, field

DATE = "2026-11-01"


def raw(status=200, body=b"", kind="application/json", **headers):
    """A whole answer."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Said", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + (b"" if status in {204, 304} else body)


def record(number="1042", **fields):
    """A record of a list; what is None is left out."""
    whole = {"invoiceNumber": number, "invoiceDate": DATE, "status": "PAUSED", **fields}
    return {name: value for name, value in whole.items() if value is not None}


def listing(*records, **meta):
    """A list that confirms what was asked; ``meta`` changes what it says of itself."""

    def answer(query):
        said = {"totalCount": len(records), "filtersApplied": dict(query), **meta}
        said = {name: value for name, value in said.items() if value is not None}
        return raw(body={"metaData": said, "data": list(records)})

    return answer


RESET, SILENCE = object(), object()
"""In place of an answer: the connection is reset; or nothing comes."""


@define
class Answering:
    """What is answered, and what came in.

    Attributes:
        url: Where it listens.
        posts: The answers to invoices, in their order; the last one goes on.
        listed: Makes the answer to a question for a number from its query; by number, else ``default``.
        sent: The numbers of the invoices that came in.
        asked: The numbers that were asked for; None where a question named none.
    """

    url: str = ""
    posts: list[Any] = field(factory=lambda: [raw(body={"status": "PAUSED"})])
    listed: dict[str | None, Any] = field(factory=dict)
    default: Any = field(factory=listing)
    sent: list[int] = field(factory=list)
    asked: list[str | None] = field(factory=list)

    async def serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                top = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                head, *lines = top.split("\r\n")
                method, target, _ = head.split(" ")
                headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                answer = self.answer(method, target, body)
                if answer is RESET:
                    writer.transport.abort()
                    return
                if answer is not SILENCE:
                    writer.write(answer)
        writer.close()

    def answer(self, method, target, body):
        if method == "POST":
            self.sent.append(json.loads(body)["invoice"]["header"]["number"])
            return self.posts.pop(0) if len(self.posts) > 1 else self.posts[0]
        query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
        number = query.get("invoiceNumber")
        self.asked.append(number)
        said = self.listed.get(number, self.default)
        return said(query) if callable(said) else said


@contextlib.asynccontextmanager
async def answering():
    """Serves on loopback until the block ends."""
    service = Answering()
    handlers = set[asyncio.Task[Any]]()

    async def serve(reader, writer):
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        try:
            await service.serve(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        server.close()
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
