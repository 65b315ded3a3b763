"""How Issues look: the count of what belongs together, and the pointer to where it is looked into."""

from __future__ import annotations

from agent.awareness.issues import Issue, Joined
from bot.slack import limits
from bot.slack.limits import Message, escape


def counted(issue: Issue) -> str:
    """``82 alerts on 4 services``"""
    alerts, services = issue.signals, len(issue.entities)
    where = f" on {services} {'service' if services == 1 else 'services'}" if services else ""
    return f"{alerts} {'alert' if alerts == 1 else 'alerts'}{where}"


def issue_line(issue: Issue) -> str:
    """What a summary says of its Issue; empty while it is a single alert."""
    parts = [counted(issue)] if issue.signals > 1 else []
    if issue.duplicates:
        parts.append(f"{issue.duplicates} {'repeat' if issue.duplicates == 1 else 'repeats'}")
    if issue.flapping:
        parts.append("flapping")
    return ", ".join(parts)


def pointer(joined: Joined, link: str) -> Message:
    """One line under an alert that belongs to an Issue.

    Args:
        joined: the Issue and why the alert is of it.
        link: the address of the Issue's thread; empty when it is not known.
    """
    title = escape(joined.issue.title)
    named = f"<{link}|{title}>" if link else f"“{title}”"
    why = f" ({escape(joined.reason)})" if joined.reason else ""
    text = f"Part of {named}{why}, looked into there: {counted(joined.issue)} so far."
    block = {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}
    return limits.fit(f"Part of “{title}”, looked into there", [block])
