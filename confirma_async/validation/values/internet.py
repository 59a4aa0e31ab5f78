"""E-mail addresses, by email-validator, and links."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

from confirma_async.validation.libraries import load

_REMEMBERED = 8192

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv6 addresses that stand for IPv4 ones (RFC 6052)."""

_PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]{1,20}(\.[a-z0-9_+-]{1,20}){0,2}@([a-z0-9]{1,25}(-[a-z0-9]{1,25})?\.){1,3}([a-z]{2,20})",
    re.ASCII | re.IGNORECASE,
)
"""The form of nearly every address, far within what one may be; looked at in a tenth of the time."""


@lru_cache(_REMEMBERED)
def email_fault(address: str) -> str | None:
    """Return what is wrong with an e-mail address.

    No name server is asked, so nothing leaves this machine.
    """
    emails = load("email_validator")
    if emails is None:
        return None
    plain = _PLAIN_EMAIL.fullmatch(address)
    if plain and plain[4].lower() not in emails.SPECIAL_USE_DOMAIN_NAMES:
        return None
    try:
        # test_environment lets .test domains pass: test data must not need addresses of real people.
        # The contract names the W3C form, which has ASCII alone before the @.
        emails.validate_email(
            address, check_deliverability=False, test_environment=True, allow_smtputf8=False
        )
    except emails.EmailNotValidError:
        return "must be an e-mail address, such as name@example.com; correct it"
    return None


@lru_cache(_REMEMBERED)
def url_fault(url: str) -> str | None:
    """Return what is wrong with a link."""
    try:
        parts = urlsplit(url)
        web = parts.scheme in {"http", "https"} and bool(parts.hostname)
        fits = web and parts.port != 0 and url.isprintable()  # asking for the port looks at it
    except ValueError:
        fits = False
    return None if fits and " " not in url else "must be an absolute URL with http:// or https://; correct it"


def is_private_address(address: str) -> bool:
    """Say whether an IP address is not of the public internet: loopback, link-local, private, or reserved.

    Args:
        address: The address, as sockets have it.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        within = found.ipv4_mapped or found.sixtofour or (found.teredo and found.teredo[1])
        if found in _NAT64:
            within = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if within:
            return not within.is_global or within.is_multicast
    return not found.is_global or found.is_multicast


def is_private_host(host: str) -> bool:
    """Say whether a host is not of the public internet, by its name alone: no name server is asked."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return is_private_address(name)
    except ValueError:
        return False
