"""What was seen after a change: the signals before and after, what was expected without it, and the way back."""

from __future__ import annotations

from collections.abc import Sequence

from agent.investigation.chart_picture import readable
from agent.model import Case, Outcome, Proposal, SignalAfter
from agent.model.changes import Comparison
from bot.slack.limits import Message, escape
from bot.slack.views.render import Views

_MOST_SIGNALS = 6
_MOST_COMPARED = 3
_SCALES = ((1e12, 1e12, "T"), (1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
"""From which value on, divided by what, with which letter."""


def outcome_message(views: Views, case: Case, proposal: Proposal, outcome: Outcome) -> Message:
    """The one message at the end of a watch; a button takes the change back, where there is a way."""
    return views.message(
        "outcome",
        outcome.statement,
        proposal=proposal,
        outcome=outcome,
        lines=_lines(outcome.signals),
        compared=[_compared(c) for c in outcome.against if c.low is not None][:_MOST_COMPARED],
        url=views.record_url(case),
    )


def shown(signal: SignalAfter, value: float | None) -> str:
    """A watched signal's value in few characters; a monitor's as its state."""
    if value is None:
        return "?"
    if signal.query.isdigit():  # a monitor's id
        return "alerting" if value else "OK"
    for least, scale, letter in _SCALES:
        if abs(value) >= least:
            return f"{value / scale:.3g}{letter}"
    return f"{value:.3g}"


def _lines(signals: Sequence[SignalAfter]) -> list[str]:
    """What started it, one line each; of the neighbours those that suffer, the others in one line."""
    own = [s for s in signals if not s.neighbour]
    suffering = [s for s in signals if s.neighbour and s.good is False]
    well = sum(s.neighbour and s.good is True for s in signals)
    lines = [_line(s) for s in [*suffering, *own][:_MOST_SIGNALS]]
    if well:
        lines.append(f":heavy_check_mark: {well} signals of neighbours are no worse")
    return lines


def _line(signal: SignalAfter) -> str:
    icon = ":heavy_minus_sign:" if signal.good is None else ":warning:"
    icon = ":heavy_check_mark:" if signal.good else icon
    before, after = shown(signal, signal.before), shown(signal, signal.after)
    return f"{icon} {escape(signal.name)}: {before} → *{after}*"


def _compared(found: Comparison) -> str:
    low, high = (readable(v or 0.0, found.unit) for v in (found.low, found.high))
    by = [f"{found.siblings} siblings"] if found.siblings else []
    by += [f"{found.days} earlier days"] if found.days else []
    now = readable(found.after, found.unit)
    return (
        f"{escape(found.signal)}: {low} to {high} expected without the change "
        f"({' and '.join(by)}), seen {now}"
    )
