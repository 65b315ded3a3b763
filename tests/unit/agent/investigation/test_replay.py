"""Replay and fork on a small company: cut records, models that gave up, hints, and answers that the record lacks."""

from __future__ import annotations

from typing import Any

import pytest

from agent.errors import AccessDenied, NotFound, SrebotError, Unreachable
from agent.investigation.comparing import first_difference
from agent.investigation.forking import Forked, Present, fork, point_of
from agent.investigation.journal import ToolSpec
from agent.investigation.loop import Investigator
from agent.investigation.recorded import PastRun, RecordedAnswers, RecordedRegistry, runs_of
from agent.investigation.replay import Differs, Played, play
from agent.investigation.verdicts import differing, verdict_of
from agent.model import Budget, Check, Note, Reading, Step
from agent.ports import Reasoner, Received
from agent.reasoning.rules import Rules
from agent.tools import Registry
from tests.unit.agent.investigation.company import Company, redis_story
from tests.unit.agent.investigation.house import (
    NOW,
    Journal,
    Knowing,
    Letters,
    MemoryStore,
    TestClock,
    Told,
    case_of,
    signal_on,
)
from tests.unit.agent.investigation.test_journal import MemoryJournal
from tests.unit.agent.investigation.test_loop import Model

SIGNAL = signal_on("redis-reco", "Redis command latency is high on redis-reco", fingerprint="1001")
NOTE = Note(user="U1", text="the backup was moved to 01:20", at=NOW)


class Lived:
    """An investigation that was recorded, with what the database would hold of it."""

    def __init__(self, reasoner: Reasoner | None = None, company: Company | None = None) -> None:
        self.journal, self.store = MemoryJournal(), MemoryStore(case_of(SIGNAL, Budget()))
        rules = Rules()
        self._investigator = Investigator(
            Registry([company or redis_story()]),
            reasoner or rules,
            rules,
            self.store,
            Knowing(),
            Told(),
            TestClock(),
            patience_seconds=0.01,
            journal=self.journal,
        )

    async def investigate(self, *letters: Received) -> Lived:
        await self._investigator.run(7, Journal(), Letters(*letters))
        return self

    async def runs(self, most: int | None = None) -> tuple[PastRun, ...]:
        """The recorded runs, of so many entries of the journal."""
        return runs_of((await self.journal.read(7))[:most], 7)

    async def steps(self) -> tuple[Step, ...]:
        return await self.store.load_steps(7)

    async def fork(
        self, start: str, reasoner: Reasoner | None = None, hint: str = "", **present: Any
    ) -> Forked:
        thinks = reasoner or Rules()
        now = Present(lambda _: thinks, present.pop("registry", Registry()), **present)
        runs = await self.runs()
        return await fork(7, point_of(runs, start), await self.steps(), now, hint, "me")

    def difference(self, played: Played) -> str:
        """Against what was stored; boards are compared on the real database."""
        evidence = [self.store.evidence[n] for n in sorted(self.store.evidence)]
        return first_difference(played, played.boards, evidence, self.store.finding)


async def test_an_investigation_is_played_again_the_same_with_what_people_said() -> None:
    lived = await Lived().investigate(Received(notes=(NOTE,)))
    played = await play(7, await lived.runs())
    assert not played.cut_short
    assert lived.difference(played) == ""


@pytest.mark.parametrize("fails_at", ["propose", "weigh", "conclude"])
async def test_the_taking_over_by_the_rules_is_played_again_the_same(fails_at: str) -> None:
    lived = await Lived(Model(fails_at)).investigate()
    played = await play(7, await lived.runs())
    assert lived.store.finding is not None
    assert lived.difference(played) == ""
    assert lived.store.investigation.reasoner == "rules"


async def test_a_record_that_was_cut_anywhere_is_played_as_far_as_it_goes() -> None:
    lived = await Lived().investigate()
    whole = len(await lived.journal.read(7))
    for most in range(1, whole):
        played = await play(7, await lived.runs(most))
        assert played.cut_short.startswith("The record ends before"), most
    assert not (await play(7, await lived.runs(whole))).cut_short


async def test_a_run_after_a_run_is_played_behind_it() -> None:
    lived = await Lived().investigate()
    await lived.investigate()
    runs = await lived.runs()
    assert len(runs) == 2
    assert not (await play(7, runs)).cut_short


async def test_more_in_the_record_than_the_code_asks_for_is_a_difference() -> None:
    lived = await Lived().investigate()
    last = (await lived.journal.read(7))[-1]
    more = last.model_copy(update={"position": last.position + 1, "name": "epilogue"})
    await lived.journal.write(7, more)
    with pytest.raises(Differs, match="expected the end, recorded is the step epilogue"):
        await play(7, await lived.runs())


async def test_a_fork_asks_nothing_of_the_company() -> None:
    company = redis_story()
    lived = await Lived(company=company).investigate()
    asked = dict(company.asked)
    forked = await lived.fork("0")
    assert company.asked == asked
    assert lived.store.finding is not None
    was = verdict_of(lived.store.finding, await lived.steps())
    assert forked.case.finding is not None
    assert differing(was, verdict_of(forked.case.finding, forked.steps)) == ()


