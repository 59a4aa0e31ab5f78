"""What a job knows of its invoices."""

from __future__ import annotations

import hashlib

import pytest

from confirma_async.bulk.models import DIGEST_BYTES, digest_of


@pytest.mark.parametrize("size", [0, 1, 2047, 2048, 5000, 65_535, 65_536, 200_000])
def test_a_digest_is_the_same_however_long_the_body_is(size):
    body = bytes(range(256)) * (size // 256 + 1)
    assert digest_of(body[:size]) == hashlib.sha256(body[:size]).digest()[:DIGEST_BYTES]
