"""What was refused in a way that proves little is looked up."""

import pytest
from late_lists import run_job

from confirma_async.bulk.models import State
from confirma_async.session.transport import Response
from tests.bulk.evidence.lookups.service import Service, detail, source, states


def refuses(status, *, takes=False):
    async def act(service, number):
        if takes:
            service.take(number)
        return Response(status, {}, b"{}")

    return act


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("status", [401, 429, 404])
def test_what_a_gateway_refused_is_looked_up_before_it_is_sent_again(
    in_virtual_time, journal, request_of, status, taken
):
    async def scenario(loop):
        service = Service(loop, n1=[refuses(status, takes=taken)])
        service.answers[1] *= 1 if status != 429 else 4
        first = await run_job(service, journal, source(request_of(1)))
        assert first.brake.reason
        await run_job(service, journal, source(request_of(1)))
        return service

    service = in_virtual_time(scenario)
    assert service.asked == ["1"]
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED
    assert service.count(1) == 1 or status == 429  # a gateway that lies so is believed within one call


def test_a_list_that_cannot_be_had_does_not_hold_up_what_surely_was_not_taken(
    in_virtual_time, journal, request_of
):
    class Deaf(Service):
        async def list(self, request):
            self.asked.append(1)
            return Response(403, {}, b"{}")

    async def scenario(loop):
        service = Deaf(loop, n1=[refuses(401)])
        await run_job(service, journal, source(request_of(1)))
        await run_job(service, journal, source(request_of(1)))
        return service

    service = in_virtual_time(scenario)
    assert (service.posts, len(service.asked)) == ([1, 1], 3)
    assert states(journal)[1, "INVOICE"] is State.ACCEPTED


@pytest.mark.parametrize("kind", ["REMINDER", "CREDIT_NOTE"])
@pytest.mark.parametrize("more", [{}, {"type": "INVOICE"}], ids=str)
def test_what_a_wrong_key_refused_is_sent_though_its_invoice_is_listed(
    in_virtual_time, journal, request_of, kind, more
):
    async def scenario(loop):
        class Typed(Service):
            def take(self, number, **fields):
                super().take(number, **more, **fields)

        service = Typed(loop)
        await run_job(service, journal, source(request_of(1)))
        service.answers[1] = [refuses(401)]
        assert (await run_job(service, journal, source(request_of(1, type=kind)))).brake.reason
        await run_job(service, journal, source(request_of(1, type=kind)))

    in_virtual_time(scenario)
    assert states(journal)[1, kind] is State.ACCEPTED, detail(journal)
