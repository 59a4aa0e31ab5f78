"""A list that decides about an invoice: whatever prevents asking for it is a failed call."""

import datetime

import pytest

from confirma_async import Confirma
from confirma_async.bulk.evidence.observations import asked_list
from confirma_async.contract import Overrides
from confirma_async.errors import Phase, ResponseDecodeError, TransportError
from confirma_async.sandbox import Sandbox
from tests.services.standin import stand_in

DAY = datetime.date(2026, 11, 2)


async def test_overrides_that_no_call_can_carry_are_a_failed_call():
    overrides = Overrides(query={"invoices.distributions": {"invoiceNumber": "1"}})
    async with Sandbox() as sandbox, Confirma("key", base_url=sandbox.url, overrides=overrides) as confirma:
        with pytest.raises(TransportError, match=r"cannot be asked: .*invoiceNumber") as caught:
            await asked_list(confirma.invoices, DAY, DAY, 7)
    assert caught.value.phase is Phase.NOT_SENT


async def test_no_word_of_the_answer_is_passed_over():
    answer = {"data": [{"invoiceNumber": "7", "invoiceDate": ["yesterday"]}]}
    async with stand_in(lambda *_: answer) as service, service.client() as confirma:
        with pytest.raises(ResponseDecodeError, match="invoiceDate"):
            await asked_list(confirma.invoices, DAY, DAY, 7)
