"""What ``confirma_async.formats`` holds: both clients share it."""

import confirma_async.formats as shared
from confirma_async.formats import *  # noqa: F403

__all__: list[str] = []
__all__ += shared.__all__
