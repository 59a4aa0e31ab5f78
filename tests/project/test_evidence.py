"""Nothing provisional reads like the vendor's word: not in a docstring, not on a page."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import attrs
import pytest

import confirma_async
from confirma_async.contract import OPERATIONS, schema_classes
from confirma_async.converters import wire_names
from confirma_async.schemas import (
    CalculationMode,
    DistributionMethod,
    EntityType,
    Evidence,
    ServiceType,
)
from confirma_async.schemas.wire import EVIDENCE
from tests.project import packages

PACKAGE = Path(confirma_async.__file__).parent
ROOT = PACKAGE.parent
PAGES = [ROOT / "README.md", *packages.PAGES]

IS_MARKED = re.compile(r"provisional|\b(?:our|project's) reading|\b(?:ours|assumed|our own)\b", re.IGNORECASE)
"""The words by which a reader learns that a fact is not the vendor's."""


def names_known_as(*evidence):
    return {
        wire
        for cls in schema_classes().values()
        for attribute, wire in wire_names(cls).items()
        if attrs.fields_dict(cls)[attribute].metadata[EVIDENCE] in evidence
    }


def provisional_facts():
    """Paths, and wire names that are provisional wherever they stand; a plain word might be prose."""
    known = names_known_as(Evidence.DOCUMENTED, Evidence.EXAMPLE)
    names = {name for name in names_known_as(Evidence.PROVISIONAL) - known if not name.islower()}
    paths = {
        operation.path.removeprefix("/api/v1/partner")
        for operation in OPERATIONS.values()
        if operation.evidence is Evidence.PROVISIONAL
    }
    return re.compile("|".join(rf"(?<![\w/]){re.escape(fact)}(?![\w/])" for fact in sorted(names | paths)))


FACTS = provisional_facts()


def docstrings():
    for file in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text:
                    yield f"{file.relative_to(PACKAGE)}: {getattr(node, 'name', 'module')}", text


def test_there_is_something_to_look_for():
    assert FACTS.search("the `unitPrice` of a row")
    assert FACTS.search("GET ``/finvoice/credentials``")
    assert not FACTS.search("the `dueDate`, the rows and their data")
    assert not IS_MARKED.search("the vendor says so, while reading your own records")


def test_no_docstring_states_a_provisional_fact_without_its_mark():
    assert [where for where, text in docstrings() if FACTS.search(text) and not IS_MARKED.search(text)] == []


def unmarked(text):
    """The provisional facts of a page that neither their own section nor the introduction of the page marks.

    What a block of code names is for the page as a whole to mark.
    """
    prose = re.sub(r"(?ms)^(`{3,}|~{3,}).*?^\1", "", text)
    introduction, *sections = re.split(r"(?m)^(?=##+ )", prose)
    parts = [text] if IS_MARKED.search(introduction) else [text, introduction, *sections]
    return [
        (part.strip().splitlines()[0], fact)
        for part in parts
        if not IS_MARKED.search(part)
        for fact in sorted(set(FACTS.findall(part)))
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_states_a_provisional_fact_without_its_mark(page):
    assert unmarked(page.read_text(encoding="utf-8")) == []


def test_a_mark_in_another_section_does_not_count():
    page = "# All\n\n## One\n\nProvisional.\n\n## Two\n\n`unitPrice`\n\n```json\n## grossAmount\n```\n"
    assert unmarked(page) == [("## Two", "unitPrice")]
    assert unmarked(page.replace("# All", "# All\n\nWhat is not shown is provisional.", 1)) == []
    assert unmarked("```json\n{}\n```\n".format('{"unitPrice": 1}')) != []


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.name)
def test_a_verb_says_where_its_path_comes_from(operation):
    resource, verb = operation.name.split(".")
    home = importlib.import_module(f"confirma_async.resources.{resource}")
    text = getattr(getattr(home, resource.capitalize()), verb).__doc__
    assert re.search(r"contract §\d", text)
    assert ("provisional" in text) >= (operation.evidence is Evidence.PROVISIONAL)


@pytest.mark.parametrize("cls", schema_classes().values(), ids=lambda cls: cls.__name__)
def test_a_schema_with_provisional_names_says_so(cls):
    marks = [item.metadata[EVIDENCE] for item in attrs.fields(cls) if item.name != "extra"]
    if Evidence.PROVISIONAL in marks:
        assert IS_MARKED.search(cls.__doc__)


@pytest.mark.parametrize("words", [CalculationMode, DistributionMethod, EntityType, ServiceType])
def test_words_that_the_vendor_does_not_show_are_marked(words):
    assert "provisional" in words.__doc__
