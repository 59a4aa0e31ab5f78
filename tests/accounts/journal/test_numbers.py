"""Numbers given with --number-from."""

import shutil

from .conftest import KEY_A, SETTLE


def test_a_seller_spelled_two_ways_keeps_its_number(cli, write, service):
    one = write("A-1", name="one.jsonl")
    two = write("A-1", name="two.jsonl", seller={"businessId": "07375462"})
    assert cli("submit", one, "--number-from", 200, *SETTLE).code == 0
    cli("submit", two, "--number-from", 200, *SETTLE)
    assert service.originals(KEY_A) == ["A-1"]


def test_a_journal_in_doubt_gives_no_number_anew(cli, write, service, account, place):
    backup = place / "backup"
    assert cli("submit", write("A-1", name="1.jsonl"), "--number-from", 200, *SETTLE).code == 0
    assert cli("journal", "backup", backup).code == 0
    assert cli("submit", write("A-2", name="2.jsonl"), "--number-from", 200, *SETTLE).code == 0
    shutil.copyfile(backup, account)
    done = cli("submit", write("A-3", "A-2", name="3.jsonl"), "--number-from", 200, *SETTLE)
    assert service.originals(KEY_A).count("A-2") == 1, "A-2 was sent as 201 and as 202"
    assert done.code != 0 or "A-3" in service.originals(KEY_A), "A-3 is told accepted: A-2's record was found"
