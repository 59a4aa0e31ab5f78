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
from confirma_async.session.pipeline import DEFAULT_TIMEOUT

FOLDER = Path(__file__).parents[2] / "deployment"
UNIT = FOLDER / "confirma-worker@.service"
TARGET = FOLDER / "confirma-workers.target"
COMPOSE = FOLDER / "compose.yaml"
KUBERNETES = FOLDER / "kubernetes.yaml"


def commands():
    """Yield the arguments of the command in each example."""
    (unit,) = re.findall(r"^ExecStart=\S+/confirma (.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    yield unit.replace("%i", "1")
    script = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]["worker"]["command"][-1]
    yield script.partition("exec confirma ")[2]
    yield shlex.join(pod()["containers"][0]["command"][1:])


def pod():
    """What runs in a pod of the Deployment."""
    return yaml.safe_load(KUBERNETES.read_text(encoding="utf-8"))["spec"]["template"]["spec"]


@pytest.mark.parametrize("line", [*commands()])
def test_the_command_of_an_example_can_be_parsed(line):
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    name, *arguments = shlex.split(line)
    command = confirma.get_command(click.Context(confirma), name)
    assert command is not None
    context = command.make_context(name, arguments)
    assert context.params["journal"].url.startswith("postgresql://")


def test_the_units_are_such_for_systemd(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd here")
    for unit in (UNIT, TARGET):
        text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(encoding="utf-8"))
        (tmp_path / unit.name).write_text(text)
    instance = tmp_path / UNIT.name.replace("@.", "@1.")
    instance.symlink_to(tmp_path / UNIT.name)
    checked = subprocess.run(
        ["systemd-analyze", "verify", instance, tmp_path / TARGET.name],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "confirma" not in checked.stderr
    assert checked.returncode == 0, checked.stderr


def test_a_worker_ends_with_all_of_its_machine_and_begins_with_them():
    text = UNIT.read_text(encoding="utf-8")
    assert f"PartOf={TARGET.name}" in text
    assert f"WantedBy={TARGET.name}" in text


def test_the_compose_file_is_one_for_compose():
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed")
    checked = subprocess.run(
        ["docker-compose", "--file", COMPOSE, "config", "--quiet"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert checked.returncode == 0, checked.stderr


def test_the_compose_file_names_only_what_it_defines():
    document = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    for service in document["services"].values():
        assert set(service["secrets"]) <= document["secrets"].keys()
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= document["volumes"].keys()
        assert set(service.get("depends_on", ())) <= document["services"].keys()


def test_the_deployment_names_only_what_it_defines():
    document = yaml.safe_load(KUBERNETES.read_text(encoding="utf-8"))["spec"]
    assert document["selector"]["matchLabels"] == document["template"]["metadata"]["labels"]
    (container,) = pod()["containers"]
    assert {each["name"] for each in container["volumeMounts"]} <= {each["name"] for each in pod()["volumes"]}
    ports = {each["name"]: str(each["containerPort"]) for each in container["ports"]}
    named = container["readinessProbe"]["httpGet"]["port"]
    assert ports[named] == container["command"][container["command"].index("--health") + 1]


def test_containers_have_the_time_to_end_what_is_under_way():
    worker = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]["worker"]
    assert worker["stop_grace_period"] == "2m"
    assert pod()["terminationGracePeriodSeconds"] == 120 > 2 * DEFAULT_TIMEOUT
