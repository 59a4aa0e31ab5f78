"""A service that renews a token, a store that remembers, and calls with a key."""

import asyncio

from confirma_async import Secret
from confirma_async.contract import VALIDATE_TOKEN
from confirma_async.session.call_options import CallOptions
from confirma_async.session.tokens.credential import Credential, CredentialSet

OLD, NEW, OTHER = "old-token-1", "new-token-2", "other-token-3"
RENEWED = b'{"Message": "done", "apiAccessToken": "new-token-2"}'


class Shelf:
    """A store that remembers in which order it was asked, and fails when told to."""

    def __init__(self, token=OLD):
        self.token = token
        self.log = []
        self.full = False

    async def load(self):
        self.log.append("load")
        return Secret(self.token)

    async def save(self, token):
        self.log.append("save")
        await asyncio.sleep(0)
        if self.full:
            raise OSError(28, "No space left on device")
        self.token = token.reveal()


def validate(pipeline, **options):
    return pipeline.call(VALIDATE_TOKEN, options=CallOptions(**options))


def keys(source, **more):
    return CredentialSet(client=Credential(source), **more)
