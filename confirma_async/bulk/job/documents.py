"""The documents of an invoice, loaded or fetched as it is sent."""

from __future__ import annotations

import asyncio

from confirma_async.bulk.models import Entry
from confirma_async.formats.attached import attachments
from confirma_async.formats.attached.attachments import AttachedUrl
from confirma_async.session.download import DownloadError, Downloads, TooLargeError


async def with_documents(entry: Entry, downloads: Downloads) -> bytes:
    """Return the body of an entry, with its documents in place of their placeholders.

    Raises:
        RequestInvalidError: a document cannot be loaded, or has changed since the record was read.
    """
    body = entry.body
    for each in entry.placeholders:
        attached = each.attached
        if isinstance(attached, AttachedUrl):
            data = await _fetched(attached, downloads)
        else:
            data = await asyncio.to_thread(attached.load, each.digest)
        body = await asyncio.to_thread(each.replaced, body, data)
    return body


async def _fetched(attached: AttachedUrl, downloads: Downloads) -> bytes:
    try:
        data = await downloads.fetch(attached.url, attachments.LARGEST_ATTACHMENT, private=attached.private)
    except TooLargeError:
        raise attached.too_large() from None
    except DownloadError as error:
        raise attached.not_fetched(str(error)) from None
    attached.verify(data)
    return data
