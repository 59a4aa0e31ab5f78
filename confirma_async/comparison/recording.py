"""The same comparison out of ordinary traffic: a sample of the answers, and no value of any."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path

import msgspec
from attrs import define, field

from confirma_async.comparison.findings import ContractComparison
from confirma_async.comparison.observing import AnswerObservations
from confirma_async.contract import OPERATIONS, RENEW_TOKEN, Overrides
from confirma_async.converters import Converter
from confirma_async.errors import ResponseDecodeError
from confirma_async.files import write_durably
from confirma_async.session.call_record import CallRecord
from confirma_async.session.transport import Response

FIRST = 20
"""Answers of each operation that are looked at, whatever comes; after them one of ``EVERY``."""
EVERY = 100
LARGEST = 256 * 1024
"""Bytes of an answer that is looked at; of larger ones, only the first few."""
FEW = 3


@define
class Recorder:
    """Looks at the answers of a client, and writes down what they show of the contract.

    Attributes:
        file: Where it is written to when the client is closed: a comparison as JSON.
        converter: Reads under the names in force.
        overrides: Where lists stand.
    """

    file: Path
    converter: Converter
    overrides: Overrides
    _counts: Counter[str] = field(init=False, factory=Counter[str])
    _observations: AnswerObservations = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._observations = AnswerObservations(self.converter, self.overrides)

    def seen(self, record: CallRecord, response: Response) -> None:
        """Look at an answer, if it is one of the sample."""
        name = record.operation.name
        count = self._counts[name] = self._counts[name] + 1
        is_sampled = count <= FIRST or count % EVERY == 0
        is_known = name in OPERATIONS and name != RENEW_TOKEN.name
        is_small = len(response.body) <= LARGEST or count <= FEW
        if is_sampled and is_known and is_small and response.body.strip():
            with contextlib.suppress(ResponseDecodeError):
                self._observations.note(OPERATIONS[name], self.converter.parse(response.body))

    def comparison(self) -> ContractComparison:
        """Return what was seen so far."""
        return ContractComparison(source="recorded traffic", findings=[*self._observations.findings()])

    def write(self) -> None:
        """Write it down.

        Raises:
            OSError: the file cannot be written.
        """
        found = msgspec.json.encode(self.comparison().to_dict())
        write_durably(self.file, msgspec.json.format(found, indent=2))
