"""The synchronous twin of ``confirma_async``: a stub for now.

It holds nothing yet. The same names, blocking, over one anyio portal, come with a later version; until then
use ``confirma_async`` under ``asyncio.run``.
"""
