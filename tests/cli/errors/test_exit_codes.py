"""Exit codes of errors."""

import pytest

from confirma_async import errors
from confirma_async.cli.errors.exit_codes import Exit, of_error
from confirma_async.errors import error_class


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigurationError("x"), Exit.USAGE),
        (errors.RequestInvalidError("x", []), Exit.REJECTED),
        (errors.TransportError("x", phase=errors.Phase.NOT_SENT), Exit.PAUSED),
        (errors.TransportError("x", phase=errors.Phase.NOT_SENT, lasting=True), Exit.USAGE),
        (errors.TransportError("x", phase=errors.Phase.NO_REPLY), Exit.PAUSED),
        (errors.OutcomeUnknownError("x"), Exit.UNKNOWN),
        (errors.ResponseDecodeError("x").of("invoices.create", ()), Exit.UNKNOWN),
        (errors.ResponseDecodeError("x").of("payments.list", ()), Exit.REJECTED),
        (errors.JournalError("x"), Exit.USAGE),
        (errors.AmbiguousAddressError([]), Exit.REJECTED),
    ],
)
def test_an_error_has_its_code(error, code):
    assert of_error(error) is code


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Exit.REJECTED),
        (401, Exit.USAGE),
        (402, Exit.REJECTED),
        (403, Exit.USAGE),
        (404, Exit.REJECTED),
        (408, Exit.PAUSED),
        (409, Exit.REJECTED),
        (422, Exit.REJECTED),
        (429, Exit.PAUSED),
        (500, Exit.PAUSED),
        (501, Exit.REJECTED),
        (503, Exit.PAUSED),
    ],
)
def test_a_status_has_its_code(status, code):
    assert of_error(error_class(status)(status)) is code
