"""The digest: once a day, what nobody was told of, what alike of it together; nothing at all on a day without any."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from agent.awareness.issues import Decided, Issue, IssueKind
from agent.house import House
from agent.model import Decision, Value

LOOK_BACK = timedelta(days=7)
"""How far back a digest goes for what no digest has shown, such as after an absence."""


class Kept(Value):
    """Decisions of one combination that nobody was told of."""

    latest: Decided
    """The last of them; its number stands for all of them where people judge."""
    count: int
    recovered: int
    """How many of them were over by themselves."""
    since: datetime
    decisions: tuple[Decided, ...]
    """All of them, the latest first."""

    @property
    def was_watched(self) -> bool:
        """Whether it was watched, rather than left alone."""
        return self.latest.decision is Decision.WATCH


def alike(decisions: Iterable[Decided]) -> tuple[Kept, ...]:
    """Decisions by their combination: what matters most first, and of that what came most often."""
    groups: dict[str, list[Decided]] = {}
    for decided in sorted(decisions, key=lambda d: (d.at, d.id), reverse=True):
        groups.setdefault(decided.combination, []).append(decided)
    kept = [
        Kept(
            latest=group[0],
            count=len(group),
            recovered=sum(d.recovered_at is not None for d in group),
            since=group[-1].at,
            decisions=tuple(group),
        )
        for group in groups.values()
    ]
    return tuple(sorted(kept, key=lambda k: (-k.latest.impact, -k.count, k.latest.title)))


def due_at(now: datetime, hour: int) -> datetime:
    """The last moment, up to ``now``, at which a digest was due: every day at this hour (UTC)."""
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


async def send(house: House, now: datetime) -> int:
    """Tell what was decided quietly up to the moment at which the digest was due; repeating it tells nothing twice.

    Returns:
        How many decisions and emerging Issues it told of.
    """
    due = due_at(now, house.terms.digest_hour)
    decisions = await house.store.decisions.quiet(due - LOOK_BACK, due, undigested=True)
    issues = await _emerging(house, due)
    if not decisions and not issues:
        return 0
    await house.notifier.digest(decisions, issues, f"digest-{due:%Y-%m-%d}")
    await house.store.decisions.mark_told([d.id for d in decisions], now)
    return len(decisions) + len(issues)


async def _emerging(house: House, due: datetime) -> Sequence[Issue]:
    """What emerged since the digest before and is open still: it may not have had a thread."""
    day = timedelta(days=1)
    return [
        issue
        for issue in await house.store.issues.open_ones()
        if issue.kind is IssueKind.EMERGING and due - day <= issue.opened_at < due
    ]
