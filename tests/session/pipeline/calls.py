"""A call that writes, one that reads, and what may become of them."""

from confirma_async.contract import CREATE_INVOICE, VALIDATE_TOKEN
from confirma_async.errors import Phase, TransportError
from confirma_async.session.call_options import CallOptions

BODY = b'{"invoice": {}}'
NOT_SENT = TransportError("refused", phase=Phase.NOT_SENT)
NO_REPLY = TransportError("reset", phase=Phase.NO_REPLY)
VALID = b'{"isValid": true}'


def create(pipeline, **options):
    return pipeline.call(CREATE_INVOICE, BODY, options=CallOptions(**options))


def validate(pipeline, **options):
    return pipeline.call(VALIDATE_TOKEN, options=CallOptions(**options))
