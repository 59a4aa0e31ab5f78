"""Taken means placed: whatever a document says is in the request, in a remark, or refused by name."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from confirma_async.converters import Converter
from confirma_async.formats import BadRecord, ReadInvoice, ReadOptions, assign, read, scan

CONVERTER = Converter()
ROOT = Path(__file__).parents[3]
EXAMPLES = [ROOT / "examples" / "ubl" / "invoice.xml", ROOT / "examples" / "ubl" / "credit-note.xml"]
HERE = Path(__file__).parent / "documents"
PUBLIC = sorted((ROOT.parent / "shared" / "data").glob("*/*.xml"))
PATHS = [*EXAMPLES, *sorted(HERE.glob("*.xml")), *PUBLIC]


def token(text: str, index: int) -> str:
    """Another value of the same kind that stands nowhere else."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return f"19{10 + index % 80}-06-05"
    if re.fullmatch(r"\d{8}", text):
        return f"19{10 + index % 80}0605"
    if re.fullmatch(r"-?\d+([.,]\d+)?", text):
        return f"{7_770_000 + index}{',50' if ',' in text else '.50' if '.' in text else ''}"
    return f"Xy{index}zzy"


def spellings(text: str) -> set[str]:
    """How a value may be written once it is placed."""
    plain = text.replace(",", ".")
    day = f"{text[:4]}-{text[4:6]}-{text[6:]}" if re.fullmatch(r"\d{8}", text) else text
    return {text, plain, plain.removesuffix(".50"), day, text.upper()}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_value_is_placed_told_or_refused(path, tmp_path):
    tree = ET.parse(path)
    numbers = assign((seen.identity for seen in scan(path)), 900_000)
    changed = tmp_path / "in.xml"
    lost = []
    leaves = [element for element in tree.iter() if not len(element) and (element.text or "").strip()]
    for index, element in enumerate(leaves):
        before = element.text or ""
        element.text = token(before.strip(), index)
        tree.write(changed, encoding="utf-8", xml_declaration=True)
        (record,) = read(changed, ReadOptions(numbers=numbers))
        if isinstance(record, ReadInvoice):
            said = str(CONVERTER.unstructure(record.request)) + " ".join(record.remarks)
            if not any(spelling in said for spelling in spellings(element.text)):
                lost.append(element.tag.rpartition("}")[2])
        else:
            assert isinstance(record, BadRecord)
            assert all(problem.path for problem in record.problems)
        element.text = before
    assert lost == []
