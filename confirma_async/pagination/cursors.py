"""Cursors: where a listing goes on, as text that can be kept anywhere.

A cursor is opaque to its users. It names the listing and the filters that it belongs to, so that it is never
continued with another one, and the records at the seam, so that none of them is told twice.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import typing
from collections.abc import Hashable
from datetime import date

from attrs import evolve, field, frozen

from confirma_async.errors import Problem, RequestInvalidError


@frozen(kw_only=True)
class Cursor:
    """Where a listing goes on.

    Attributes:
        listing: The listing and its filters; see ``listing_id``.
        first: The first day that is still to come.
        last: The last day of the period.
        page: The page that comes next, for listings by page.
        seen: Digests of the records at the seam that were told already.
    """

    listing: str
    first: date | None = None
    last: date | None = None
    page: int | None = None
    seen: frozenset[str] = field(default=frozenset())

    def __str__(self) -> str:
        told = {
            "listing": self.listing,
            "first": self.first and self.first.isoformat(),
            "last": self.last and self.last.isoformat(),
            "page": self.page,
            "seen": sorted(self.seen),
        }
        compact = json.dumps({key: value for key, value in told.items() if value}, separators=(",", ":"))
        return base64.urlsafe_b64encode(compact.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str, listing: str) -> Cursor:
        """Read a cursor of the given listing.

        Raises:
            RequestInvalidError: it is none, or belongs to another listing or to other filters.
        """
        cursor = _parsed(text)
        if cursor is None:
            raise refused("this is no cursor; give one as a page of this listing told it")
        if cursor.listing != listing:
            raise refused("the cursor is of another listing or of other filters; repeat the call it is of")
        return cursor


def listing_id(name: str, *filters: object) -> str:
    """Return what a cursor belongs to: the verb, and a digest of the filters other than the period."""
    return f"{name}:{digest(filters)}"


def digest(identity: Hashable) -> str:
    """Return a short name for what tells one record from another; the same in every process."""
    return hashlib.blake2b(repr(identity).encode(), digest_size=8).hexdigest()


def _parsed(text: str) -> Cursor | None:
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        told: object = json.loads(decoded)
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    return _cursor_of(typing.cast("dict[str, object]", told))


def _cursor_of(told: dict[str, object]) -> Cursor | None:
    try:
        match told:
            case {"listing": str(listing), "page": int(page)}:
                return Cursor(listing=listing, page=page)
            case {"listing": str(listing), "first": str(first), "last": str(last)}:
                cursor = Cursor(
                    listing=listing, first=date.fromisoformat(first), last=date.fromisoformat(last)
                )
            case _:
                return None
    except ValueError:
        return None
    seen = told.get("seen", [])
    names = typing.cast("list[object]", seen) if isinstance(seen, list) else []
    return evolve(cursor, seen=frozenset(str(name) for name in names))


def refused(message: str) -> RequestInvalidError:
    """Make the error for a cursor that cannot be followed."""
    return RequestInvalidError("the query", [Problem("cursor", "cursor", message)])
