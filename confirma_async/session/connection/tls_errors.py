"""Explains why a TLS certificate was not accepted, and what to do."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

_TRUST = (
    "if your network inspects traffic, have its certificate installed on this machine "
    "(SSL_CERT_FILE names a file of certificates to trust); otherwise do not send anything"
)
_CLOCK = "check the date of this machine; if it is right, do not send anything and ask the vendor"

_FAULTS: Mapping[int, tuple[str, str]] = {
    9: ("the certificate is not valid yet", _CLOCK),
    10: ("the certificate has expired", _CLOCK),
    18: ("the certificate is signed by itself, and nobody trusted vouches for it", _TRUST),
    19: ("the certificate is vouched for by nobody that this machine trusts", _TRUST),
    20: ("the certificate is vouched for by nobody that this machine trusts", _TRUST),
    21: ("the certificate is vouched for by nobody that this machine trusts", _TRUST),
    62: ("the certificate is of another host", "check the base URL; do not send anything to this host"),
    64: ("the certificate is of another host", "check the base URL; do not send anything to this host"),
}
"""The meaning of the codes of OpenSSL's verification."""


def fault_of(error: Exception) -> tuple[str, str]:
    """Return what is wrong with a certificate, and what to do, by the error of the connection."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return "the certificate was not accepted", _TRUST
    unlisted = f"the certificate was not accepted ({error.verify_message})"
    return _FAULTS.get(error.verify_code, (unlisted, _TRUST))
