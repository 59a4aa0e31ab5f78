"""Reads the contents of an answer, up to a limit."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import StreamReader, hdrs


async def read_contents(reader: StreamReader, headers: Mapping[str, str], limit: int) -> tuple[bytes, bool]:
    """Return the contents of an answer, and whether they were cut off.

    Contents whose Content-Length is beyond the limit are not read at all.

    Args:
        reader: The stream of the contents.
        headers: The headers of the answer.
        limit: Bytes that are read at most, after decompression.
    """
    declared = headers.get(hdrs.CONTENT_LENGTH)
    if declared is not None and int(declared) > limit:
        return b"", True
    if reader.is_eof():  # as nearly always: they came together with the head
        whole = reader.read_nowait()
        return whole[:limit], len(whole) > limit
    contents = bytearray()
    async for chunk in reader.iter_any():
        contents += chunk
        if len(contents) > limit:
            return bytes(contents[:limit]), True
    return bytes(contents), False
