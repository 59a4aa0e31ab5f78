"""Whatever text of the packages names an option or a command names one that exists, and the library none.

What the library says of its parameters and calls, the command line says of its options and commands.
"""

import ast
import pkgutil
import re
from pathlib import Path

import pytest

from confirma_async.cli.app import confirma, every_command
from confirma_async.cli.flags import COMMANDS, FLAGS, in_flags

ROOT = Path(__file__).parents[3]
SOURCES = sorted([*ROOT.glob("confirma_async/**/*.py"), *ROOT.glob("confirma_sync/**/*.py")])
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


COMMAND = re.compile(r"\bconfirma [a-z]")
PARAMETER = re.compile(r"(?<=[ (])([a-z_]+)=(?=[ ),]|\.(?!\.)|$|'\w+')")


def told_by(source, what):
    """What a pattern finds in the string constants of a source, docstrings aside, each with its line."""
    tree = ast.parse(source)
    documents = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in documents and isinstance(node.value, str):
            for found in what.findall(node.value):
                yield node.lineno, found


def told_by_the_library(what):
    """What a pattern finds in the messages of the library, by where it stands there."""
    return {
        f"{path.relative_to(ROOT)}:{line}": found
        for path in SOURCES
        if path.relative_to(ROOT).parts[1] != "cli"
        for line, found in told_by(path.read_text(encoding="utf-8"), what)
    }


def named_in(source):
    """The options that string constants of a source name, each with its line; parts of f-strings too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for option in OPTION.findall(node.value):
                yield node.lineno, option


@pytest.fixture(scope="module")
def named():
    """The options that each source names, with their lines."""
    return {path: list(named_in(path.read_text(encoding="utf-8"))) for path in SOURCES}


@pytest.fixture(scope="module")
def options():
    commands = [confirma, *(command for _, command in every_command())]
    parameters = [parameter for command in commands for parameter in command.params]
    named = {option for parameter in parameters for option in (*parameter.opts, *parameter.secondary_opts)}
    return named | {"--help"}


def test_options_are_found_in_messages_docstrings_and_f_strings():
    source = '"""Takes --one."""\nx = f"{y}--no {y} (--two, --three-four=5)"  # --comment\nz = "a--b"\n'
    assert list(named_in(source)) == [(1, "--one"), (2, "--no"), (2, "--two"), (2, "--three-four")]


def test_every_option_that_a_text_names_exists(named, options):
    wrong = [
        f"{path.relative_to(ROOT)}:{line} names {option}"
        for path, found in named.items()
        for line, option in found
        if option not in options
    ]
    assert not wrong


def test_a_library_speaks_of_parameters(named):
    speaking = {path.relative_to(ROOT).parts[1] for path, found in named.items() if found}
    assert speaking == {"cli"}


def test_commands_are_found_in_messages_and_not_in_docstrings():
    source = '"""Like confirma one."""\nx = f"{y}; confirma two"\nz = "Confirma three confirma"\n'
    assert list(told_by(source, COMMAND)) == [(2, "confirma t")]


def test_a_library_speaks_of_calls():
    assert told_by_the_library(COMMAND) == {}


PLACES = {
    "bulk": "confirma_async.bulk.Bulk",
    "bulk.sqlite.keeping": "confirma_async.bulk.sqlite.keeping",
    "contract": "confirma_async.comparison.access.ContractAccess",
    "formats": "confirma_async.formats",
    "journal": "confirma_async.bulk.Journal",
    "mirror": "confirma_async.mirror.Mirror",
    "onboarding": "confirma_async.resources.onboarding.Onboarding",
    "outbox": "confirma_async.outbox.Outbox",
}
"""What a call is a call of."""


@pytest.mark.parametrize("call", COMMANDS)
def test_a_call_of_a_remedy_exists_and_so_does_its_command(call):
    place, verb = call.partition("(")[0].rsplit(".", 1)
    assert callable(getattr(pkgutil.resolve_name(PLACES[place]), verb))
    assert COMMANDS[call] in {" ".join(["confirma", *words]) for words, _ in every_command()}


def test_calls_of_a_remedy_become_commands():
    output = "mirror.sync() reads it, as bulk.submit(..., retry='changed') does, but not a.mirror.sync()"
    assert in_flags(output) == (
        "confirma mirror sync reads it, as confirma retry does, but not a.mirror.sync()"
    )


IN_PYTHON_ALONE = {"now": "the moment of a run is that of the command"}
"""Parameters that a message names and no command takes, each with what makes that right."""


def test_parameters_are_found_that_a_message_names():
    source = 'x = f"say a=, or give {y} its b= (c=) with d=\'all\'"\nz = "e=f s=\\"1\\" (g = 1) h=?"\n'
    assert [found for _, found in told_by(source, PARAMETER)] == ["a", "b", "c", "d"]


def test_every_parameter_that_a_message_names_has_an_option():
    named = told_by_the_library(PARAMETER)
    assert {name for name in named.values() if name not in FLAGS} == IN_PYTHON_ALONE.keys()


def test_a_parameter_of_a_remedy_keeps_its_value():
    assert in_flags("say retry='changed', or nothing='else'") == "say --retry changed, or nothing='else'"


def test_parameters_of_a_remedy_become_options(options):
    assert {option for flags in FLAGS.values() for option in OPTION.findall(flags)} <= options
    output = "send less at once (concurrency=), name a file (key_file=), or pass trust_env=True to aiohttp"
    assert in_flags(output) == (
        "send less at once (--concurrency), name a file (--key-file), or pass trust_env=True to aiohttp"
    )
