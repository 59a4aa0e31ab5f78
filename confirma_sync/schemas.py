"""What ``confirma_async.schemas`` holds: both clients share it."""

import confirma_async.schemas as shared
from confirma_async.schemas import *  # noqa: F403

__all__: list[str] = []
__all__ += shared.__all__
