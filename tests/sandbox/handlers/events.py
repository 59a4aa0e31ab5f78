"""What a case tells of its events and stages."""

from typing import Any


def codes_of(case: dict[str, Any]) -> list[str]:
    return [event["code"] for event in case["events"]]


def stages_of(case: dict[str, Any]) -> list[tuple[str, str]]:
    return [(entry["date"][:10], entry["stage"]) for entry in case["timeline"]]
