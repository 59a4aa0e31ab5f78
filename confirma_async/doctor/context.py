"""The setup that is checked, and the results of earlier checks."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from attrs import define, field, frozen

from confirma_async import bounds
from confirma_async.bounds import within
from confirma_async.contract import Overrides
from confirma_async.privacy import Secret
from confirma_async.session.transport import Response
from confirma_async.settings import Environment


@frozen(kw_only=True)
class Setup:
    """What is examined.

    Attributes:
        variables: The settings, under the names of the environment variables.
        key_file: A file that holds the key, instead of the variable.
        overrides: Corrections of provisional paths and names.
        timeout: Seconds for each step over the network; above 0 and at most a day.
        folder: Where journals will be kept.
        ssl_context: TLS settings of one's own, as given to the client.
        now: Returns the time of this machine, in seconds since 1970.
    """

    variables: Mapping[str, str] = field(factory=lambda: dict(os.environ), repr=False)
    key_file: Path | None = None
    overrides: Overrides = field(factory=Overrides)
    timeout: float = field(default=10.0, validator=within(bounds.TIMEOUT))
    folder: Path | None = None
    ssl_context: ssl.SSLContext | None = None
    now: Callable[[], float] = time.time


@define
class Context:
    """One examination.

    Attributes:
        setup: What is examined.
        key: The API key, once it was found to be usable.
        environment: The environment that the settings name, once read.
        base_url: Where calls will go, once read.
        answer: The service's answer to a request without a key.
        answered_at: When that answer came, by this machine's clock; seconds since 1970.
    """

    setup: Setup
    key: Secret | None = None
    environment: Environment = Environment.STAGING
    base_url: str = ""
    answer: Response | None = None
    answered_at: float = 0.0

    @property
    def host(self) -> str:
        """The host that calls will go to."""
        return self._parts.hostname or ""

    @property
    def port(self) -> int:
        """The port that calls will go to."""
        return self._parts.port or (443 if self.is_tls else 80)

    @property
    def is_tls(self) -> bool:
        """Whether calls will be encrypted."""
        return self._parts.scheme == "https"

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.base_url)
