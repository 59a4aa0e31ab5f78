"""Limits, libraries, and the folder for journals."""

import importlib.util
import os
import resource

import pytest

from confirma_async.bulk.sqlite.file import file_systems
from confirma_async.doctor import Health, machine
from confirma_async.doctor.context import Context, Setup


@pytest.mark.parametrize(
    ("limit", "health"),
    [(64, Health.DOUBTFUL), (1024, Health.GOOD), (resource.RLIM_INFINITY, Health.GOOD)],
)
async def test_few_open_files_are_doubtful(monkeypatch, limit, health):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    finding = await machine.check_open_files(Context(Setup()))
    assert finding.health is health
    assert ("concurrency=" in (finding.remedy or "")) is (health is Health.DOUBTFUL)


async def test_rules_without_their_library_are_named(monkeypatch):
    monkeypatch.setattr(machine, "missing_libraries", lambda: {"python-stdnum": ("iban",)})
    finding = await machine.check_libraries(Context(Setup()))
    assert finding.health is Health.DOUBTFUL
    assert "iban" in finding.message
    assert "confirma-sdk[validation]" in (finding.remedy or "")


async def test_other_libraries_are_only_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    finding = await machine.check_libraries(Context(Setup()))
    assert finding.health is Health.GOOD
    assert "excel" in finding.message


async def test_a_folder_on_a_network_is_bad(monkeypatch, tmp_path):
    monkeypatch.setattr(file_systems, "file_system", lambda folder: "nfs4")
    finding = await machine.check_journal(Context(Setup(folder=tmp_path)))
    assert finding.health is Health.BAD
    assert "nfs4" in finding.message


async def test_a_folder_that_ends_with_its_container_is_doubtful(monkeypatch, tmp_path):
    monkeypatch.setattr(file_systems, "file_system", lambda folder: "overlay")
    finding = await machine.check_journal(Context(Setup(folder=tmp_path)))
    assert finding.health is Health.DOUBTFUL
    assert "container" in finding.message


async def test_the_folder_of_the_accounts_journals_need_not_be_there_yet(directories):
    finding = await machine.check_journal(Context(Setup()))
    assert finding.health is Health.GOOD
    assert not directories.exists()


async def test_no_home_directory_is_bad_and_said(monkeypatch):
    for name in ("CONFIRMA_JOURNAL_DIR", "XDG_DATA_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda uid: (_ for _ in ()).throw(KeyError(uid)))
    finding = await machine.check_journal(Context(Setup()))
    assert finding.health is Health.BAD
    assert "no home directory" in finding.message


async def test_a_folder_that_is_not_there_is_bad(tmp_path):
    finding = await machine.check_journal(Context(Setup(folder=tmp_path / "none")))
    assert finding.health is Health.BAD


async def test_a_folder_that_cannot_be_written_to_is_bad(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "access", lambda folder, mode: False)
    finding = await machine.check_journal(Context(Setup(folder=tmp_path)))
    assert finding.health is Health.BAD
    assert "cannot be written" in finding.message
