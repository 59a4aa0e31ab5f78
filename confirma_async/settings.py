"""Where calls go and with which key: environments, base URLs, environment variables."""

from __future__ import annotations

import enum
import ipaddress
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from attrs import field, frozen

from confirma_async.errors import ConfigurationError

API_KEY_VARIABLE = "CONFIRMA_API_KEY"
ENVIRONMENT_VARIABLE = "CONFIRMA_ENVIRONMENT"
BASE_URL_VARIABLE = "CONFIRMA_BASE_URL"


class Environment(enum.Enum):
    """The vendor's two environments (contract §1, documented). A token belongs to one of them."""

    STAGING = "https://staging-integrations.confirmafinance.com"
    PRODUCTION = "https://integrations.confirmafinance.com"


@frozen(kw_only=True)
class Settings:
    """Where calls go, and the key they carry. The key never shows in a repr.

    Attributes:
        api_key: The token for ``X-Api-Key``.
        environment: One of the vendor's environments; STAGING unless said otherwise.
        base_url: Scheme, host and port to call instead of the environment's; ``http://`` only on loopback.

    Raises:
        ConfigurationError: there is no usable key or URL.
    """

    api_key: str = field(repr=False)
    environment: Environment = Environment.STAGING
    base_url: str = ""

    def __attrs_post_init__(self) -> None:
        _check_key(self.api_key)
        url = check_base_url(self.base_url) if self.base_url else self.environment.value
        object.__setattr__(self, "base_url", url)

    @classmethod
    def from_env(cls, variables: Mapping[str, str] | None = None) -> Settings:
        """Reads CONFIRMA_API_KEY, CONFIRMA_ENVIRONMENT (staging or production) and CONFIRMA_BASE_URL.

        Raises:
            ConfigurationError: a variable is missing or says something else.
        """
        found = os.environ if variables is None else variables
        key = found.get(API_KEY_VARIABLE, "")
        if not key:
            raise ConfigurationError(f"there is no API key: set {API_KEY_VARIABLE}")
        environment, base_url = target_from_env(found)
        return cls(api_key=key, environment=environment, base_url=base_url)


def target_from_env(variables: Mapping[str, str]) -> tuple[Environment, str]:
    """Reads where calls go: the environment, and the base URL to call.

    Raises:
        ConfigurationError: a variable says something that cannot be used.
    """
    name = variables.get(ENVIRONMENT_VARIABLE) or Environment.STAGING.name
    try:
        environment = Environment[name.strip().upper()]
    except KeyError:
        raise ConfigurationError(f"{ENVIRONMENT_VARIABLE} must be staging or production") from None
    base_url = variables.get(BASE_URL_VARIABLE)
    return environment, check_base_url(base_url) if base_url else environment.value


def _check_key(key: str) -> None:
    if not key:
        raise ConfigurationError("the API key must not be empty")
    if not key.isascii() or not key.isprintable() or key != key.strip():
        raise ConfigurationError(
            "the API key holds a character that no HTTP header can carry, or a space at an end; "
            "copy it again without line breaks"
        )


def check_base_url(url: str) -> str:
    """Returns the base URL without a trailing slash.

    Raises:
        ConfigurationError: it is no URL of a host, carries a path or a password, or is plain HTTP to a
            host other than this machine.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError(
            "the base URL cannot be read; write https://host or https://host:port"
        ) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError("the base URL must start with https:// and name a host")
    if parts.username or parts.password:
        raise ConfigurationError("the base URL must not carry a user name or password")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ConfigurationError(
            "the base URL must be scheme, host and port only; paths come from the contract"
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ConfigurationError(
            "the base URL is plain http://, which would send the API key in the clear; "
            "use https:// (http:// is accepted only for this machine itself)"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
