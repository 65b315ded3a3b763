"""How a freeze is shown."""

from __future__ import annotations

from typing import Any

from agent.model import Freeze
from bot.slack.limits import escape

_NONE = "Nothing is frozen: approved changes are applied."


def line_of(freeze: Freeze | None) -> tuple[str, list[dict[str, Any]]]:
    """The notification and the blocks of how it stands."""
    if freeze is None:
        return _NONE, [_section(f":large_green_circle: {_NONE}")]
    return "Changes are frozen.", [_section(sentence_of(freeze))]


def sentence_of(freeze: Freeze) -> str:
    """A freeze in mrkdwn: since when, by whom and why."""
    at = f"<!date^{int(freeze.since.timestamp())}^{{date_short_pretty}} {{time}}|{freeze.since:%Y-%m-%d %H:%M} UTC>"
    why = f": “{escape(freeze.reason)}”" if freeze.reason else ""
    return (
        f":snowflake: *Changes are frozen* since {at} by <@{escape(freeze.by)}>{why}. "
        "Nothing is applied, in no environment; `/investigate unfreeze` ends it."
    )


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
