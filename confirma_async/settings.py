"""Where calls go and with which key: environments, base URLs, environment variables."""

from __future__ import annotations

import enum
import ipaddress
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from attrs import field, frozen

from confirma_async.credentials import checked
from confirma_async.errors import ConfigurationError
from confirma_async.privacy import Secret

API_KEY_VARIABLE = "CONFIRMA_API_KEY"
PROVISIONING_TOKEN_VARIABLE = "CONFIRMA_PROVISIONING_TOKEN"  # noqa: S105 (its name)
ENVIRONMENT_VARIABLE = "CONFIRMA_ENVIRONMENT"
BASE_URL_VARIABLE = "CONFIRMA_BASE_URL"


class Environment(enum.Enum):
    """The vendor's two environments (contract §1, documented). A token belongs to one of them."""

    STAGING = "https://staging-integrations.confirmafinance.com"
    PRODUCTION = "https://integrations.confirmafinance.com"


def _secret(key: str | Secret | None) -> Secret | None:
    return None if key is None else checked(key)


@frozen(kw_only=True)
class Settings:
    """Where calls go, and the keys they carry. No key ever shows in a repr.

    Attributes:
        api_key: The client's token for ``X-Api-Key``; None where there is none, or none that is text.
        provisioning_token: The partner's token for onboarding clients.
        environment: One of the vendor's environments; STAGING unless given.
        base_url: Scheme, host and port to call instead of the environment's; ``http://`` only on loopback.

    Raises:
        ConfigurationError: a key or the URL cannot be used, or the URL is that of the other environment.
    """

    api_key: Secret | None = field(default=None, converter=_secret)
    provisioning_token: Secret | None = field(default=None, converter=_secret)
    environment: Environment = Environment.STAGING
    base_url: str = ""

    def __attrs_post_init__(self) -> None:
        url = check_base_url(self.base_url) if self.base_url else self.environment.value
        _refuse_the_other(self.environment, url)
        object.__setattr__(self, "base_url", url)

    @classmethod
    def from_env(cls, variables: Mapping[str, str] | None = None) -> Settings:
        """Read the environment variables.

        CONFIRMA_API_KEY is the client's token, CONFIRMA_PROVISIONING_TOKEN the partner's; one of them must be
        there. CONFIRMA_ENVIRONMENT is staging or production, CONFIRMA_BASE_URL another place to call.

        Raises:
            ConfigurationError: a variable is missing or says something else.
        """
        found = os.environ if variables is None else variables
        key, provisioning = found.get(API_KEY_VARIABLE), found.get(PROVISIONING_TOKEN_VARIABLE)
        if not key and not provisioning:
            raise ConfigurationError(
                f"there is no API key: set {API_KEY_VARIABLE} "
                f"(or {PROVISIONING_TOKEN_VARIABLE}, to onboard clients only)"
            )
        environment, base_url = target_from_env(found)
        return cls(
            api_key=key or None,
            provisioning_token=provisioning or None,
            environment=environment,
            base_url=base_url,
        )


def _refuse_the_other(environment: Environment, url: str) -> None:
    """Refuse a URL that contradicts the environment: production must be said."""
    for other in Environment:
        if other is not environment and urlsplit(url).hostname == urlsplit(other.value).hostname:
            raise ConfigurationError(
                f"the base URL is that of {other.name.lower()}, but the environment is "
                f"{environment.name.lower()}; leave the base URL out, or name the other environment "
                "(a key belongs to one of them)"
            )


def target_from_env(variables: Mapping[str, str]) -> tuple[Environment, str]:
    """Read where calls go: the environment, and the base URL to call.

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


_USUAL_PORTS = {"http": 80, "https": 443}


def check_base_url(url: str) -> str:
    """Return the base URL without a trailing slash.

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
    name = parts.hostname.rstrip(".")  # one service has one URL: what was sent is known by it
    host = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in {None, _USUAL_PORTS[parts.scheme]} else "")


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
