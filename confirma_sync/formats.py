"""The names of ``confirma_async.formats``, which both clients share."""

from confirma_async.formats import *  # noqa: F403 (the same names)
