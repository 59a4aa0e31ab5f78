"""The twin has what its original has: names, verbs, parameters."""

import ast
import inspect
from functools import cached_property
from pathlib import Path

import pytest

import confirma_async
import confirma_sync
import confirma_sync.formats
import confirma_sync.schemas
from confirma_async import bulk, formats, sandbox, schemas
from confirma_async.account import Account
from confirma_async.client import Confirma as Original
from confirma_sync.sandbox import Sandbox

RENAMED = {"aclose": "close"}
"""What the synchronous side calls otherwise, by the custom of Python."""

RESOURCES = sorted(name for name, value in vars(Account).items() if isinstance(value, cached_property))


def public(cls):
    return {RENAMED.get(name, name) for name in dir(cls) if not name.startswith("_")}


def pairs():
    original, twin = Original("key"), confirma_sync.Confirma("key")
    for name in RESOURCES:
        yield name, getattr(original, name), getattr(twin, name)


VERBS = [
    (f"{group}.{name}", getattr(type(original), name), getattr(type(twin), name, None))
    for group, original, twin in pairs()
    for name in sorted(public(type(original)))
    if inspect.isfunction(getattr(type(original), name)) and type(original) is not type(twin)
]


def test_it_has_every_public_name():
    assert set(dir(confirma_sync)) == set(dir(confirma_async))


def stub_names(package):
    stub = ast.parse(Path(package.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    return sorted(
        name.asname for each in stub.body if isinstance(each, ast.ImportFrom) for name in each.names
    )


def test_type_checkers_find_every_public_name_in_it():
    assert stub_names(confirma_sync) == stub_names(confirma_async)


@pytest.mark.parametrize("name", dir(confirma_sync))
def test_a_name_is_its_own_or_the_same_object(name):
    own = {"Confirma", "Creditors", "Pager", "Sandbox"}
    assert (getattr(confirma_sync, name) is getattr(confirma_async, name)) == (name not in own)
    assert name in dir(confirma_sync)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Konfirma'"):
        getattr(confirma_sync, "Konfirma")  # noqa: B009 (checkers know that it is not there)


def test_its_client_has_everything_that_the_original_has():
    assert public(Original("key")) <= public(confirma_sync.Confirma("key"))


def test_its_view_of_another_client_has_everything_that_the_original_has():
    original, twin = (cls("key").as_client("another") for cls in (Original, confirma_sync.Confirma))
    assert public(original) <= public(twin)
    assert inspect.signature(confirma_sync.Confirma.as_client) == inspect.signature(Original.as_client)


def test_its_sandbox_has_everything_that_the_original_has():
    assert public(sandbox.Sandbox()) <= public(Sandbox())


def test_there_are_verbs_to_compare():
    assert {"invoices.create", "bulk.submit"} <= {name for name, _, _ in VERBS}


@pytest.mark.parametrize(("original", "twin"), [pair[1:] for pair in VERBS], ids=[pair[0] for pair in VERBS])
def test_a_verb_has_its_twin_with_the_same_parameters(original, twin):
    assert twin is not None
    assert inspect.signature(twin) == inspect.signature(original)
    assert not inspect.iscoroutinefunction(twin)
    assert inspect.getdoc(twin) == inspect.getdoc(original)
    assert twin.__name__ == original.__name__
    assert twin.__module__.startswith("confirma_sync.")


@pytest.mark.parametrize("name", sorted(name for name in public(sandbox.Sandbox) if name != "close"))
def test_what_the_sandbox_does_has_the_same_parameters(name):
    original, twin = getattr(sandbox.Sandbox, name), getattr(Sandbox, name)
    if inspect.isfunction(original):
        assert inspect.signature(twin) == inspect.signature(original)
    else:
        assert inspect.getdoc(twin) == inspect.getdoc(original)


@pytest.mark.parametrize(
    ("original", "twin"),
    [(sandbox, confirma_sync.sandbox), (schemas, confirma_sync.schemas), (formats, confirma_sync.formats)],
    ids=["sandbox", "schemas", "formats"],
)
def test_a_module_that_both_have_holds_the_same_names(original, twin):
    names = set(getattr(original, "__all__"))  # noqa: B009 (some have it at run time only)
    assert names <= set(dir(twin))
    assert names == set(getattr(twin, "__all__", {name for name in dir(twin) if not name.startswith("_")}))


@pytest.mark.parametrize("name", ["Confirma", "Sandbox"])
def test_what_is_made_takes_the_same_parameters(name):
    assert inspect.signature(getattr(confirma_sync, name)) == inspect.signature(getattr(confirma_async, name))


GROUPS = ("invoices", "accounting", "onboarding")

INSIDE = {"opened"}
"""What the verbs of an outbox have of it, and nobody else."""


def test_its_outbox_has_what_the_original_has():
    original, twin = Original("key").outbox(), confirma_sync.Confirma("key").outbox()
    assert public(original) - INSIDE == public(twin) - {"original", "portal"}
    assert inspect.signature(confirma_sync.Confirma.outbox) == inspect.signature(Original.outbox)
    groups = [(original, twin), *((getattr(original, name), getattr(twin, name)) for name in GROUPS)]
    for given, its in groups:
        for name in public(type(given)) - INSIDE - {"close", "events"}:
            verb = getattr(type(given), name)
            if inspect.isfunction(verb):
                assert inspect.signature(getattr(type(its), name)) == inspect.signature(verb)


def test_a_stream_tells_what_its_original_tells():
    assert {"report"} == public(bulk.BulkStream) <= public(confirma_sync.bulk.BulkStream)
