"""Links of documents: which of them lead to a PDF, and so can be attached."""

from __future__ import annotations

from urllib.parse import urlsplit

from confirma_async.validation.values.internet import url_fault


def is_pdf_link(url: str) -> bool:
    """Say whether a text is a link that can be sent as it is, and whose path ends as that of a PDF does."""
    return url_fault(url) is None and urlsplit(url).path.lower().endswith(".pdf")
