"""The outbox from threads, over a real socket."""

import threading
from concurrent.futures import ThreadPoolExecutor

from confirma_async import Verdict
from confirma_sync.sandbox import Fault

CREATE = "invoices.create"


def numbers(sandbox):
    return sorted(invoice.number for invoice in sandbox.invoices())


def test_many_threads_send_each_of_their_invoices_once(confirma, sandbox, journal, wire_invoice):
    with confirma.outbox(journal=journal) as outbox, ThreadPoolExecutor(16) as threads:
        twice = [*range(1, 41), *range(1, 41)]
        outcomes = [*threads.map(lambda n: outbox.invoices.create(wire_invoice(n), key=f"o-{n}"), twice)]
        assert outbox.journal == str(journal)
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert numbers(sandbox) == list(range(1, 41))
    assert sandbox.requests[CREATE] == 40


def test_a_lost_answer_is_settled_from_another_thread(confirma, sandbox, journal, wire_invoice):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=CREATE)
    with confirma.outbox(journal=journal, settle_seconds=0) as outbox:
        lost = outbox.invoices.create(wire_invoice(1))
        looking = threading.Thread(target=outbox.look_up)
        looking.start()
        looking.join()
        known = outbox.invoices.create(wire_invoice(1))
    assert [lost.verdict, known.verdict] == [Verdict.UNKNOWN, Verdict.ACCEPTED]
    assert sandbox.requests[CREATE] == 1


def test_closing_waits_for_what_threads_have_under_way(confirma, sandbox, journal, wire_invoice, seen):
    sandbox.faults.add(Fault.LATENCY, operation=CREATE, seconds=0.3)
    outcomes = []
    outbox = confirma.outbox(journal=journal)
    with outbox:
        thread = threading.Thread(target=lambda: outcomes.append(outbox.invoices.create(wire_invoice(1))))
        thread.start()
        seen(CREATE)
    thread.join()
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED]


def test_its_events_are_iterated_by_a_thread(confirma, sandbox, journal, wire_invoice):
    with confirma.outbox(journal=journal) as outbox:
        events = outbox.events()
        outbox.invoices.create(wire_invoice(1), key="order-1")
    assert [(event.key, event.verdict) for event in events] == [("order-1", Verdict.ACCEPTED)]
    assert events.missed == 0


def test_other_writes_have_their_twins(confirma, sandbox, journal):
    with confirma.outbox(journal=journal, settle_seconds=0) as outbox:
        outbox.accounting.submit_ledger({"ledgerIdentifier": "L-1"}, validate=False)
        outbox.look_up()
        known = outbox.accounting.submit_ledger({"ledgerIdentifier": "L-1"}, validate=False)
    assert (known.verdict, known.resumed) == (Verdict.ACCEPTED, True)
