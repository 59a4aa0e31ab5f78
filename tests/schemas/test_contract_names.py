"""Wire names and their marks, against a second list that was held against the wire contract name by name.

``contract_names.txt`` has the names of every schema by their mark: D, E or P. A name or a mark that changes
in one place only is a mistake in one of the two: look it up in the contract, never copy from the code.
"""

from pathlib import Path

import attrs
import pytest

from confirma_async.contract import schema_classes
from confirma_async.converters import wire_names
from confirma_async.schemas.wire import EVIDENCE

LIST = Path(__file__).with_name("contract_names.txt")


def written():
    """What the list says: the mark of each name, by class."""
    found: dict[str, dict[str, str]] = {}
    for line in LIST.read_text(encoding="utf-8").replace("\n    ", " ").splitlines():
        if line and not line.startswith("#"):
            head, _, names = line.partition(":")
            cls, _, mark = head.partition(" ")
            found.setdefault(cls, {}).update(dict.fromkeys(names.split(), mark))
    return found


WRITTEN = written()


def test_the_list_names_every_schema():
    assert WRITTEN.keys() == schema_classes().keys()


@pytest.mark.parametrize("name", WRITTEN)
def test_a_schema_has_the_names_and_marks_of_the_contract(name):
    cls = schema_classes()[name]
    reported = {
        wire: attrs.fields_dict(cls)[attribute].metadata[EVIDENCE].value
        for attribute, wire in wire_names(cls).items()
    }
    assert reported == WRITTEN[name]
