"""Random deviations of a service: all are found, and the file that is written makes up for them."""

from __future__ import annotations

import json

import pytest

from confirma_async import Confirma, Overrides, Sandbox
from confirma_async.comparison import FindingKind, compare
from tests.services.deviations import deviated, deviating

SEEDS = range(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_deviation_of_a_document_is_found(seed, tmp_path):
    service = deviating(seed)
    found, reported = deviated(service, seed)
    assert len(reported) >= 30
    file = tmp_path / "vendor.json"
    file.write_text(json.dumps(found))
    comparison = compare(file)
    findings = {
        (each.what, each.about) for each in comparison.findings if each.standing is not FindingKind.CONFIRMED
    }
    assert {(each.what, each.about) for each in reported} <= findings


@pytest.mark.parametrize("seed", SEEDS)
def test_the_file_that_is_written_says_what_the_service_is_like(seed, tmp_path):
    service = deviating(seed)
    file, written = tmp_path / "vendor.json", tmp_path / "overrides.toml"
    file.write_text(json.dumps(deviated(service, seed)[0]))
    written.write_text(compare(file).to_toml())
    corrected = Overrides.from_toml(written)
    assert corrected.names.items() >= service.names.items()
    assert (corrected.paths, corrected.methods, corrected.lists) == (
        service.paths,
        service.methods,
        service.lists,
    )


def looks_like_the_service(seed):
    service = deviating(seed)
    return "onboarding.validate_token" not in {*service.paths, *service.methods}


@pytest.mark.parametrize("seed", [*filter(looks_like_the_service, SEEDS)])
async def test_a_check_of_the_service_finds_paths_methods_and_places(seed):
    service = deviating(seed)
    async with (
        Sandbox(overrides=service) as sandbox,
        Confirma(sandbox.api_key, base_url=sandbox.url) as confirma,
    ):
        found = await confirma.contract.check()
    lost = {each.about for each in found.differences if each.what in {"path", "method", "list"}}
    asked = {
        "invoices.distributions", "invoices.distributions_v2", "payments.list", "payments.settlements",
        "accounting.ledger_statuses", "accounting.payment_statuses", "accounting.invoice_statuses",
        "operations.finvoice_credentials",
    }  # fmt: skip
    assert lost >= asked & {*service.paths, *service.methods}
