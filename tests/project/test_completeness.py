"""No endpoint is half there: each row of the table has all that a user of it meets."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache
from pathlib import Path

import pytest

import confirma_async
import confirma_sync
from confirma_async import Confirma
from confirma_async.contract import OPERATIONS
from confirma_async.pagination import Pager
from confirma_async.sandbox.handlers import HANDLERS

PACKAGE = Path(confirma_async.__file__).parent
ROOT = PACKAGE.parent

WITHOUT_A_RAW_VERB = {"onboarding.renew_token"}
"""A renewed token is in the answer and nowhere else, so that nothing hands that answer out as it came."""

ROWS = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.name)


@cache
def verbs_used_in(folder: Path) -> frozenset[str]:
    """Every ``resource.verb`` that the code of a folder reaches through a client."""
    return frozenset(
        f"{node.value.attr}.{node.attr}"
        for file in folder.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute)
    )


@pytest.fixture
async def verb(operation):
    resource, name = operation.name.split(".")
    async with Confirma("key", provisioning_token="token") as confirma:
        yield getattr(getattr(confirma, resource, None), name, None)


@ROWS
async def test_it_has_a_verb_that_says_where_it_is_documented(operation, verb):
    path = operation.path.removeprefix("/api/v1/partner")
    assert verb is not None
    assert re.search(r"contract §\d", verb.__doc__)
    assert f"``{path}``" in verb.__doc__ or "version 2" in verb.__doc__


@ROWS
async def test_its_verb_takes_the_options_of_every_verb(operation, verb):
    parameters = inspect.signature(verb).parameters
    wanted = {"timeout", "headers", "query", "retries", "strict"} | (
        {"validate"} if operation.request else set()
    )
    assert wanted <= parameters.keys()
    assert all(parameters[name].kind is inspect.Parameter.KEYWORD_ONLY for name in wanted)


@ROWS
async def test_its_list_can_be_continued(operation, verb):
    if inspect.iscoroutinefunction(verb):
        return
    assert isinstance(verb(), Pager)
    assert "cursor" in inspect.signature(verb).parameters


@ROWS
def test_it_has_a_blocking_twin(operation):
    resource, name = operation.name.split(".")
    with confirma_sync.Confirma("key", provisioning_token="token") as confirma:
        assert callable(getattr(getattr(confirma, resource), name))


@ROWS
async def test_its_raw_verb_gives_the_whole_answer(operation):
    resource, name = operation.name.split(".")
    wanted = operation.name not in WITHOUT_A_RAW_VERB
    async with Confirma("key", provisioning_token="token") as confirma:
        assert hasattr(getattr(confirma.raw, resource), name) == wanted
    with confirma_sync.Confirma("key", provisioning_token="token") as blocking:
        assert hasattr(getattr(blocking.raw, resource), name) == wanted


@ROWS
def test_the_sandbox_serves_it(operation):
    assert operation.name in HANDLERS


@ROWS
def test_the_command_line_has_a_way_in(operation):
    assert operation.name in verbs_used_in(PACKAGE / "cli")


@ROWS
def test_it_is_tested_over_a_real_socket(operation):
    assert operation.name in verbs_used_in(ROOT / "tests" / "e2e")


@ROWS
def test_its_request_and_its_answer_have_schemas(operation):
    assert (operation.request is not None) == (operation.method == "POST")
    assert (operation.query is None) or operation.method == "GET"
    assert operation.response.vendor_name


def test_what_is_missing_would_be_noticed():
    assert "invoices.destroy" not in verbs_used_in(PACKAGE / "cli")
    assert "invoices.destroy" not in verbs_used_in(ROOT / "tests" / "e2e")
