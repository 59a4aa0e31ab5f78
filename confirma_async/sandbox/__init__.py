"""The service on localhost: real HTTP, state in SQLite, a virtual clock, and faults on demand.

It is this project's reading of the vendor's public reference, never the vendor's service: where the
reference is silent, what the sandbox does is ours, and the module that does it says so.
"""

from confirma_async.sandbox import shared
from confirma_async.sandbox.server import Sandbox
from confirma_async.sandbox.shared import *  # noqa: F403

__all__ = ["Sandbox"]
__all__ += shared.__all__
