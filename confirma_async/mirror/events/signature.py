"""Signs delivered events, and verifies the signatures for a receiver.

``Confirma-Signature: t=1793600000,v1=<hex>`` is an HMAC-SHA256, under the secret that both sides share, of
the time, a full stop, and the body. The time prevents that somebody who recorded a delivery repeats it later.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time

from confirma_async.errors import ConfirmaError
from confirma_async.privacy import Secret

HEADER = "Confirma-Signature"
"""The HTTP header that holds the signature."""

TOLERANCE = 300.0
"""The default for how many seconds the time of a signature may differ from the present."""

_FORM = re.compile(r"t=(\d{1,12})((?:,v1=[0-9a-f]{64})+)", re.ASCII)


class SignatureError(ConfirmaError):
    """The signature of a delivery is wrong, its contents were changed, or it is too old."""


def sign(body: bytes, secret: str | Secret, now: float | None = None) -> str:
    """Return the value of ``Confirma-Signature`` for a body.

    Args:
        body: The body, exactly as it is sent.
        secret: The secret that sender and receiver share.
        now: Seconds since 1970; the present time unless given.
    """
    at = int(time.time() if now is None else now)
    return f"t={at},v1={_digest(body, Secret(secret), at)}"


def verify(
    body: bytes,
    header: str,
    secret: str | Secret,
    *,
    tolerance_seconds: float = TOLERANCE,
    now: float | None = None,
) -> None:
    """Check that a body was signed with the secret, and that the signature is recent.

    Args:
        body: The raw body, byte for byte as it was received.
        header: The value of ``Confirma-Signature``. It may hold several signatures while a secret is changed.
        secret: The secret that sender and receiver share.
        tolerance_seconds: Seconds by which the signature's time may differ from ``now``.
        now: Seconds since 1970; the present time unless given.

    Raises:
        SignatureError: no signature fits, or none is recent enough.
    """
    form = _FORM.fullmatch(header.strip())
    if form is None:
        raise SignatureError(f"{HEADER} holds no signature of the form t=...,v1=...")
    at = int(form[1])
    own = _digest(body, Secret(secret), at)
    signatures = form[2].removeprefix(",v1=").split(",v1=")
    if not any(hmac.compare_digest(own, each) for each in signatures):
        raise SignatureError("the signature is not of this body under this secret")
    age = (time.time() if now is None else now) - at
    if not abs(age) <= tolerance_seconds:  # so that what is no number lets nothing pass
        raise SignatureError(
            f"the delivery was signed {age:.0f} s ago, and {tolerance_seconds:.0f} s are allowed"
        )


def _digest(body: bytes, secret: Secret, at: int) -> str:
    return hmac.new(secret.reveal().encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
