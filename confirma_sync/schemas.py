"""What ``confirma_async.schemas`` holds: both clients share it."""

from confirma_async.schemas import *  # noqa: F403 (the same names)