async def test_what_the_record_lacks_is_named_as_not_seen() -> None:
    lived = await Lived(Model()).investigate()
    forked = await lived.fork("0")
    assert forked.case.finding is not None
    assert any("not in the record of investigation 7" in s for s in forked.case.finding.unseen)


async def test_what_the_record_lacks_is_asked_when_that_is_wanted() -> None:
    lived, company = await Lived(Model()).investigate(), redis_story()
    forked = await lived.fork("0", registry=Registry([company]), live=True)
    assert company.asked, "the rules ask for more than the model did"
    recorded = {s.check.key for s in await lived.steps()}
    assert all(key not in recorded for key in company.asked)
    assert forked.case.finding is not None
    assert not any("not in the record" in s for s in forked.case.finding.unseen)


class Listener(Model):
    """Another model."""

    name = "listener"


@pytest.mark.parametrize("start", ["0", "r1"])
async def test_a_hint_is_heard_from_its_point_on(start: str) -> None:
    lived, listener = await Lived().investigate(), Listener()
    forked = await lived.fork(start, listener, hint="we moved sessions to redis-reco")
    (note,) = listener.cases[0].notes
    assert (note.user, note.text) == ("me", "we moved sessions to redis-reco")
    assert sum(n == note for n in forked.case.notes) == 1


async def test_another_reasoner_takes_over_at_the_point_and_not_before() -> None:
    lived, listener = await Lived().investigate(), Listener()
    forked = await lived.fork("r1", listener)
    assert forked.case.finding is not None
    assert forked.case.finding.reasoner == "listener"
    rounds = {c.round for c in listener.cases}
    assert min(rounds) == 1, "the opening was thought by the rules"


async def test_a_fork_goes_on_at_the_moment_that_it_leaves_the_record() -> None:
    lived = await Lived().investigate()
    forked = await lived.fork("r1")
    assert forked.case.investigation.spent.seconds < 60


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0", "the start"),
        ("1", "the end of round 0, in which step 1 was taken"),
        ("r1", "the end of round 1"),
        ("round 1", "the end of round 1"),
    ],
)
async def test_points_are_named_by_step_and_by_round(text: str, says: str) -> None:
    runs = await (await Lived().investigate()).runs()
    assert point_of(runs, text).words == says


@pytest.mark.parametrize("text", ["-1", "1000", "r7", "x", "", "1.5", "r"])
async def test_points_that_there_are_not_are_refused(text: str) -> None:
    runs = await (await Lived().investigate()).runs()
    with pytest.raises(SrebotError):
        point_of(runs, text)


def test_what_has_no_journal_is_refused_with_its_reason() -> None:
    with pytest.raises(SrebotError, match="Investigation 7 cannot be played again"):
        runs_of((), 7)


SPEC = ToolSpec(
    name="logs",
    description="Logs.",
    vendor="datadog",
    cost_seconds=2.0,
    deadline_seconds=5.0,
    arguments={
        "type": "object",
        "properties": {"query": {"type": "string"}, "minutes": {"type": "number", "default": 60}},
        "required": ["query"],
    },
)


def step(number: int, observation: str = "", status: str = "ok", **arguments: Any) -> Step:
    reading = Reading(source="datadog", query="q", observation=observation) if observation else None
    check = Check(tool="logs", arguments=arguments)
    return Step(
        number=number,
        round=0,
        check=check,
        status=status,
        reading=reading,
        error="" if reading else "no",
        started_at=NOW,
    )


async def test_recorded_answers_are_found_whatever_the_defaults_and_the_order() -> None:
    answers = RecordedAnswers(
        7, [step(1, "a", query="x"), step(2, "b", query="x", minutes=5)], [SPEC]
    )
    registry = RecordedRegistry([SPEC], answers)
    for arguments, says in (
        ({"query": "x"}, "a"),
        ({"minutes": 60, "query": "x"}, "a"),
        ({"minutes": 5, "query": "x"}, "b"),
    ):
        assert (await registry["logs"](arguments)).observation == says


async def test_what_was_asked_twice_is_answered_in_order() -> None:
    answers = RecordedAnswers(7, [step(1, "a", query="x"), step(2, "b", query="x")], [SPEC])
    check = Check(tool="logs", arguments={"query": "x"})
    assert [(await answers(check)).observation for _ in range(3)] == ["a", "b", "b"]


@pytest.mark.parametrize(
    ("status", "error"),
    [("denied", AccessDenied), ("not_found", NotFound), ("unreachable", Unreachable)],
)
async def test_what_was_refused_is_refused_again(status: str, error: type[Exception]) -> None:
    answers = RecordedAnswers(7, [step(1, status=status, query="x")], [SPEC])
    with pytest.raises(error, match="no"):
        await answers(Check(tool="logs", arguments={"query": "x"}))


def test_recorded_tools_look_as_they_did() -> None:
    tool = RecordedRegistry([SPEC], RecordedAnswers(7, [], [SPEC]))["logs"]
    assert (tool.schema, tool.vendor, tool.cost_seconds) == (SPEC.arguments, "datadog", 2.0)
    assert tool.signature == "logs(query, minutes=60)"
