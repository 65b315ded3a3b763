"""What the journal holds comes back as it was, whatever a step gave; positions survive crashes."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import SrebotError
from agent.investigation.equipment import Gated, Round
from agent.investigation.journal import (
    Begun,
    RecordingInbox,
    ToolSpec,
    entry_of,
    recording,
    result_of,
)
from agent.investigation.thinking import Thought
from agent.model import (
    Change,
    ChangeKind,
    Check,
    Claim,
    Ending,
    Entity,
    Evidence,
    Finding,
    Hypothesis,
    Note,
    Reading,
    Series,
    Step,
)
from agent.ports import Concluded, Directive, Entry, Proposed, Received, Weighed, Wish
from tests.unit.agent.investigation.house import NOW, Letters, TestClock, case_of, signal_on

T = TypeVar("T")
TEXT = st.text(max_size=30)
NUMBER = st.floats(allow_nan=False)
MOMENT = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
DATA = st.dictionaries(TEXT, JSON, max_size=3)
SERIES = st.builds(
    Series, metric=TEXT, points=st.lists(st.tuples(NUMBER, NUMBER), max_size=4).map(tuple)
)
READING = st.builds(
    Reading,
    source=TEXT,
    query=TEXT,
    observation=TEXT,
    data=DATA,
    series=st.lists(SERIES, max_size=2).map(tuple),
)
CHECK = st.builds(Check, tool=TEXT, arguments=DATA, reason=TEXT)
STEP = st.builds(
    Step,
    number=st.integers(1, 99),
    round=st.integers(0, 9),
    check=CHECK,
    reading=st.none() | READING,
    started_at=MOMENT,
    seconds=NUMBER,
)
HYPOTHESIS = st.builds(
    Hypothesis, id=TEXT, mode=TEXT, statement=TEXT, prior=NUMBER, log_odds=NUMBER
)
EVIDENCE = st.builds(
    Evidence,
    number=st.integers(1, 99),
    step=st.integers(1, 99),
    statement=TEXT,
    weights=st.dictionaries(TEXT, NUMBER, max_size=3),
    read_at=MOMENT,
)
FINDING = Finding(
    ending=Ending.CAUSE_FOUND,
    headline="redis-reco is full",
    confidence=0.1 + 0.2,
    chain=(Claim(text="15.6 GiB of 16 GiB", citations=(1, 2)),),
)


def many(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


def there_and_back(result: Any) -> Any:
    return result_of(entry_of(3, "step", result, NOW))


@given(many(STEP), many(HYPOTHESIS), many(EVIDENCE), MOMENT)
def test_any_case_comes_back(
    steps: tuple[Step, ...],
    hypotheses: tuple[Hypothesis, ...],
    evidence: tuple[Evidence, ...],
    now: datetime,
) -> None:
    case = case_of(signal_on("redis-reco", "slow")).model_copy(
        update={"steps": steps, "hypotheses": hypotheses, "evidence": evidence, "now": now}
    )
    assert there_and_back(case) == case


@given(many(HYPOTHESIS), many(CHECK), many(EVIDENCE), MOMENT)
def test_any_thought_comes_back(
    hypotheses: tuple[Hypothesis, ...],
    checks: tuple[Check, ...],
    evidence: tuple[Evidence, ...],
    at: datetime,
) -> None:
    for result in (
        Proposed(hypotheses=hypotheses, checks=checks),
        Weighed(evidence=evidence, hypotheses=hypotheses, checks=checks),
        None,
    ):
        thought: Thought[Any] = Thought(result=result, reasoner="gpt", unavailable="no", at=at)
        back = there_and_back(thought)
        assert back == thought
        assert type(back.result) is type(result)


@given(many(STEP), MOMENT)
def test_any_round_comes_back(steps: tuple[Step, ...], at: datetime) -> None:
    assert there_and_back(Round(steps=steps, at=at)) == Round(steps=steps, at=at)


@pytest.mark.parametrize(
    "result",
    [
        Gated(finding=FINDING, at=NOW),
        Thought[Concluded](
            result=Concluded(
                finding=FINDING,
                changes=(
                    Change(
                        kind=ChangeKind.RESOURCES,
                        target=Entity(name="redis-reco"),
                        arguments={"memory_bytes": 24 * 2**30},
                    ),
                ),
            ),
            reasoner="rules",
            at=NOW,
        ),
        Received(
            notes=(Note(user="U1", text="we moved it", at=NOW),),
            directives=(Directive(wish=Wish.LOOK_AT, subject="session-db", user="U1", at=NOW),),
            stop=True,
        ),
        Begun(
            reasoner="gpt",
            tools=(
                ToolSpec(
                    name="t",
                    description="d",
                    vendor="v",
                    cost_seconds=1.0,
                    deadline_seconds=2.0,
                    arguments={"type": "object", "properties": {"n": {"default": 1}}},
                ),
            ),
            reopened=(Note(user="U1", text="go on", at=NOW),),
        ),
        None,
    ],
    ids=lambda r: type(r).__name__,
)
def test_each_kind_of_result_comes_back(result: object) -> None:
    assert there_and_back(result) == result


def test_half_a_character_costs_itself_and_not_the_investigation() -> None:
    piece = Evidence(number=1, step=1, statement="so \ud83d it goes", read_at=NOW)
    thought: Thought[Any] = Thought(result=Weighed(evidence=(piece,)), reasoner="gpt", at=NOW)
    assert there_and_back(thought).result.evidence[0].statement == "so ? it goes"


def test_a_gap_in_a_series_stays_a_gap() -> None:
    points = ((1.0, float("nan")), (2.0, float("inf")))
    reading = Reading(
        source="s", query="q", observation="o", series=(Series(metric="m", points=points),)
    )
    step = Step(number=1, round=0, check=Check(tool="t"), reading=reading, started_at=NOW)
    (back,) = there_and_back(Round(steps=(step,), at=NOW)).steps
    (_, first), (_, second) = back.reading.series[0].points
    assert math.isnan(first)
    assert second == math.inf


def test_a_result_that_the_journal_does_not_know_is_refused() -> None:
    with pytest.raises(TypeError, match="add Claim"):
        entry_of(0, "step", Claim(text="x"), NOW)


def test_what_a_newer_version_wrote_is_said_to_be_so() -> None:
    with pytest.raises(SrebotError, match="this version of srebot does not know"):
        result_of(Entry(position=1, name="step", kind="Dream", value="{}", at=NOW))


class MemoryJournal:
    """A journal in memory."""

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}

    async def write(self, investigation: int, entry: Entry) -> None:
        self.entries[entry.position] = entry

    async def last(self, investigation: int) -> Entry | None:
        return self.entries[max(self.entries)] if self.entries else None

    async def read(self, investigation: int) -> tuple[Entry, ...]:
        return tuple(self.entries[n] for n in sorted(self.entries))

    def names(self) -> list[str]:
        return [self.entries[n].name for n in sorted(self.entries)]


class Dies(Exception):
    """The process ends here."""


class Remembering:
    """A durable that may lose its memory of the step that it did last, as a crash before its commit would."""

    def __init__(self, remembered: dict[str, object] | None = None, dies_after: str = "") -> None:
        self.remembered = dict(remembered or {})
        self._dies_after = dies_after

    async def step(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        if name in self.remembered:
            return self.remembered[name]  # type: ignore[return-value]
        result = await work()
        if name == self._dies_after:
            raise Dies
        self.remembered[name] = result
        return result


BEGUN = Begun(reasoner="rules", tools=())


async def three_steps(durable: Remembering, journal: MemoryJournal) -> None:
    async def work() -> None:
        pass

    steps, _ = await recording(durable, Letters(), journal, 7, BEGUN, TestClock())
    for name in ("open", "look", "report"):
        await steps.step(name, work)


@pytest.mark.parametrize("lost", ["begin", "open", "look", "report"])
async def test_a_crash_before_the_commit_of_any_step_leaves_the_journal_whole(lost: str) -> None:
    journal, before = MemoryJournal(), Remembering(dies_after=lost)
    with pytest.raises(Dies):
        await three_steps(before, journal)
    await three_steps(Remembering(before.remembered), journal)
    assert journal.names() == ["begin", "open", "look", "report"]


async def test_a_run_that_reopens_an_investigation_goes_on_behind_the_one_before() -> None:
    journal = MemoryJournal()
    await three_steps(Remembering(), journal)
    await three_steps(Remembering(), journal)
    assert journal.names() == ["begin", "open", "look", "report"] * 2


async def test_only_what_people_sent_is_written_down() -> None:
    note = Received(notes=(Note(user="U1", text="look at it", at=NOW),))
    journal = MemoryJournal()
    _, inbox = await recording(
        Remembering(), Letters(Received(), note), journal, 7, BEGUN, TestClock()
    )
    assert isinstance(inbox, RecordingInbox)
    assert [await inbox.take() for _ in range(3)] == [Received(), note, Received()]
    assert journal.names() == ["begin", "inbox-2"]
