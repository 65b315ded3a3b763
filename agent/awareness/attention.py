"""The attention ledger: whether what srebot said unasked was worth anybody's attention, and how much more it may say.

A message that nobody asked for is *used* when somebody replied to it, clicked or decided on what it proposed, or said
that it was right; *contradicted* when somebody said that it was wrong; *ignored* when nothing came of it in time. Used of
all that was scored is srebot's own precision in a channel. What a person judged outweighs what people only did.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from agent.awareness.issues import Attention, AttentionScore, Precision
from agent.house import House
from agent.model import Conversation, Investigation, ProposalStatus, Severity

_DECIDED = frozenset(
    {
        ProposalStatus.APPROVED,
        ProposalStatus.REJECTED,
        ProposalStatus.APPLIED,
        ProposalStatus.FAILED,
    }
)
"""States of a proposal that only a person's decision leads to, or a fix that was carried out."""

_OBJECTION = re.compile(
    r"\W*(?:no[,.!]?\s+)?(?:(?:that|this|it)(?:['’]s| is| was)\s+)?"
    r"(?:not it|not (?:the|a) (?:cause|problem|reason|issue)|wrong|nonsense|(?:a )?false alarm|just noise|noise)\b"
    r"(?!\s+(?:monitor|threshold|time|window))",
    re.IGNORECASE,
)
"""How a reply begins that says that what was said unasked is wrong."""

Verdict = tuple[AttentionScore, str, bool]
"""A score, why, and whether a person judged so."""


async def may_speak(house: House, channel: str, impact: float, severity: Severity) -> bool:
    """Whether a new unasked thread may be opened in a channel, or belongs in the digest.

    Args:
        house: the parts.
        channel: where the thread would be.
        impact: 0..1, of the triage.
        severity: of the signal.

    Returns:
        True while the channel's budget of the day lasts, and always for what would page: an impact from
        ``terms.page_above_impact`` on, or the highest impact (a tier 1 service in production) unless its sender says
        that it is of little weight.
    """
    if impact >= house.terms.page_above_impact or _is_critical(impact, severity):
        return True
    return await house.store.attention.allow(
        channel, house.clock.now(), house.terms.messages_per_day
    )


_TIER_1_IMPACT = 0.9
"""What triage gives a tier 1 service in production at the least."""


def _is_critical(impact: float, severity: Severity) -> bool:
    # Many senders name no severity: what they leave out must not hide a tier 1 service.
    return severity not in (Severity.LOW, Severity.INFO) and impact >= _TIER_1_IMPACT


async def score_due(house: House, now: datetime) -> int:
    """Score what can be scored by now: by what people said and did, and by their silence when the time for it is up.

    Returns:
        How many messages got a score.
    """
    silence = now - timedelta(seconds=house.terms.attention_after_seconds)
    scored = 0
    for entry in await house.store.attention.pending():
        verdict = await _seen(house, entry)
        if verdict is None and entry.posted_at <= silence:
            verdict = (AttentionScore.IGNORED, "nobody reacted", False)
        if verdict is not None:
            score, why, firm = verdict
            await house.store.attention.score(entry.key, score, why, now, firm=firm)
            scored += 1
    return scored


def paged(investigation: Investigation, thread: Conversation, at: datetime) -> Attention:
    """The entry of a page: people are woken by it, and answer it in the investigation's thread."""
    return Attention(
        key=f"page-{investigation.id}",
        kind="page",
        channel=thread.channel,
        thread=thread.thread,
        investigation=investigation.id,
        posted_at=at,
    )


async def _seen(house: House, entry: Attention) -> Verdict | None:
    """What the store tells of a message that opened an investigation's thread."""
    if entry.investigation is None:
        return None
    judged = await house.store.feedback.of("finding", str(entry.investigation))
    if judged:
        last = max(judged, key=lambda f: f.at)
        score = AttentionScore.USED if last.verdict == "right" else AttentionScore.CONTRADICTED
        return score, f"{last.user} said that it was {last.verdict}", True
    if user := await house.store.attention.noted_by(entry.investigation):
        return AttentionScore.USED, f"{user} replied", False
    if any(p.status in _DECIDED for p in await house.store.proposals.of(entry.investigation)):
        return AttentionScore.USED, "its proposal was decided on", False
    return None


class Ledger:
    """What people do about messages that they did not ask for, entered as they do it."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._entries = house.store.attention

    async def replied(self, conversation: Conversation, user: str, text: str = "") -> None:
        """Somebody replied in a thread; that it is wrong is a judgement, all else is use."""
        if _OBJECTION.match(text):
            await self.judged(conversation, user, right=False)
        else:
            await self._score(conversation, AttentionScore.USED, f"{user} replied", firm=False)

    async def opened(self, conversation: Conversation, user: str) -> None:
        """Somebody pressed a button in a thread: a link, a stop, an approval."""
        await self._score(conversation, AttentionScore.USED, f"{user} acted on it", firm=False)

    async def judged(self, conversation: Conversation, user: str, *, right: bool) -> None:
        """Somebody said whether what was said unasked was right."""
        score = AttentionScore.USED if right else AttentionScore.CONTRADICTED
        word = "right" if right else "wrong"
        await self._score(conversation, score, f"{user} said that it was {word}", firm=True)

    async def thread_of(self, channel: str, ts: str) -> Conversation | None:
        """The thread of one of srebot's messages; None when the message is somebody else's."""
        thread = await self._entries.thread_of(channel, ts)
        return None if thread is None else Conversation(channel=channel, thread=thread)

    async def precision(self) -> list[Precision]:
        """How often what was said unasked was of use, by channel, with the day's budget."""
        day = self._house.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        return await self._entries.precision(day, self._house.terms.messages_per_day)

    async def _score(
        self, conversation: Conversation, score: AttentionScore, why: str, *, firm: bool
    ) -> None:
        await self._entries.score_thread(
            conversation.channel,
            conversation.thread,
            score,
            why,
            self._house.clock.now(),
            firm=firm,
        )
