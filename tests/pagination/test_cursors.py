"""Cursors: kept as text, refused where they do not belong."""

import base64
import datetime

import pytest
from hypothesis import given, strategies as st

from confirma_async.errors import RequestInvalidError
from confirma_async.pagination.cursors import Cursor, digest, listing_id

names = st.frozensets(st.text("0123456789abcdef", min_size=16, max_size=16), max_size=3)


@given(first=st.dates(), last=st.dates(), seen=names)
def test_a_cursor_is_read_as_it_was_written(first, last, seen):
    cursor = Cursor(listing="payments.list:1", first=first, last=last, seen=seen)
    assert Cursor.parse(str(cursor), "payments.list:1") == cursor
    assert str(cursor).replace("-", "").replace("_", "").isalnum()


@given(page=st.integers(1, 10**9))
def test_a_page_is_read_as_it_was_written(page):
    cursor = Cursor(listing="invoices.distributions_v2:1", page=page)
    assert Cursor.parse(str(cursor), cursor.listing) == cursor


def test_a_cursor_of_another_listing_is_refused():
    cursor = Cursor(listing=listing_id("payments.list"), page=2)
    with pytest.raises(RequestInvalidError, match="another listing"):
        Cursor.parse(str(cursor), listing_id("payments.settlements"))


def test_other_filters_are_another_listing():
    assert listing_id("x", "1", None) == listing_id("x", "1", None)
    assert listing_id("x", "1", None) != listing_id("x", None, "1")


def packed(text):
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "abc",
        packed("[]"),
        packed("{}"),
        packed('{"listing":"x"}'),
        packed('{"listing":"x","page":"2"}'),
        packed('{"listing":"x","first":"2026-13-01","last":"2026-12-01"}'),
        packed('{"listing":5,"page":2}'),
    ],
)
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(RequestInvalidError, match="no cursor"):
        Cursor.parse(text, "x")


def test_a_digest_is_the_same_in_every_process():
    assert digest((7, "12", datetime.date(2026, 1, 1))) == "83e47b0ddd5c7e73"
