"""Patterns as people see them in Slack: a list with buttons, and the modals behind those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.learning.similarity import role_in_words
from agent.model import Pattern, PatternState
from bot.slack import limits
from bot.slack.limits import Message, escape, shorten
from bot.slack.views.render import Views

SHOWN = 8
"""How many patterns a message shows; the page has all."""
_STATES = {
    PatternState.ACTIVE: "in use",
    PatternState.DISPUTED: "disputed: shown, speaks for nothing",
    PatternState.RETIRED: "deleted: kept, not recalled",
}
_MOST_TEXT = 2_900


def listed(views: Views, patterns: Sequence[Pattern], text: str) -> Message:
    """What is known, for one person."""
    if not patterns:
        said = (
            f"I know no pattern like “{escape(shorten(text, 100))}”."
            if text
            else ("I have learnt no pattern yet: closed investigations with a cause leave them.")
        )
        return limits.fit(said, [{"type": "section", "text": {"type": "mrkdwn", "text": said}}])
    return views.message(
        "patterns",
        "What closed investigations taught",
        patterns=[(p, heading(p), facts_of(p)) for p in patterns[:SHOWN]],
        left=max(0, len(patterns) - SHOWN),
        url=views.patterns_url,
    )


def heading(pattern: Pattern) -> str:
    """The cause in a few words."""
    return f"{pattern.mode.replace('_', ' ')} at {pattern.entity}"


def facts_of(pattern: Pattern) -> str:
    """How often, how right, and how it is recognised."""
    parts = [f"#{pattern.id}", f"seen {pattern.times_seen}×, last {pattern.last_seen:%Y-%m-%d}"]
    if judged := pattern.times_right + pattern.times_wrong:
        parts.append(f"{pattern.times_right} of {judged} judged right")
    if pattern.role not in ("", "alerted"):
        parts.append(role_in_words(pattern.role))
    if pattern.state is not PatternState.ACTIVE:
        parts.append(_STATES[pattern.state])
    if mended := pattern.fix_note or pattern.fix:
        parts.append(f"mended by: {mended}")
    return "  ·  ".join(parts)


def edit_modal(pattern: Pattern) -> dict[str, Any]:
    """Symptoms, cause, a note on the fix, and the state."""
    states = [_option(label, state.value) for state, label in _STATES.items()]
    chosen = next(o for o in states if o["value"] == pattern.state.value)
    return _modal(
        "pattern_edited",
        str(pattern.id),
        f"Pattern {pattern.id}",
        [
            _input(
                "symptoms",
                "Symptoms, one a line",
                _text("symptoms", "\n".join(pattern.symptoms), multiline=True),
            ),
            _input("mode", "Cause (failure mode)", _text("mode", pattern.mode)),
            _input("entity", "What was at fault", _text("entity", pattern.entity)),
            _input(
                "fix_note",
                "What mends it",
                _text("fix_note", pattern.fix_note, multiline=True),
                optional=True,
            ),
            _input(
                "state",
                "State",
                {
                    "type": "static_select",
                    "action_id": "state",
                    "options": states,
                    "initial_option": chosen,
                },
            ),
        ],
    )


def merge_modal(pattern: Pattern, others: Sequence[Pattern]) -> dict[str, Any]:
    """With which other pattern of the same cause; the chosen one stands for both."""
    options = [_option(f"#{p.id} {heading(p)}", str(p.id)) for p in others][:100]
    return _modal(
        "pattern_merged",
        str(pattern.id),
        f"Merge pattern {pattern.id}",
        [
            _input(
                "into",
                "Into",
                {"type": "static_select", "action_id": "into", "options": options},
            )
        ],
    )


def split_modal(pattern: Pattern, investigations: Sequence[int]) -> dict[str, Any]:
    """Which investigation to hold apart."""
    options = [_option(f"investigation {n}", str(n)) for n in investigations][-100:]
    return _modal(
        "pattern_split",
        str(pattern.id),
        f"Split pattern {pattern.id}",
        [
            _input(
                "investigation",
                "Hold apart what this one taught",
                {"type": "static_select", "action_id": "investigation", "options": options},
            )
        ],
    )


def said_modal(text: str) -> dict[str, Any]:
    """What came of it."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Patterns"},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": shorten(escape(text), _MOST_TEXT)},
            }
        ],
    }


def _modal(
    callback: str, metadata: str, title: str, blocks: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": metadata,
        "title": {"type": "plain_text", "text": title[:24]},
        "submit": {"type": "plain_text", "text": "Keep"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": blocks,
    }


def _input(
    block: str, label: str, element: dict[str, Any], *, optional: bool = False
) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block,
        "optional": optional,
        "label": {"type": "plain_text", "text": label},
        "element": element,
    }


def _text(action: str, value: str, *, multiline: bool = False) -> dict[str, Any]:
    element = {
        "type": "plain_text_input",
        "action_id": action,
        "multiline": multiline,
        "max_length": _MOST_TEXT,
    }
    return {**element, "initial_value": value[:_MOST_TEXT]} if value else element


def _option(label: str, value: str) -> dict[str, Any]:
    return {"text": {"type": "plain_text", "text": shorten(label, 75)}, "value": value}
