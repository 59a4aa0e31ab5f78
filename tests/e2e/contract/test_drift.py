"""Answers that are not as the contract says, over a real socket."""

import datetime
import logging

import pytest

import confirma_sync
from confirma_async import Drift, Hook
from confirma_async.errors import NotFoundError, ResponseDecodeError
from tests.services.standin import stand_in

ODD = [
    {"caseId": 1, "invoiceNumber": "1", "bookingDate": "2026-11-02"},
    {"caseId": 2, "invoiceNumber": "2", "bookingDate": "yesterday"},
]
DRIFT = Drift("$[].bookingDate", "an ISO 8601 date, or date-time with its offset", "text", 1)


class Watch(Hook):
    def __init__(self):
        self.seen = []

    def after_call(self, history):
        self.seen += history.drift


@pytest.fixture
async def odd_service():
    async with stand_in(lambda *_: ODD) as service:
        yield service


async def test_drift_is_told_by_the_client_to_hooks_and_once_in_the_log(odd_service, caplog):
    watch = Watch()
    with caplog.at_level(logging.WARNING, "confirma_async"):
        async with odd_service.client(hooks=[watch]) as confirma:
            for _ in range(2):
                payments = await confirma.payments.list()
                assert [payment.case_id for payment in payments] == [1, 2]
                assert payments[1].extra == {"bookingDate": "yesterday"}
            assert confirma.drift == {"payments.list": [Drift(DRIFT.path, DRIFT.expected, "text", 2)]}
    assert watch.seen == [DRIFT, DRIFT]
    (record,) = [record for record in caplog.records if "as the contract says" in record.getMessage()]
    assert (record.operation, record.path, record.found) == ("payments.list", "$[].bookingDate", "text")
    assert "yesterday" not in record.getMessage()


async def test_strictness_is_of_a_client_or_of_a_call(odd_service):
    async with odd_service.client(strict=True) as confirma:
        with pytest.raises(ResponseDecodeError, match=r"\$\[1\]\.bookingDate"):
            await confirma.payments.list()
        assert len(await confirma.payments.list(strict=False)) == 2
    async with odd_service.client() as confirma:
        with pytest.raises(ResponseDecodeError):
            await confirma.payments.list(strict=True)


async def test_the_twin_tells_the_same(odd_service):
    import asyncio

    def ask():
        with confirma_sync.Confirma("the-key", base_url=odd_service.url) as confirma:
            return confirma.payments.list().fetch(), confirma.drift

    payments, drift = await asyncio.to_thread(ask)
    assert len(payments) == 2
    assert drift == {"payments.list": [DRIFT]}


async def test_records_that_can_be_read_are_told_before_the_error_of_one_that_must_not_be_guessed():
    answer = [*ODD, {"caseId": "three"}]
    async with stand_in(lambda *_: answer) as service, service.client() as confirma:
        pages = confirma.payments.list().pages()
        assert [payment.case_id for payment in await anext(pages)] == [1, 2]
        with pytest.raises(ResponseDecodeError, match=r"\$\[2\]\.caseId"):
            await anext(pages)


@pytest.mark.parametrize("nothing", [204, 404, 200, []])
async def test_a_list_may_say_in_several_ways_that_there_is_nothing(nothing):
    async with stand_in(lambda *_: nothing) as service, service.client() as confirma:
        assert await confirma.payments.list() == ()
        if nothing != []:
            assert (await confirma.payments.settlements()).settlements == ()
            assert (await confirma.accounting.payment_statuses()).payments == ()


async def test_a_path_that_is_a_reading_of_ours_is_not_taken_for_an_empty_list():
    async with stand_in(lambda *_: 404) as service, service.client() as confirma:
        with pytest.raises(NotFoundError):
            await confirma.operations.finvoice_credentials("0737546-2")
        with pytest.raises(NotFoundError):
            await confirma.payments.list(strict=True)


async def test_extra_query_parameters_and_retries_are_of_every_verb():
    async with stand_in(lambda *_: []) as service, service.client() as confirma:
        await confirma.payments.list(
            from_date=datetime.date(2026, 11, 1),
            to_date=datetime.date(2026, 11, 2),
            query={"status": "all", "deep": True},
            headers={"X-Reason": "test"},
        )
        ((_, _, query),) = service.asked
        assert query == {"fromDate": "2026-11-01", "toDate": "2026-11-02", "status": "all", "deep": "true"}
        assert service.headers[0]["X-Reason"] == "test"
