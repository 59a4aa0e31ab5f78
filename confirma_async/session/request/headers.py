"""The headers of a request: which are the SDK's own, and what may be added to them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from confirma_async._version import __version__
from confirma_async.errors import ConfigurationError
from confirma_async.privacy import Secret

RESERVED = frozenset({"x-api-key", "content-length", "transfer-encoding", "expect", "host"})
"""Headers, in lower case, that nobody but the SDK sets."""

_OWN = {"Accept": "application/json", "User-Agent": f"confirma-sdk/{__version__}"}

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*", re.ASCII)


class Headers(dict[str, str]):
    """All headers of a request. They hold the key, so that a repr shows their names only."""

    def __repr__(self) -> str:
        return f"<headers {', '.join(self)}>"


def headers_of(key: Secret, body: bytes | None, added: Mapping[str, str]) -> Headers:
    """Return the headers of a request.

    Args:
        key: Sent as ``X-Api-Key``.
        body: The encoded body, or None.
        added: Headers that were checked already.
    """
    headers = Headers(_OWN)
    headers["X-Api-Key"] = key.reveal()
    if body is not None:
        headers["Content-Type"] = "application/json"
    if added:
        headers.update(added)
    return headers


def check_added(headers: Mapping[str, str]) -> None:
    """Look over headers that are to be added to a request.

    Raises:
        ConfigurationError: one is the SDK's own, or cannot be carried by HTTP; its value is not shown.
    """
    for name, value in headers.items():
        if name.lower() in RESERVED:
            raise ConfigurationError(f"the header {name} is the SDK's own and cannot be set")
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ConfigurationError(
                f"the header {name!r} cannot be sent: a name is made of letters, digits and hyphens, "
                "and neither a name nor a value holds a line break"
            )
