"""What the package shows of itself, and what it does not load unasked."""

import ast
import importlib
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import confirma_async
import confirma_sync
from confirma_async import schemas

PACKAGE = Path(confirma_async.__file__).parent
TWIN = Path(confirma_sync.__file__).parent

LAYERS = [
    {"_version", "files", "privacy", "signatures"},
    {"errors", "schemas"},
    {"bounds", "converters", "credentials"},
    {"validation", "contract", "pagination", "settings"},
    {"accounts", "formats", "session"},
    {"comparison", "resources", "sandbox", "telemetry"},
    {"bulk"},
    {"mirror", "outbox"},
    {"account"},
    {"client"},
    {"creditors", "doctor"},
    {"cli"},
]
"""The house, from the ground up: a room imports from floors below its own, or from itself."""

FLOOR_OF = {room: floor for floor, rooms in enumerate(LAYERS) for room in rooms}


def imported(file):
    """The rooms of our own that a file imports from."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        modules = []
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module]
            if node.module == "confirma_async":
                modules = [f"confirma_async.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        for module in modules:
            first, _, rest = module.partition(".")
            if first == "confirma_async" and rest:
                yield rest.partition(".")[0]


def test_no_import_runs_upward():
    upward = []
    for file in PACKAGE.rglob("*.py"):
        room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        upward += [
            f"{file.relative_to(PACKAGE)} imports {other}"
            for other in imported(file)
            if other != room and FLOOR_OF[other] >= FLOOR_OF[room]
        ]
    assert not upward


def test_every_room_has_its_floor():
    rooms = {
        path.name.removesuffix(".py")
        for path in PACKAGE.iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.name != "__init__.py"
    }
    assert rooms == set(FLOOR_OF)


def test_contributors_are_told_the_same_layers():
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("| Layer |")[2].partition("\n\n")[0]
    reported = [set(re.findall(r"`([\w.]+)`", row.split("|")[1])) for row in table.splitlines()[2:]]
    assert reported[::-1] == [*(floor - {"_version"} for floor in LAYERS), {"confirma_sync"}]


def test_only_the_transport_and_the_sandbox_import_aiohttp():
    importing = {
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(alias.name == "aiohttp" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "aiohttp")
    }
    assert "session/connection/http.py" in importing
    outside = {name for name in importing if not name.startswith(("sandbox/", "session/connection/"))}
    assert outside == {"client.py"}  # it names aiohttp's types only


def leaves_out(statements, module):
    """Whether a program of these statements runs, and has not loaded a module in the end."""
    code = f"import sys; {statements}; sys.exit({module!r} in sys.modules)"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("module", ["confirma_async.schemas", "confirma_async.converters", "confirma_sync"])
def test_data_alone_does_not_load_aiohttp(module):
    assert leaves_out(f"import {module}", "aiohttp")


@pytest.mark.parametrize(
    "spare",
    [
        "tomllib",
        "confirma_async.converters.errors",
        "confirma_async.resources",
        "confirma_async.schemas.sales_invoice.invoice",
    ],
)
def test_a_client_loads_only_what_it_needs(spare):
    client = "from confirma_async import Confirma; Confirma('key')"
    assert leaves_out(client, spare)


@pytest.mark.parametrize(
    "spare", ["psycopg", "procrastinate", "confirma_async.bulk.machines", "confirma_async.bulk.postgres"]
)
def test_a_job_over_a_file_loads_nothing_of_databases(spare):
    job = "import confirma_async.bulk, confirma_async.cli.commands.jobs.sending.submit"
    assert leaves_out(job, spare)


@pytest.mark.parametrize("spare", ["bulk", "outbox", "mirror", "comparison", "resources", "formats"])
def test_a_client_that_blocks_loads_as_little(spare):
    client = "from confirma_sync import Confirma; Confirma('key')"
    assert leaves_out(client, f"confirma_async.{spare}")


@pytest.mark.parametrize("name", dir(schemas))
def test_every_schema_is_there(name):
    assert getattr(schemas, name) is not None
    assert name in dir(schemas)


@pytest.mark.parametrize("name", dir(confirma_async))
def test_every_public_name_is_there(name):
    assert getattr(confirma_async, name) is not None
    assert name in dir(confirma_async)


def test_a_name_that_is_not_there_is_an_attribute_error():
    for package in (confirma_async, schemas):
        with pytest.raises(AttributeError, match=r"attribute .?Konfirma"):
            getattr(package, "Konfirma")  # noqa: B009 (checkers know that it is not there)


def test_every_module_can_be_imported_alone():
    for file in [*PACKAGE.rglob("*.py"), *TWIN.rglob("*.py")]:
        if file.name != "__main__.py":
            parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
            importlib.import_module(".".join(part for part in parts if part != "__init__"))


def test_the_asynchronous_package_imports_nothing_of_its_twin():
    sources = [file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py")]
    assert not [
        source for source in sources if "import confirma_sync" in source or "from confirma_sync" in source
    ]


def test_types_are_shipped():
    assert (PACKAGE / "py.typed").exists()
    assert (TWIN / "py.typed").exists()


def test_no_class_name_means_two_things():
    names = Counter(
        node.name.removeprefix("_")
        for file in PACKAGE.rglob("*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    )
    assert {name for name, count in names.items() if count > 1} == {
        "Accounting",  # the vendor's name of a schema, and of the page that a resource stands for
        "Origins",  # a port, and what each format has for it
    }


BOOLEANS = ("bool", "Awaitable[bool]", "Coroutine[Any, Any, bool]", "TypeGuard", "TypeIs")
"""Beginnings of annotations of what is true or false."""


def promises_what_it_does_not_return(text, returned):
    """Whether a docstring begins with the return of something that the annotation contradicts."""
    if text.startswith(("Return ", "Yield ")):
        return returned in {"None", "NoReturn", "Never"}
    return text.startswith("Say whether") and not returned.startswith(BOOLEANS)


@pytest.mark.parametrize(
    ("text", "returned", "wrong"),
    [
        ("Return the row of a charge.", "None", True),
        ("Fill in the row of a charge.", "None", False),
        ("Yield the rows.", "None", True),
        ("Say whether TLS works.", "Finding", True),
        ("Say whether TLS works.", "Awaitable[bool]", False),
    ],
)
def test_a_docstring_is_held_against_the_annotation(text, returned, wrong):
    assert promises_what_it_does_not_return(text, returned) is wrong


def test_no_docstring_promises_what_its_function_does_not_return():
    functions = (
        (file, node, node.returns)
        for package in (PACKAGE, TWIN)
        for file in package.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None
    )
    assert not [
        f"{file.relative_to(PACKAGE.parent)}:{node.lineno} {node.name}"
        for file, node, returned in functions
        if promises_what_it_does_not_return(ast.get_docstring(node) or "", ast.unparse(returned))
    ]
