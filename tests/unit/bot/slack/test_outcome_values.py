"""What watched signals were and are, in few characters."""

from __future__ import annotations

import pytest

from agent.model import SignalAfter
from bot.slack.views.outcome import shown

METRIC = SignalAfter(name="m", query="avg:m{*}", before=None, after=None, good=None)
MONITOR = SignalAfter(name="monitor", query="1001", before=None, after=None, good=None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12_790_000_000.0, "12.8G"),
        (2_500_000.0, "2.5M"),
        (40_000.0, "40k"),
        (95.0, "95"),
        (0.8912, "0.891"),
        (None, "?"),
    ],
)
def test_a_metric(value: float | None, text: str) -> None:
    assert shown(METRIC, value) == text


@pytest.mark.parametrize(("value", "text"), [(1.0, "alerting"), (0.0, "OK"), (None, "?")])
def test_a_monitor_is_told_by_its_state(value: float | None, text: str) -> None:
    assert shown(MONITOR, value) == text
