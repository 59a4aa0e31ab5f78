"""Whatever text of the packages names an option names one that exists: messages, help, docstrings."""

import ast
import re
from pathlib import Path

import pytest

from confirma_async.cli.app import confirma, every_command
from confirma_async.cli.flags import FLAGS, in_flags

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("confirma_async/**/*.py"), *ROOT.glob("confirma_sync/**/*.py")])
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


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


def test_parameters_of_a_remedy_become_options(options):
    assert {option for flags in FLAGS.values() for option in OPTION.findall(flags)} <= options
    output = "send less at once (concurrency=), name a file (key_file=), or pass trust_env=True to aiohttp"
    assert in_flags(output) == (
        "send less at once (--concurrency), name a file (--key-file), or pass trust_env=True to aiohttp"
    )
