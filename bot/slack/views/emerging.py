"""How an emerging Issue is announced: the sentence that says what becomes critical when, and the numbers behind it."""

from __future__ import annotations

from agent.awareness.issues import Issue
from agent.model import Signal
from bot.slack import limits
from bot.slack.limits import Message, escape

_MOST_SIGNS = 3
"""Beside the one that the sentence is about: the rest is in the record."""


def announcement(issue: Issue, signal: Signal) -> Message:
    """A top-level message; the investigation answers in its thread.

    Args:
        issue: the Issue, with the triage that says what is at stake.
        signal: the weak signals together: its text is the sentence, and a line for each sign.
    """
    sentence, *lines = [line for line in signal.text.splitlines() if line.strip()] or [signal.title]
    _, *signs = [line.removeprefix("- ") for line in lines if line.startswith("- ")] or [""]
    named = f"<{signal.link}|{escape(signal.title)}>" if signal.link else escape(signal.title)
    blocks = [_section(f":hourglass_flowing_sand: *Emerging: {named}*"), _section(escape(sentence))]
    if signs:
        shown = [f"• {escape(sign)}" for sign in signs[:_MOST_SIGNS]]
        if (more := len(signs) - _MOST_SIGNS) > 0:
            shown.append(f"• {more} more signs, each under its own alert")
        blocks.append(_section("\n".join(["*With it:*", *shown])))
    facts = [
        "no alert yet",
        escape(issue.environment) or "unknown environment",
        escape(issue.triage.reason),
        "AI (statistics of the last 7 days)",
    ]
    blocks.append({"type": "context", "elements": [_text("  ·  ".join(filter(None, facts)))]})
    return limits.fit(escape(sentence), blocks)


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> dict[str, object]:
    return {"type": "mrkdwn", "text": text}
