"""What is remembered of a journal apart from it."""

import os
import stat

import pytest
from attrs import evolve

from confirma_async.bulk.sqlite.file import marks as module
from confirma_async.bulk.sqlite.file.marks import Mark, Marks, Origin, mark_paths, read_marks, remove_marks
from confirma_async.errors import ConfigurationError

ID = "0123456789abcdef" * 2
OTHER = "f" * 32


def written(path, mark):
    marks = Marks.open(path)
    marks.write(mark)
    return marks


@pytest.fixture
def noted(path):
    """The marks of a journal, open."""
    marks = written(path, Mark(3, ID))
    yield marks
    marks.close()


def test_a_mark_lies_beside_the_journal_and_one_in_the_users_state(path, directories):
    beside, elsewhere = mark_paths(path)
    assert beside == path.with_name(f"{path.name}.mark")
    assert elsewhere.parent == directories.with_name("state") / "confirma" / "journals"
    assert str(path) not in elsewhere.name


def test_a_journal_behind_a_link_has_the_marks_of_the_journal(path, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(path)
    assert mark_paths(link) == mark_paths(path)


def test_without_a_home_the_mark_beside_the_journal_is_the_only_one(path, monkeypatch):
    def no_home():
        raise ConfigurationError("no home")

    monkeypatch.setattr(module, "state_root", no_home)
    assert mark_paths(path) == (path.with_name(f"{path.name}.mark"),)
    written(path, Mark(1, ID)).close()
    assert read_marks(path) == [Mark(1, ID)]


def test_marks_are_for_their_owner_only(noted, path):
    for file in mark_paths(path):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(mark_paths(path)[1].parent.stat().st_mode) == 0o700


def test_marks_say_how_many_commits_there_were(noted, path):
    assert read_marks(path) == [Mark(3, ID), Mark(3, ID)]
    noted.note(12)
    assert read_marks(path) == [Mark(12, ID), Mark(12, ID)]


def test_opening_again_puts_right_what_the_marks_say(noted, path):
    noted.note(10**12)
    written(path, Mark(4, OTHER)).close()
    assert read_marks(path) == [Mark(4, OTHER), Mark(4, OTHER)]


def test_opening_what_is_right_already_writes_nothing(noted, path):
    before = [file.stat().st_mtime_ns for file in mark_paths(path)]
    written(path, Mark(3, ID)).close()
    assert [file.stat().st_mtime_ns for file in mark_paths(path)] == before


@pytest.mark.parametrize("content", [b"", b"\0" * 54, b"3 " + ID.encode() + b"\n", b"x" * 10_000])
def test_a_mark_that_cannot_be_read_says_nothing_and_is_mended(noted, path, content):
    beside, elsewhere = mark_paths(path)
    beside.write_bytes(content)
    assert read_marks(path) == [Mark(3, ID)]
    elsewhere.unlink()
    assert read_marks(path) == []
    written(path, Mark(5, ID)).close()
    assert read_marks(path) == [Mark(5, ID), Mark(5, ID)]


def test_a_mark_is_not_written_through_a_link(path, tmp_path):
    target = tmp_path / "mine"
    target.write_text("mine")
    mark_paths(path)[0].symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        written(path, Mark(1, ID))
    assert target.read_text() == "mine"


def test_a_state_directory_that_cannot_be_written_is_done_without(path, directories):
    directories.parent.mkdir()
    directories.with_name("state").write_text("a file is in its place")
    written(path, Mark(1, ID)).close()
    assert read_marks(path) == [Mark(1, ID)]


def test_a_full_disk_leaves_the_mark_behind_and_stops_nothing(noted, path, monkeypatch):
    def full(descriptor, content, offset):
        raise OSError(28, "no space")

    monkeypatch.setattr(os, "pwrite", full)
    noted.note(4)
    assert read_marks(path) == [Mark(3, ID), Mark(3, ID)]


def test_marks_are_removed_together(noted, path):
    remove_marks(path)
    assert not any(file.exists() for file in mark_paths(path))
    remove_marks(path)


def test_closing_twice_is_fine(noted):
    noted.close()
    noted.close()
    noted.note(5)


# --- origins --------------------------------------------------------------------------------------

HERE = Origin(machine="m", boot="b", device=1, inode=2)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({}, True),
        ({"inode": 3}, False),
        ({"device": 9}, False),
        ({"device": 9, "boot": "later"}, True),  # devices are numbered anew when a machine starts
        ({"boot": "later", "inode": 3}, False),
        ({"machine": "n"}, False),
        ({"machine": "n", "boot": "later"}, False),
        ({"machine": ""}, True),  # a container often has no id
    ],
)
def test_a_file_is_the_same_as_far_as_can_be_told(other, same):
    there = evolve(HERE, **other)
    assert HERE.is_same_file(there) is same
    assert there.is_same_file(HERE) is same


@pytest.mark.parametrize("origin", [HERE, evolve(HERE, machine=""), evolve(HERE, machine="", boot="")])
def test_an_origin_is_read_as_it_was_written(origin):
    assert Origin.parse(str(origin)) == origin


def test_a_file_here_and_now_is_the_same_file(path):
    path.touch()
    origin = Origin.of(path.stat())
    assert origin.is_same_file(Origin.of(path.stat()))
    path.replace(path.with_name("moved"))
    assert origin.is_same_file(Origin.of(path.with_name("moved").stat()))
    copy = path.with_name("copy")
    copy.touch()
    assert not origin.is_same_file(Origin.of(copy.stat()))


def is_open(descriptor):
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_a_forked_child_keeps_no_mark_that_was_opened_anew_and_closes_nothing_else(tmp_path):
    marks = Marks.open(tmp_path / "job.journal")
    before = marks.beside
    marks.place.unlink()
    marks.renew()
    other = os.open(os.devnull, os.O_RDONLY)
    assert other == before  # the number of the old one, which is another file's now
    child = os.fork()
    if not child:
        os._exit(is_open(marks.beside) * 2 + (not is_open(other)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(other)
    marks.close()
