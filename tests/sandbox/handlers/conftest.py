"""An invoice whose case is open."""

import pytest


@pytest.fixture
async def invoiced(partner, sandbox, make_invoice):
    """Invoice 1042 over 150.00, due on 15 March, under payment control since 2 March."""
    await partner.post(make_invoice())
    sandbox.clock.advance(hours=2)
    return partner
