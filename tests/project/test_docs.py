"""Every example of README, CONTRIBUTING and the docs is run, and its output compared where one is shown.

How an example is run:

- A ``python`` block is a script of its own; ``await`` may stand outside of a function. Functions named
  ``test_...`` are called. A ``text`` block right after it shows its output.
- In a ``console`` block, lines after ``$`` are commands for the shell, and the lines below a command are its
  output. A command must end with 0, unless ``$ echo $?`` comes next and shows another code. A plain command
  of ``confirma`` runs in this process; what the shell has a part in (a pipe, a variable) runs in a shell.
- A block with a caption is a file of that name, there for all examples of its page.
- ``...`` in an output stands for anything.

The environment variables point to a sandbox, so that what is written for the service runs here.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import doctest
import inspect
import io
import logging
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import field, frozen

import confirma_sync
from confirma_async import Sandbox
from confirma_async.cli.app import confirma, every_command, run
from tests.project import packages

ROOT = packages.ROOT
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *packages.PAGES])
FENCE = re.compile(r"^```(?P<word>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
CAPTION = re.compile(r"\A:caption: (?P<name>\S+)\n+")
SHOWN_WITHOUT_RUNNING = frozenset({"text"})
VARIABLES = frozenset({"CONFIRMA_API_KEY", "CONFIRMA_BASE_URL", "CONFIRMA_ENVIRONMENT"})
RULE_ID = re.compile(r"\"((?:arrow|attachment|csv|excel|json|table|xml|job|number|credit-note)\.[a-z-]+)\"")
PLAIN = re.compile(r"[\w\s./-]*")
"""What the shell would hand to a command as it is."""
SECONDS = 180
"""After which an example is taken to hang."""
PYTEST = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p pytest_asyncio.plugin"}
"""What examples of pytest load of the plugins that are installed here: the others take twice as long."""


@frozen
class Block:
    page: Path
    line: int
    kind: str
    body: str
    output: str | None = None
    files: dict[str, str] = field(factory=dict)

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    found = list(FENCE.finditer(text))
    files = {}
    for match in found:
        caption = CAPTION.match(match["body"])
        if caption:
            files[caption["name"]] = match["body"][caption.end() :]
    for match, following in zip(found, [*found[1:], None], strict=False):  # a page may have none
        word = match["word"].strip()
        if word.startswith("{") or CAPTION.match(match["body"]):
            continue
        output = None
        if following is not None and following["word"] == "text":
            between = text[match.end() : following.start()]
            output = following["body"] if not between.strip() else None
        yield Block(page, text.count("\n", 0, match.start()) + 1, word, match["body"], output, files)


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def assert_shown(shown: str, printed: str) -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.OutputChecker().check_output(shown, printed, flags), (
        f"shown:\n{shown}\nprinted:\n{printed}"
    )


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """What an example does to the loggers stays in it."""
    found = [logging.getLogger(), logging.getLogger("confirma_async")]
    before = [(logger.handlers[:], logger.level, logger.propagate) for logger in found]
    yield
    for logger, (handlers, level, propagate) in zip(found, before, strict=True):
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate


def prepare(
    block: Block, desk: Path, sandbox: Sandbox | confirma_sync.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, contents in block.files.items():
        (desk / name).write_text(contents, encoding="utf-8")
    monkeypatch.setenv("CONFIRMA_API_KEY", sandbox.api_key)
    monkeypatch.setenv("CONFIRMA_PROVISIONING_TOKEN", sandbox.provisioning_token)
    monkeypatch.setenv("CONFIRMA_BASE_URL", sandbox.url)
    monkeypatch.delenv("CONFIRMA_ENVIRONMENT", raising=False)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.kind == "python"], ids=str)
async def test_python(block: Block, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "\n" * block.line + block.body  # so that a traceback names the line of the page
    code = compile(source, str(block.page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    names: dict[str, object] = {"__name__": "__main__"}
    printed = io.StringIO()
    async with Sandbox() as sandbox:
        prepare(block, desk, sandbox, monkeypatch)
        with contextlib.redirect_stdout(printed):
            async with asyncio.timeout(SECONDS):
                if code.co_flags & inspect.CO_COROUTINE:
                    await types.FunctionType(code, names)()
                else:  # it brings a loop of its own, or needs none
                    await asyncio.to_thread(exec, code, names)
                for name, function in list(names.items()):
                    if name.startswith("test_") and inspect.iscoroutinefunction(function):
                        await function()
                    elif name.startswith("test_") and inspect.isfunction(function):
                        await asyncio.to_thread(function)
    if block.output is not None:
        assert_shown(block.output, printed.getvalue())


@frozen
class Command:
    line: str
    output: str


def commands_of(block: Block) -> list[Command]:
    first, *parts = re.split(r"^\$ ", block.body, flags=re.MULTILINE)
    assert not first, f"{block}: a console block begins with a command"
    return [Command(line, output) for line, _, output in (part.partition("\n") for part in parts)]


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.kind == "console"], ids=str)
def test_console(
    block: Block, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = commands_of(block)
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    with confirma_sync.Sandbox() as sandbox:
        prepare(block, desk, sandbox, monkeypatch)
        for command, following in zip(commands, [*commands[1:], None], strict=True):
            if command.line == "echo $?":
                continue
            expected = int(following.output) if following and following.line == "echo $?" else 0
            code, reported = done(command.line, capsys)
            assert code == expected, f"{command.line}\n{reported}"
            if command.output.strip() and not command.line.startswith("make "):
                assert_shown(command.output, reported)


def done(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code of a command line, and what it told."""
    if line.startswith("export "):
        assert line.removeprefix("export ").partition("=")[0] in VARIABLES
        return 0, ""
    if line.startswith("make "):
        return in_a_shell(f"make --dry-run --directory {ROOT} {line.removeprefix('make ')}")
    if line.startswith("confirma sandbox"):
        return ended_by_ctrl_c(line)
    plain, _, target = line.partition(" > ")
    if not line.startswith("confirma ") or not PLAIN.fullmatch(plain + target):
        return in_a_shell(line)
    code = run(shlex.split(plain)[1:])
    reported = capsys.readouterr()
    if target:
        Path(target).write_text(reported.out, encoding="utf-8")
        return code, reported.err
    return code, reported.out or reported.err


