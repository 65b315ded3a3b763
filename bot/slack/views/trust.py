"""How far srebot can be trusted: on demand for one person, and in a few lines of App Home."""

from __future__ import annotations

from collections.abc import Sequence

from agent.learning.calibration import Quality
from agent.learning.levels import Level, Standpoint
from agent.learning.overview import ModeRecord, Overview
from bot.slack import limits
from bot.slack.limits import Message, escape
from bot.slack.views.render import Views

SHOWN_LEVELS, SHOWN_MODES, SHOWN_DISPUTED = 8, 6, 3
"""How much of each a message shows; the page has all."""
_ICONS = {
    Standpoint.UNASKED: ":large_green_circle:",
    Standpoint.EARNING: ":seedling:",
    Standpoint.WITHDRAWN: ":no_entry:",
    Standpoint.ASKS: ":bust_in_silhouette:",
    Standpoint.SILENT: ":zipper_mouth_face:",
}
_NOTHING = (
    "I have no record yet: no finding of mine has been graded, and no change of mine has an outcome. "
    "Everything waits for people where the policy says so."
)


def on_demand(views: Views, known: Overview, service: str = "") -> Message:
    """All that is known, or why srebot is at its level at one service."""
    if service and not known.levels:
        return _said(
            f"No change of mine was carried out at {service} yet, so I have proven nothing there: the policy alone "
            "decides, and where it wants a record I ask."
        )
    if known.is_empty:
        return _said(_NOTHING)
    title = (
        f"*How far you can trust me at {escape(service)}*"
        if service
        else "*How far you can trust me*"
    )
    return views.message(
        "trust",
        title.replace("*", ""),
        title=title,
        whole="" if service else accuracy(known.whole),
        modes=[] if service else [_mode(m) for m in known.modes[:SHOWN_MODES]],
        levels=[_level(level) for level in known.levels[:SHOWN_LEVELS]],
        left=max(0, len(known.levels) - SHOWN_LEVELS),
        withdrawn=[] if service else [f"{what}: {why}" for what, why in known.withdrawn.items()],
        disputed=[] if service else _disputed(views, known),
        url=views.trust_url,
    )


def home_lines(known: Overview) -> Sequence[str]:
    """What App Home says: a line on findings, one on changes, and what is withdrawn."""
    if known.is_empty:
        return ()
    unasked = sum(level.standpoint is Standpoint.UNASKED for level in known.levels)
    changes = sum(level.record.successes + level.record.failures for level in known.levels)
    went_well = sum(level.record.successes for level in known.levels)
    lines = [accuracy(known.whole)] if known.whole.number else []
    if changes:
        lines.append(
            f"{went_well} of {_count(changes, 'change')} went well; {_count(unasked, 'kind')} of change at a service may go "
            "without asking"
        )
    lines += [f":no_entry: Withdrawn: {escape(what)}" for what in list(known.withdrawn)[:3]]
    if known.disputed:
        lines.append(f"{_count(len(known.disputed), 'finding')} disputed")
    return lines


def accuracy(whole: Quality) -> str:
    """How findings turned out, in a line."""
    if not whole.number:
        return "No finding has been graded yet"
    return (
        f"{whole.right} of {_count(whole.number, 'graded finding')} were right; Brier score {whole.brier:.2f}, "
        f"calibration error {whole.error:.0%}"
    )


def _mode(mode: ModeRecord) -> str:
    said = f"*{escape(mode.mode.replace('_', ' '))}*  {mode.quality.right} of {mode.quality.number} right"
    mean = sum(b.confidence * b.number for b in mode.quality.bins) / max(1, mode.quality.number)
    said += f", said {mean:.0%} on average, Brier {mode.quality.brier:.2f}"
    return f"{said}\n:no_entry: {escape(mode.withdrawn)}" if mode.withdrawn else said


def _level(level: Level) -> str:
    record = level.record
    head = (
        f"{_ICONS[level.standpoint]} *{escape(record.kind.replace('_', ' '))}* at *{escape(record.service)}* in "
        f"{escape(record.environment)}: {level.standpoint.value}"
    )
    missing = f"\n_To the next level: {escape(level.missing)}_" if level.missing else ""
    return f"{head}\n{escape(level.why)}{missing}"


def _disputed(views: Views, known: Overview) -> list[str]:
    return [
        f"<{views.investigation_url(v.investigation)}|#{v.investigation}> {escape(v.mode.replace('_', ' '))} at "
        f"{escape(v.entity)}: right with {v.probability:.0%}"
        for v in known.disputed[:SHOWN_DISPUTED]
    ]


def _said(text: str) -> Message:
    shown = escape(text)
    return limits.fit(shown, [{"type": "section", "text": {"type": "mrkdwn", "text": shown}}])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
