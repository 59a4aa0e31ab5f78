"""Makes the headers of a request, and checks those that a caller or a hook adds."""

from __future__ import annotations

import re
from collections.abc import Mapping

from confirma_async._version import __version__
from confirma_async.errors import ConfigurationError
from confirma_async.privacy import Secret

RESERVED = frozenset({"x-api-key", "content-length", "transfer-encoding", "expect", "host"})
"""The headers, in lower case, that only the SDK sets."""

_OWN = {"Accept": "application/json", "User-Agent": f"confirma-sdk/{__version__}"}

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*", re.ASCII)


class Headers(dict[str, str]):
    """All headers of a request. They hold the key, so a repr shows only their names."""

    def __repr__(self) -> str:
        return f"<headers {', '.join(self)}>"


def headers_of(key: Secret, body: bytes | None, added: Mapping[str, str]) -> Headers:
    """Return the headers of a request.

    Args:
        key: The key, which is sent as ``X-Api-Key``.
        body: The encoded body, or None.
        added: Headers to add, which ``check_added`` has checked.
    """
    headers = Headers(_OWN)
    headers["X-Api-Key"] = key.reveal()
    if body is not None:
        headers["Content-Type"] = "application/json"
    if added:
        headers.update(added)
    return headers


def check_added(headers: Mapping[str, str]) -> None:
    """Check headers that are to be added to a request.

    Raises:
        ConfigurationError: the SDK sets one itself, or HTTP cannot carry it; its value is not shown.
    """
    for name, value in headers.items():
        if name.lower() in RESERVED:
            raise ConfigurationError(f"the header {name} is the SDK's own and cannot be set")
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ConfigurationError(
                f"the header {name!r} cannot be sent: a name is made of letters, digits and hyphens, "
                "and neither a name nor a value holds a line break"
            )
