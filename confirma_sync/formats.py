"""What ``confirma_async.formats`` holds: both clients share it."""

from confirma_async.formats import *  # noqa: F403 (the same names)
