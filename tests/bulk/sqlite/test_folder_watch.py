"""Whether a folder is as it was, by one look at it."""

import os

import pytest

from confirma_async.bulk.sqlite.file.folder_watch import GRAIN_NS, FolderWatch


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "folder" / "journal"
    path.parent.mkdir()
    path.touch()
    return path


@pytest.fixture
def looked(journal, until_the_clock_ticks):
    """A watch that knows the folder, as it was found long after its last change."""
    watch = FolderWatch([str(journal)])
    state, at = watch.look()
    watch.keep((state, at + 10 * GRAIN_NS))
    until_the_clock_ticks(journal.parent)
    return watch


def put_another_in_its_place(journal):
    draft = journal.with_name("draft")
    draft.touch()
    draft.replace(journal)


def put_it_back_under_its_times(journal):
    stat = journal.parent.stat()
    put_another_in_its_place(journal)
    os.utime(journal.parent, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def put_another_folder_in_its_place(journal):
    journal.parent.rename(journal.parent.with_name("before"))
    journal.parent.mkdir()


def test_a_folder_in_which_nothing_changed_is_still(looked, journal):
    journal.write_text("more")
    assert looked.is_still()


@pytest.mark.parametrize(
    "change",
    [
        lambda journal: journal.unlink(),
        lambda journal: journal.with_name("journal-wal").touch(),
        lambda journal: journal.rename(journal.with_name("other")),
        lambda journal: journal.parent.rename(journal.parent.with_name("other")),
        put_another_in_its_place,
        put_it_back_under_its_times,
        put_another_folder_in_its_place,
    ],
)
def test_a_folder_in_which_something_changed_is_not(looked, journal, change):
    change(journal)
    assert not looked.is_still()


def test_a_folder_at_which_nobody_looked_is_not(journal):
    assert not FolderWatch([str(journal)]).is_still()


@pytest.mark.parametrize(("later", "kept"), [(GRAIN_NS, False), (GRAIN_NS + 1, True), (-1, False)])
def test_a_look_so_soon_after_a_change_that_another_may_have_its_time_is_not_kept(
    journal, monkeypatch, later, kept
):
    changed = 1_700_000_000_500_000_000
    monkeypatch.setattr(FolderWatch, "_state", lambda self: (1, 2, changed))
    watch = FolderWatch([str(journal)])
    state, _ = watch.look()
    watch.keep((state, changed + later))
    assert watch.is_still() == kept


def test_a_file_system_that_counts_whole_seconds_is_not_trusted(journal, monkeypatch):
    monkeypatch.setattr(FolderWatch, "_state", lambda self: (1, 2, 1_700_000_000_000_000_000))
    watch = FolderWatch([str(journal)])
    watch.keep(watch.look())
    assert not watch.is_still()


def test_a_folder_does_not_tell_of_what_a_link_in_it_leads_to(looked, journal):
    link = journal.parent.with_name("link")
    link.symlink_to(journal)
    watch = FolderWatch([str(link)])
    state, at = watch.look()
    watch.keep((state, at + 10 * GRAIN_NS))
    assert not watch.is_still()


@pytest.mark.parametrize("linked", [False, True])
def test_a_folder_does_not_tell_of_a_file_beside_it_that_lies_elsewhere(journal, linked):
    elsewhere = journal.parent.with_name("journal-wal")
    elsewhere.touch()
    beside = journal.with_name("journal-wal")
    beside.symlink_to(elsewhere)
    watch = FolderWatch([str(journal), str(beside if linked else elsewhere)])
    state, at = watch.look()
    watch.keep((state, at + 10 * GRAIN_NS))
    assert not watch.is_still()
