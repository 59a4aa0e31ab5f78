"""The connection of the queue, and of the rate."""

import pytest

from confirma_async.bulk.machines.planned_journal import open_planned
from confirma_async.bulk.machines.queue import QueueConnector, unreachable
from tests.bulk.postgres.proxy import Proxy


async def test_a_line_that_goes_silent_is_given_up_and_the_next_question_has_another(postgres):
    open_planned(postgres).close()
    proxy = Proxy(postgres)
    connector = QueueConnector(proxy.url, patience_seconds=0.2)

    async def ask():
        return await connector.ask_at_the_rate("SELECT 1 AS one", {})

    try:
        assert await ask() == [{"one": 1}]
        proxy.loses = "silence"
        with pytest.raises(unreachable):
            await ask()
        assert await ask() == [{"one": 1}]
    finally:
        await connector.close_async()
        proxy.close()


@pytest.mark.parametrize("name", ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"])
async def test_a_transaction_of_the_queue_whose_process_stands_still_is_ended(postgres, name):
    open_planned(postgres).close()
    connector = QueueConnector(postgres)
    try:
        query = f"SELECT current_setting('{name}') AS ended"
        for asked in (connector.execute_query_all_async(query), connector.ask_at_the_rate(query, {})):
            assert (await asked)[0]["ended"] in {"20s", "10s"}
    finally:
        await connector.close_async()