def in_a_shell(line: str) -> tuple[int, str]:
    """The same, from processes of their own."""
    process = subprocess.run(
        ["bash", "-c", line],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, "PYTHONWARNINGS": "error", **PYTEST},
    )
    return process.returncode, process.stdout or process.stderr


def ended_by_ctrl_c(line: str) -> tuple[int, str]:
    """The same, of a command that goes on until it is stopped."""
    with subprocess.Popen(
        ["bash", "-c", f"exec {line}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        printed = ""
        while not printed.endswith("Ctrl-C stops it.\n"):
            read = process.stdout.readline()
            assert read, f"{printed}\n{process.communicate()[1]}"
            printed += read
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=SECONDS)
    return process.returncode, printed + rest or complaints


def pairs_of(page: Path) -> list[tuple[str, str]]:
    """The examples that stand side by side, asynchronous and synchronous."""
    examples = [
        match["body"] for match in FENCE.finditer(table_of(page)) if match["word"].strip() == "python"
    ]
    return list(zip(examples[::2], examples[1::2], strict=True))


def table_of(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition("<table>")[2].partition("</table>")[0]


def test_examples_side_by_side_differ_by_waiting_only() -> None:
    pairs = pairs_of(ROOT / "docs/sending/synchronous.md")
    assert len(pairs) == 5
    assert pairs == pairs_of(ROOT / "README.md")
    for asynchronous, synchronous in pairs:
        waiting = re.sub(r"\b(async|await) ", "", asynchronous)
        assert waiting.replace("confirma_async", "confirma_sync") == synchronous


def test_every_block_is_run() -> None:
    kinds = {"python", "console", *SHOWN_WITHOUT_RUNNING}
    outputs = {block.output for block in BLOCKS if block.output is not None}
    for block in BLOCKS:
        assert block.kind in kinds, f"{block}: nothing runs a block of kind {block.kind!r}"
        assert block.kind != "text" or block.body in outputs, f"{block}: nothing prints this"


def test_every_file_shown_is_used() -> None:
    for page in PAGES:
        blocks = list(blocks_of(page))
        for name in blocks[0].files if blocks else ():
            assert any(name in block.body for block in blocks), f"{page.name}: nothing reads {name}"


def test_every_option_named_exists() -> None:
    options = {
        option
        for command in (confirma, *(command for _, command in every_command()))
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    for page in PAGES:
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", page.read_text(encoding="utf-8")))
        assert named <= options, page.name


def messages_of(source: str) -> Iterator[str]:
    """Every text of a module; what varies in one is a blank."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else " " for part in node.values)


def test_every_message_among_the_symptoms_is_one_of_the_code() -> None:
    page = (packages.DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    seen = [row.split(" | ")[0] for row in page.splitlines() if row.startswith("| ")]
    quoted = [quote for cell in seen for quote in re.findall(r"`([^`]* [^`]*)`", cell)]
    written = [
        re.sub(r"\{\w*\}", " ", message)
        for package in packages.PACKAGES
        for file in package.rglob("*.py")
        for message in messages_of(file.read_text(encoding="utf-8"))
    ]
    parts = {part.strip() for quote in quoted for part in quote.split("…") if part.strip()}
    assert len(parts) > 40
    assert {part for part in parts if not any(part in message for message in written)} == set()


def test_every_rule_of_a_reader_is_listed() -> None:
    listed = (ROOT / "docs/files/rules.md").read_text(encoding="utf-8")
    sources = [*ROOT.glob("confirma_async/formats/**/*.py"), *ROOT.glob("confirma_async/cli/**/*.py")]
    found = {rule for source in sources for rule in RULE_ID.findall(source.read_text(encoding="utf-8"))}
    assert found
    assert not {rule for rule in found if f"`{rule}`" not in listed}


def anchors_of(page: Path) -> set[str]:
    """What a link to a heading of a page may name."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_of_readme_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"):
        for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
            path, _, anchor = link.partition("#")
            target = ROOT / path if path else page
            assert target.exists(), f"{page.name}: {path} does not exist"
            assert not anchor or anchor in anchors_of(target), f"{page.name}: {link} names no heading"


def test_the_tree_names_every_folder_of_the_packages() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    tree = page.partition("## The tree")[2].partition("##")[0]
    named = re.findall(r"^( *)- `(\w+)/`", tree, re.MULTILINE)
    path, found = list[str](), set[str]()
    for indent, name in named:
        path[len(indent) // 2 :] = [name]
        found.add("/".join(path))
    folders = {file.parent.relative_to(ROOT).as_posix() for file in ROOT.glob("confirma_*/**/__init__.py")}
    assert {folder for folder in found if folder.startswith("confirma_")} == folders


def test_every_home_of_a_public_name_has_a_page() -> None:
    reference = "".join(page.read_text(encoding="utf-8") for page in ROOT.glob("docs/reference/*.md"))
    stub = (ROOT / "confirma_async/__init__.pyi").read_text(encoding="utf-8")
    homes = {f"confirma_async{home}" for home in re.findall(r"^from (\S+) import", stub, re.MULTILINE)}
    for home in homes - {"confirma_async._version"}:
        assert home in reference, f"{home}, which has public names, is on no page of the reference"


def test_every_test_that_a_table_of_the_docs_names_is_there():
    named = {
        name
        for page in packages.PAGES
        for name in re.findall(r"`(test_\w+\.py)`", page.read_text(encoding="utf-8"))
    }
    there = {file.name for file in (ROOT / "tests").rglob("test_*.py")}
    assert named - there == set()
    assert named
