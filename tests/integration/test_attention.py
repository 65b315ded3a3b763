"""The attention ledger: what was said unasked is scored by what people say and do, and a channel's budget is kept."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from agent.awareness import attention, digest
from agent.awareness.attention import Ledger
from agent.awareness.intake import accept
from agent.awareness.issues import Attention, AttentionScore, Decided, Issue
from agent.model import Budget, Conversation, Decision, Note, ProposalStatus, Severity
from agent.store.repository import Store
from tests.integration.fake_house import NOW, Outside, alert, investigated, outside
from tests.unit.bot.slack import cases

DAY = timedelta(days=1)
THREAD = Conversation(channel="C1", thread="1.0")


@pytest.fixture
def around(store: Store) -> Outside:
    return outside(store, messages_per_day=3)


async def spoke(store: Store, key: str = "summary-1", **changes: Any) -> None:
    entry = {
        "key": key,
        "kind": "thread",
        "channel": "C1",
        "thread": "1.0",
        "investigation": 1,
        "posted_at": NOW,
        **changes,
    }
    await store.attention.posted(Attention.model_validate(entry))


async def score(store: Store, key: str = "summary-1") -> tuple[AttentionScore, str]:
    entry = await store.attention.get(key)
    assert entry is not None
    return entry.score, entry.why


async def test_a_message_is_entered_once(store: Store) -> None:
    await spoke(store)
    await spoke(store, channel="C2")
    entry = await store.attention.get("summary-1")
    assert entry is not None
    assert (entry.channel, entry.score) == ("C1", AttentionScore.PENDING)


class TestScoring:
    """Used, ignored or contradicted."""

    async def test_silence_is_ignored_only_when_the_time_for_it_is_up(
        self, store: Store, around: Outside
    ) -> None:
        await investigated(store)
        await spoke(store)
        assert await attention.score_due(around.house, NOW + DAY - timedelta(seconds=1)) == 0
        assert await attention.score_due(around.house, NOW + DAY) == 1
        assert await score(store) == (AttentionScore.IGNORED, "nobody reacted")
        assert await attention.score_due(around.house, NOW + 2 * DAY) == 0

    async def test_a_note_in_the_investigation_is_use(self, store: Store, around: Outside) -> None:
        found = await investigated(store)
        await spoke(store)
        await store.cases.add_note(found.id, Note(user="U1", text="I saw it too", at=NOW))
        assert await attention.score_due(around.house, NOW) == 1
        assert await score(store) == (AttentionScore.USED, "U1 replied")

    @pytest.mark.parametrize(
        ("verdict", "expected"),
        [("right", AttentionScore.USED), ("wrong", AttentionScore.CONTRADICTED)],
    )
    async def test_a_word_on_the_finding_counts_more_than_a_reply(
        self, store: Store, around: Outside, verdict: str, expected: AttentionScore
    ) -> None:
        found = await investigated(store)
        await spoke(store)
        await store.cases.add_note(found.id, Note(user="U1", text="hm", at=NOW))
        await store.feedback.add("U2", "finding", str(found.id), verdict, "", NOW)
        await attention.score_due(around.house, NOW)
        assert (await score(store))[0] is expected

    @pytest.mark.parametrize(
        ("status", "used"),
        [
            (ProposalStatus.OPEN, False),
            (ProposalStatus.EXPIRED, False),
            (ProposalStatus.REJECTED, True),
            (ProposalStatus.APPLIED, True),
        ],
    )
    async def test_a_decision_on_its_proposal_is_use(
        self, store: Store, around: Outside, status: ProposalStatus, used: bool
    ) -> None:
        found = await investigated(store)
        await spoke(store)
        await store.proposals.add(cases.proposal(id=uuid4(), investigation=found.id, status=status))
        assert await attention.score_due(around.house, NOW) == int(used)

    async def test_a_reply_comes_after_silence_too(self, store: Store, around: Outside) -> None:
        await spoke(store, investigation=None)
        await attention.score_due(around.house, NOW + DAY)
        await Ledger(around.house).replied(THREAD, "U1")
        assert await score(store) == (AttentionScore.USED, "U1 replied")

    async def test_what_people_do_never_outweighs_what_they_say(
        self, store: Store, around: Outside
    ) -> None:
        ledger = Ledger(around.house)
        await spoke(store)
        await ledger.judged(THREAD, "U1", right=False)
        await ledger.replied(THREAD, "U2")
        await ledger.opened(THREAD, "U2")
        assert (await score(store))[0] is AttentionScore.CONTRADICTED
        await ledger.judged(THREAD, "U1", right=True)
        assert await score(store) == (AttentionScore.USED, "U1 said that it was right")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("not it", AttentionScore.CONTRADICTED),
            ("No, that's not the cause: a disk was full", AttentionScore.CONTRADICTED),
            ("false alarm, we were testing", AttentionScore.CONTRADICTED),
            ("wrong", AttentionScore.CONTRADICTED),
            ("is it the backup?", AttentionScore.USED),
            ("something is wrong with cart as well", AttentionScore.USED),
            ("not sure, looking", AttentionScore.USED),
        ],
    )
    async def test_a_reply_may_say_that_it_is_wrong(
        self, store: Store, around: Outside, text: str, expected: AttentionScore
    ) -> None:
        await spoke(store)
        await Ledger(around.house).replied(THREAD, "U1", text)
        assert (await score(store))[0] is expected

    async def test_other_threads_are_left_alone(self, store: Store, around: Outside) -> None:
        await spoke(store)
        await spoke(store, "summary-2", thread="2.0", investigation=None)
        await Ledger(around.house).replied(THREAD, "U1")
        assert (await score(store, "summary-2"))[0] is AttentionScore.PENDING


async def test_a_message_of_its_own_leads_to_its_thread(store: Store, around: Outside) -> None:
    ledger = Ledger(around.house)
    await store.messages.claim("report-1-2", "C1", "1.0", "report")
    await store.messages.sent("report-1-2", "1.7")
    await store.messages.claim("digest-1", "C1", "", "digest")
    await store.messages.sent("digest-1", "2.0")
    assert await ledger.thread_of("C1", "1.7") == THREAD
    assert await ledger.thread_of("C1", "2.0") == Conversation(channel="C1", thread="2.0")
    assert await ledger.thread_of("C1", "9.9") is None


async def test_precision_is_of_each_channel(store: Store, around: Outside) -> None:
    ledger = Ledger(around.house)
    for number in range(4):
        await spoke(store, f"a{number}", thread=f"{number}.0", investigation=None)
    await spoke(store, "b", channel="C2", thread="0.0", posted_at=NOW - DAY, investigation=None)
    for number in range(3):
        place = Conversation(channel="C1", thread=f"{number}.0")
        await ledger.judged(place, "U1", right=number < 2)
    one, two = await ledger.precision()
    assert (one.channel, one.used, one.contradicted, one.pending) == ("C1", 2, 1, 1)
    assert (one.posted_today, one.budget) == (4, 3)
    assert one.share == pytest.approx(2 / 3)
    assert (two.channel, two.posted_today, two.share) == ("C2", 0, None)


class TestBudget:
    """What may be said unasked in a channel in a day."""

    async def full(self, store: Store) -> None:
        for number in range(3):
            await spoke(store, f"a{number}", posted_at=NOW)

    async def test_it_lasts_for_a_day_in_each_channel(self, store: Store, around: Outside) -> None:
        async def may(channel: str = "C1") -> bool:
            return await attention.may_speak(around.house, channel, 0.5, Severity.HIGH)

        assert await may()
        await self.full(store)
        assert not await may()
        assert await may("C2")
        around.clock.at = NOW + DAY
        assert await may()

    async def test_what_would_page_is_said_whatever_was_said_before(self, store: Store) -> None:
        around = outside(store, messages_per_day=3, page_above_impact=0.8)
        await self.full(store)
        assert await attention.may_speak(around.house, "C1", 0.8, Severity.MEDIUM)
        assert not await attention.may_speak(around.house, "C1", 0.79, Severity.CRITICAL)

    async def test_a_critical_alert_of_the_gravest_kind_is_too(
        self, store: Store, around: Outside
    ) -> None:
        await self.full(store)
        assert await attention.may_speak(around.house, "C1", 0.95, Severity.CRITICAL)
        assert await attention.may_speak(around.house, "C1", 0.95, Severity.MEDIUM), "not said"
        assert not await attention.may_speak(around.house, "C1", 0.95, Severity.LOW)


class Told:
    """A notifier that keeps digests."""

    def __init__(self) -> None:
        self.digests: dict[str, tuple[list[Decided], list[Issue]]] = {}

    async def digest(self, decided: list[Decided], issues: list[Issue], key: str) -> None:
        self.digests.setdefault(key, (decided, issues))


class TestDigest:
    """Once a day, and not on a day with nothing to say."""

    @pytest.fixture
    def told(self, around: Outside) -> Told:
        told = Told()
        object.__setattr__(around.house, "notifier", told)
        return told

    async def decide(self, store: Store, key: str, **changes: Any) -> None:
        signal = alert(key)
        await store.signals.add(signal)
        decided = cases.decided(0, signal=key, **{"at": NOW, **changes})
        async with store.sessions.begin() as tx:
            await store.decisions.add(decided, signal, critical=False, duplicate=False, session=tx)

    async def test_what_was_quiet_is_told_once(
        self, store: Store, around: Outside, told: Told
    ) -> None:
        await self.decide(store, "a")
        await self.decide(store, "b", decision=Decision.INVESTIGATE)
        due = NOW.replace(hour=8)
        assert await digest.send(around.house, due) == 1
        await self.decide(store, "c", at=due + timedelta(minutes=1))
        assert await digest.send(around.house, due + timedelta(hours=1)) == 0
        assert await digest.send(around.house, due + DAY) == 1
        said = {k: [d.signal for d in v[0]] for k, v in told.digests.items()}
        assert said == {f"digest-{due:%Y-%m-%d}": ["a"], f"digest-{due + DAY:%Y-%m-%d}": ["c"]}

    async def test_a_crash_before_it_is_noted_tells_nothing_twice(
        self, store: Store, around: Outside, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await self.decide(store, "a")
        due = NOW.replace(hour=8)

        async def crash(*_: object) -> None:
            raise OSError("the database is away")

        with monkeypatch.context() as patch:
            patch.setattr(store.decisions, "mark_told", crash)
            with pytest.raises(OSError, match="away"):
                await digest.send(around.house, due)
        assert await digest.send(around.house, due + timedelta(minutes=1)) == 1
        assert len(told.digests) == 1

    async def test_on_a_quiet_day_nothing_is_said(self, around: Outside, told: Told) -> None:
        assert await digest.send(around.house, NOW.replace(hour=8)) == 0
        assert told.digests == {}


async def test_past_the_budget_an_alert_waits_for_the_digest(store: Store, around: Outside) -> None:
    async def taken(number: int, severity: Severity) -> Decision:
        place = Conversation(channel="C1", thread=f"{number}.0")
        signal = alert(f"s{number}", conversation=place, severity=severity, service=f"s{number}")
        signal = signal.model_copy(update={"fingerprint": f"datadog:{number}"})
        speak = partial(attention.may_speak, around.house)
        found = await accept(store, signal, around.clock, Budget(), speak)
        return found.triage.decision

    assert await taken(1, Severity.HIGH) is Decision.INVESTIGATE
    for number in range(3):
        await spoke(store, f"a{number}", posted_at=NOW)
    assert await taken(2, Severity.HIGH) is Decision.WATCH
    (kept,) = await store.decisions.quiet(NOW - DAY)
    assert (kept.signal, "digest" in kept.reason) == ("s2", True)
