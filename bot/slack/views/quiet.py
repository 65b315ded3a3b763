"""What srebot kept to itself: the daily digest, and the same on demand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.awareness.digest import Kept, alike
from agent.awareness.issues import Decided, Issue, Precision
from bot.slack import limits
from bot.slack.limits import Message
from bot.slack.views.render import Views

SHOWN = 10
SHOWN_ALL = 20
"""How many combinations a message shows; the page has all."""
_SAID = "-said"
_BETWEEN = "  ·  "
_AI = "Decided by AI; your clicks change what it does next time"


def digest(
    views: Views,
    decisions: Sequence[Decided],
    issues: Sequence[Issue],
    precision: Sequence[Precision] = (),
) -> Message:
    """The daily digest.

    Args:
        views: how things look.
        decisions: what nobody was told of.
        issues: what is emerging.
        precision: how often what was said unasked was of use, by channel.
    """
    kept = alike(decisions)
    parts = []
    if decisions:
        parts.append(f"{_count(len(decisions), 'signal')} of {_count(len(kept), 'kind')}")
    if issues:
        parts.append(f"{_count(len(issues), 'emerging issue')}")
    title = f"*What I kept quiet about:* {', '.join(parts)}"
    return _message(views, title, kept, issues, SHOWN, [*_precision(precision), _AI])


def on_demand(views: Views, decisions: Sequence[Decided], *, whole: bool, days: int) -> Message:
    """What was kept quiet lately, for one person."""
    span = "the last 24 hours" if days == 1 else f"the last {days} days"
    kept = alike(decisions)
    if not kept:
        said = f"I kept nothing quiet in {span}."
        return limits.fit(said, [{"type": "section", "text": {"type": "mrkdwn", "text": said}}])
    title = f"*What I kept quiet about in {span}:* {_count(len(decisions), 'signal')} of {_count(len(kept), 'kind')}"
    more = "" if whole else "`/investigate quiet all` has the last 7 days"
    return _message(
        views, title, kept, (), SHOWN_ALL if whole else SHOWN, [p for p in (more, _AI) if p]
    )


def marked(message: dict[str, Any], decision: str, user: str, *, told: bool) -> Message | None:
    """A digest with a person's word below the entry that it is on; None when the entry is not in it.

    Args:
        message: as Slack sends it with the click.
        decision: the entry's number.
        user: who clicked; their earlier word gives way.
        told: whether it should have told.
    """
    blocks = [dict(block) for block in message.get("blocks") or ()]
    own, said = f"quiet-{decision}", f"quiet-{decision}{_SAID}"
    at = next((n for n, b in enumerate(blocks) if b.get("block_id") == own), None)
    if at is None:
        return None
    after = blocks[at + 1] if at + 1 < len(blocks) else {}
    known = after.get("block_id") == said
    words = _words(after) if known else []
    who = f"<@{user}>"
    others = [word for word in words if not word.startswith(who)]
    line = f"{who}: {'should have been told' if told else 'right'}"
    text = _BETWEEN.join([*others, line])
    context = {
        "type": "context",
        "block_id": said,
        "elements": [{"type": "mrkdwn", "text": text}],
    }
    blocks[at + 1 : at + 2 if known else at + 1] = [context]
    return limits.fit(str(message.get("text") or ""), blocks)


def _words(context: dict[str, Any]) -> list[str]:
    elements = context.get("elements") or [{}]
    return [word for word in str(elements[0].get("text", "")).split(_BETWEEN) if word]


def _message(
    views: Views,
    title: str,
    kept: Sequence[Kept],
    issues: Sequence[Issue],
    most: int,
    facts: Sequence[str],
) -> Message:
    return views.message(
        "quiet",
        title.replace("*", ""),
        title=title,
        kept=kept[:most],
        issues=issues[:most],
        left=max(0, len(kept) - most),
        facts=[*facts, f"<{views.quiet_url}|all of it>"],
        url=views.quiet_url,
    )


def _precision(precision: Sequence[Precision]) -> list[str]:
    """How often it was of use when I spoke unasked, all channels together."""
    used = sum(p.used for p in precision)
    scored = used + sum(p.ignored + p.contradicted for p in precision)
    if not scored:
        return []
    return [f"Of {scored} messages that nobody asked for, {used} were of use ({used / scored:.0%})"]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
