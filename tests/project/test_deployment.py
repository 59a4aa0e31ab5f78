"""The examples of supervisors: their syntax, and that the commands in them are commands."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from confirma_async.cli.app import confirma

FOLDER = Path(__file__).parents[2] / "deployment"
UNIT = FOLDER / "confirma-worker@.service"
COMPOSE = FOLDER / "compose.yaml"


def commands():
    """Yield the arguments of the command in each example."""
    (unit,) = re.findall(r"^ExecStart=\S+/confirma (.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    yield unit.replace("%i", "1")
    script = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]["worker"]["command"][-1]
    yield script.partition("exec confirma ")[2]


@pytest.mark.parametrize("line", [*commands()])
def test_the_command_of_an_example_can_be_parsed(line):
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    name, *arguments = shlex.split(line)
    command = confirma.get_command(click.Context(confirma), name)
    assert command is not None
    context = command.make_context(name, arguments)
    assert context.params["journal"].url.startswith("postgresql://")


def test_the_unit_is_one_for_systemd(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd here")
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(encoding="utf-8")))
    instance = str(unit).replace("@.", "@1.")
    Path(instance).symlink_to(unit)
    checked = subprocess.run(
        ["systemd-analyze", "verify", instance], check=False, capture_output=True, text=True, timeout=60
    )
    assert unit.name.partition("@")[0] not in checked.stderr
    assert checked.returncode == 0, checked.stderr


def test_the_compose_file_names_only_what_it_defines():
    document = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    for service in document["services"].values():
        assert set(service["secrets"]) <= document["secrets"].keys()
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= document["volumes"].keys()
        assert set(service.get("depends_on", ())) <= document["services"].keys()
