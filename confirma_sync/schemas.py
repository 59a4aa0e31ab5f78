"""The names of ``confirma_async.schemas``, which both clients share."""

from confirma_async.schemas import *  # noqa: F403 (the same names)
