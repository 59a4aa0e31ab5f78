"""Cursors: where a listing goes on, as text that can be kept anywhere.

A cursor is opaque to its users. It names the listing and the filters that it belongs to, so that it is never
continued with another one, and the records in the overlap of two windows, so that none is returned twice.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Hashable
from datetime import date

from attrs import field, frozen

from confirma_async.errors import ConfigurationError, Problem, RequestInvalidError


@frozen(kw_only=True)
class Cursor:
    """Where a listing goes on.

    Attributes:
        listing: The listing and its filters; see ``listing_id``.
        first: The first day that is still to come.
        last: The last day of the period.
        page: The page that comes next, for listings by page.
        seen: Digests of the records in the overlap that were returned already.
    """

    listing: str
    first: date | None = None
    last: date | None = None
    page: int | None = None
    seen: frozenset[str] = field(default=frozenset())

    def __str__(self) -> str:
        contents = {
            "listing": self.listing,
            "first": self.first and self.first.isoformat(),
            "last": self.last and self.last.isoformat(),
            "page": self.page,
            "seen": sorted(self.seen),
        }
        compact = json.dumps({key: value for key, value in contents.items() if value}, separators=(",", ":"))
        return base64.urlsafe_b64encode(compact.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str, listing: str) -> Cursor:
        """Read a cursor of the given listing.

        Raises:
            RequestInvalidError: it is none, or belongs to another listing or to other filters.
        """
        cursor = _parsed(text)
        if cursor is None:
            raise bad_cursor("this is no cursor; give one as a page of this listing told it")
        if cursor.listing != listing:
            raise bad_cursor("the cursor is of another listing or of other filters; repeat the call it is of")
        return cursor


def listing_id(name: str, *filters: object) -> str:
    """Return what a cursor belongs to: the verb, and a digest of the filters other than the period."""
    return f"{name}:{digest(filters)}"


def digest(identity: Hashable) -> str:
    """Return a short name for what tells one record from another; the same in every process."""
    return hashlib.blake2b(repr(identity).encode(), digest_size=8).hexdigest()


def _parsed(text: str) -> Cursor | None:
    from confirma_async.converters.strict import StrictConverter  # only where a listing goes on

    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = StrictConverter().read(json.loads(decoded), Cursor, "the cursor")
    except (ValueError, RecursionError, ConfigurationError):
        return None
    return cursor if cursor.page or (cursor.first and cursor.last) else None


def bad_cursor(message: str) -> RequestInvalidError:
    """Make the error for a cursor that cannot be followed."""
    return RequestInvalidError("the query", [Problem("cursor", "cursor", message)])
