"""What the doctor shows, and that nothing stops it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from rich.console import Console

from bot import doctor, probes
from integrations.probes import Probe


def ok(name: str, detail: str = "allowed") -> Probe:
    return Probe(name=name, ok=True, detail=detail)


def bad(name: str) -> Probe:
    return Probe(name=name, ok=False, detail="refused", remedy="grant it")


def shown(found: Sequence[Probe]) -> str:
    text = io.StringIO()
    doctor.show(found, Console(file=text, width=140))
    return text.getvalue()


def test_probes_that_went_equally_well_are_one_line() -> None:
    text = shown([ok("kubernetes list pods"), ok("kubernetes list nodes"), ok("datadog logs")])
    assert "allowed: list pods, list nodes" in text
    assert "datadog logs" in text
    assert "All that is needed works." in text


def test_what_fails_stands_alone_with_what_to_do() -> None:
    text = shown([ok("slack a"), bad("slack b"), bad("slack c"), ok("slack d")])
    assert text.count("→ grant it") == 2
    assert "2 checks failed." in text


def test_a_warning_does_not_fail() -> None:
    warned = Probe(name="kubernetes", ok=True, warning=True, detail="may write", remedy="don't")
    assert doctor.exit_code([warned]) == 0
    assert doctor.exit_code([warned, bad("slack")]) == 1
    assert "works; 1 warning." in shown([warned])


def test_what_vendors_say_is_no_markup() -> None:
    assert "[red]x[/red]" in shown([ok("slack", "[red]x[/red]")])


async def test_a_part_that_breaks_is_a_failed_probe_without_secrets() -> None:
    async def broken() -> list[Probe]:
        raise KeyError("password=hunter22")

    (found,) = await doctor._bounded("part", broken())
    assert not found.ok and found.remedy
    assert "KeyError" in found.detail and "hunter22" not in found.detail


@pytest.mark.parametrize(
    ("channel", "works", "remedy"),
    [
        ({"is_member": True}, True, ""),
        ({"is_member": False, "is_private": False}, True, ""),  # it joins by itself
        ({"is_member": False, "is_private": True}, False, "/invite @srebot"),
        (None, False, "SLACK_ALERT_CHANNELS"),
    ],
)
def test_an_alert_channel_must_be_one_that_the_bot_is_in_or_can_join(
    channel: dict[str, bool] | None, works: bool, remedy: str
) -> None:
    found = probes._slack_channel("alerts", {} if channel is None else {"alerts": channel})
    assert found.ok is works and remedy in found.remedy
