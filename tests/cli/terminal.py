"""A terminal on which the command line is used by script: what it asks is answered.

The command runs in a process of its own: a fork of one that has loaded what commands load, for to load it
takes longer than most of what is tested here.
"""

from __future__ import annotations

import multiprocessing
import os
import pty
import re
import sys
import termios
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pexpect
from pexpect import fdpexpect

from confirma_async import cli

_LOADED = multiprocessing.get_context("forkserver")
_LOADED.set_forkserver_preload(
    [
        __name__,
        "confirma_async.cli.commands.jobs.sending.import_file",
        "confirma_async.cli.commands.jobs.sending.submit",
    ]
)
_COLOUR = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")
_CHOICE = re.compile(r"^ +(\d+)  (.+)$", re.MULTILINE)


class Person:
    """Somebody who uses a command on a terminal.

    Args:
        words: The command line, without its name.
        folder: Where it is used.
        prompt: What the end of a question holds.
        columns: How wide the terminal is.
    """

    def __init__(
        self, *words: str | Path, folder: Path, prompt: str = "b to go back", columns: int = 120
    ) -> None:
        self.output = ""
        self._interrupted = False
        self._prompt = f"{prompt} \\[\\d+\\]: "
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(ours, (200, columns))
        variables = {**os.environ, "COLUMNS": str(columns), "LINES": "200", "NO_COLOR": "1"}
        # A fork of this process, which pexpect's own spawn makes, would upset the threads of a sandbox in it.
        self._process = _LOADED.Process(
            target=_use, args=(os.ttyname(theirs), [*map(str, words)], folder, variables)
        )
        self._process.start()
        self._theirs = theirs
        self._child = fdpexpect.fdspawn(ours, encoding="utf-8", timeout=120)

    def _hear(self, pattern: str | type[pexpect.EOF]) -> str:
        self._child.expect(pattern)
        heard = _COLOUR.sub("", (self._child.before or "").replace("\r", ""))
        self.output += heard
        return heard

    def asked(self) -> str:
        """Return what is asked, and all that was said before it."""
        return self._hear(self._prompt)

    def say(self, text: str = "") -> None:
        """Answer; an empty line takes what is likely."""
        self._child.sendline(text)

    def choose(self, asked: str, words: str) -> None:
        """Choose the answer that begins with these words."""
        self.say(next(place for place, each in _CHOICE.findall(asked) if each.startswith(words)))

    def answer(self, answers: Mapping[str, str], *, end: str) -> None:
        """Answer every question: one that names a key with its answer, any other one as is likely.

        Args:
            answers: By words of a question, the answer.
            end: What is chosen in the end.
        """
        while "send nothing" not in (asked := self.asked()):
            question = asked[asked.rstrip().rfind("\n\n") + 1 :] if "\n\n" in asked else asked
            words = next((answer for key, answer in answers.items() if key in question), None)
            if words is None:
                self.say()
            else:
                self.choose(asked, words)
        self.choose(asked, end)

    def end(self) -> None:
        """Press Ctrl-D."""
        self._child.send("\x04")

    def interrupt(self) -> None:
        """Press Ctrl-C, and again while the command goes on: one just before it reads is not heard."""
        self._child.send("\x03")
        self._interrupted = True

    def leave(self) -> int:
        """Wait for the end; gives the exit code."""
        reader = threading.Thread(target=self._close_at_its_end)
        reader.start()
        self._hear(pexpect.EOF)
        reader.join()
        self._child.close()
        assert self._process.exitcode is not None
        return self._process.exitcode

    def _close_at_its_end(self) -> None:
        for _ in range(60):
            self._process.join(2)
            if self._process.is_alive() and self._interrupted:
                self._child.send("\x03")
        os.close(self._theirs)  # the last one: what is left is read, and then the end of it


def _use(terminal: str, words: Sequence[str], folder: Path, variables: Mapping[str, str]) -> None:
    """Become the command: the leader of a session on the terminal, so that Ctrl-C reaches it."""
    os.setsid()
    opened = os.open(terminal, os.O_RDWR)  # the first one of the session: it controls it
    for stream in range(3):
        os.dup2(opened, stream)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115 (until the end)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    sys.argv = ["confirma", *words]
    cli.main()
