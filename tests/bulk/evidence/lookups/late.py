"""A service whose list is late, and what it may say."""

import json
import time
from urllib.parse import parse_qs, urlsplit

from confirma_async.bulk.journal.records import Resolution
from confirma_async.bulk.models import State
from confirma_async.session.transport import Response
from tests.bulk.evidence.lookups.service import Service, reset


class Late(Service):
    """Lists invoices in the order in which it took them, ``late`` seconds after that."""

    late = 0.0

    def take(self, number, **fields):
        super().take(number, **fields)
        self.taken_at = [*getattr(self, "taken_at", []), self.loop.time()]

    async def list(self, request):
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        number = query.get("invoiceNumber")
        self.asked.append(number)
        found = [
            record
            for record, at in zip(self.records, getattr(self, "taken_at", []), strict=True)
            if number in {None, record["invoiceNumber"]} and at + self.late <= self.loop.time()
        ]
        body = {"metaData": {"totalCount": len(found), "filtersApplied": query}, "data": found}
        return Response(200, {}, json.dumps(body).encode())


async def arrives_unheard(service, number):
    service.take(number)
    await reset(service, number)


def says(status, body, *, takes=False):
    async def act(service, number):
        if takes:
            service.take(number)
        return Response(status, {}, json.dumps(body).encode())

    return act


def absent(journal, number, later=3600.0):
    """What ``confirma resolve --is absent`` writes down."""
    row = next(row for row in journal.rows() if row.key.number == number)
    resolution = Resolution(position=row.position, state=State.PENDING, note="asked", at=time.time() + later)
    with journal.transaction():
        journal.resolve(resolution)
