"""A service that lists at once what it takes, on the clock of a loop, and what may become of an answer."""

import asyncio
import datetime
import email.utils
import json
from urllib.parse import parse_qs, urlsplit

from confirma_async.errors import Phase, TransportError
from confirma_async.session.transport import Response

SETTLE = 60.0


class Service:
    """Takes what it is sent, and lists it at once.

    Attributes:
        answers: What to do with the next post of a number, in place of taking it; the last goes on.
        ahead: Seconds by which its clock is ahead of this machine's.
    """

    ahead = 0.0

    def __init__(self, loop, **answers):
        self.loop = loop
        self.answers = {int(number[1:]): list(actions) for number, actions in answers.items()}
        self.posts = []
        self.asked = []
        self.records = []

    async def send(self, request):
        await asyncio.sleep(0.01)
        if request.method == "GET":
            return await self.list(request)
        header = json.loads(request.body)["invoice"]["header"]
        number = header["number"]
        self.posts.append(number)
        actions = self.answers.get(number, [])
        if not actions:
            self.take(number)
            return Response(200, {}, b'{"status": "PAUSED"}')
        action = actions.pop(0)
        return await action(self, number)

    def take(self, number, **fields):
        self.records.append(
            {
                "invoiceNumber": str(number),
                "invoiceDate": "2026-11-01",
                "status": "PAUSED",
                "createdAt": self.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                **fields,
            }
        )

    async def list(self, request):
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        number = query.get("invoiceNumber")
        self.asked.append(number)
        found = [
            record
            for record in self.records
            if number is None
            or (
                number == record["invoiceNumber"]
                and query["fromInvDate"] <= record["invoiceDate"] <= query["toInvDate"]
            )
        ]
        body = {"metaData": {"totalCount": len(found), "filtersApplied": query}, "data": found}
        return Response(200, {"Date": self.date()}, json.dumps(body).encode())

    def date(self):
        return email.utils.format_datetime(self.now(), usegmt=True)

    def now(self):
        """What its own clock says."""
        return datetime.datetime.fromtimestamp(self.loop.clock() + self.ahead, datetime.UTC)

    async def close(self):
        pass

    def count(self, number):
        return sum(record["invoiceNumber"] == str(number) for record in self.records)


async def reset(service, number):
    raise TransportError("reset", phase=Phase.NO_REPLY, broken=True)


def states(journal):
    return {(row.key.number, row.key.type): row.state for row in journal.rows()}


def detail(journal, number=1):
    return next(row.detail for row in journal.rows() if row.key.number == number)


async def source(*items):
    """Yields invoices; a number in between is a pause in seconds."""
    for item in items:
        if isinstance(item, (int, float)):
            await asyncio.sleep(item)
        else:
            yield item


HOUR, YEAR = 3600.0, 365 * 86400.0
