"""The grounding gate: how many made-up facts of a model's report it strikes, and how many true sentences.

Scenarios are investigated by the rules. Their sentences, and facts that a scripted model notes from the answers of tools in
wordings of its own, are the truth. Into each a falsehood is put. Notes go through the gate of evidence, sentences through
that of reports, and both as headline, next step and question through all gates. One half of the scenarios, wordings and
ways to write values is what the gate was tuned with; the other half was held out.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from agent.investigation.gates import passed
from agent.investigation.grounding import Grounds, Pool, known_names, ungrounded
from agent.model import Case, Claim, Ending, Finding
from benchmarks import hands, paraphrases
from benchmarks.fabrications import PLAIN_WORD, Told, falsehoods
from benchmarks.figure import Figure
from benchmarks.scripted_notes import Fact, Hand, facts_of

DEVELOPMENT = (
    "login-failure", "redis-memory-pressure", "missing-secret", "failing-liveness", "oom-kill", "pending-resources",
)  # fmt: skip
HELD_OUT = (
    "cpu-throttling", "memory-limit-near", "node-pressure", "image-name-or-tag", "slow-query", "traffic-surge",
    "dependency-errors", "hpa-at-maximum",
)  # fmt: skip
MOST_MISSED, MOST_STRUCK = 0.02, 0.01
"""Promised: shares of falsehoods that pass, and of true sentences that are struck."""
_MOST_CPU_MS = 20.0
_ROUNDS = 1
"""Falsehoods of each kind that are made of a sentence."""
_NOTES_OF_STEP, _SAID_ELSEWHERE = 2, 12
_OTHER_ONE = "value of another one in the answer"
_OTHER_CITED = "value of another one, both cited"
_PLACES = ("headline", "next_steps", "question")


class Half(NamedTuple):
    """What belongs to one half of the measurement."""

    name: str
    scenarios: tuple[str, ...]
    hand: Hand
    ways: dict[str, paraphrases.Change]


HALVES = (
    Half("development", DEVELOPMENT, hands.DEVELOPMENT, paraphrases.DEVELOPMENT),
    Half("held out", HELD_OUT, hands.HELD_OUT, paraphrases.HELD_OUT),
)


class Tally(NamedTuple):
    """How the gate did, by kind."""

    made: Counter[str]
    missed: Counter[str]
    said: Counter[str]
    struck: Counter[str]
    examples: list[str]

    def truth(self, told: Told, kept: bool) -> None:
        """A true sentence was kept, or struck."""
        self.said[told.kind] += 1
        if not kept:
            self.struck[told.kind] += 1
            self.examples.append(f"struck ({told.kind}): {told.text}")

    def falsehood(self, told: Told, kept: bool) -> None:
        """A false sentence was kept, or struck."""
        self.made[told.kind] += 1
        if kept:
            self.missed[told.kind] += 1
            self.examples.append(f"missed ({told.kind}): {told.text}")


def measure() -> list[Figure]:
    """Figures of both halves, and what the gates cost."""
    found, longest = [], None
    for half in HALVES:
        cases = [asyncio.run(_case(name)) for name in half.scenarios]
        found += figures(half, cases)
        longest = max((*cases, *([longest] if longest else ())), key=lambda c: len(c.steps))
    return [*found, cost(longest)] if longest else found


def cost(case: Case) -> Figure:
    """CPU that all gates take for the report of a case, the best of some times."""
    taken = []
    for _ in range(7):
        began = time.process_time()
        passed(case.finding or Finding(ending=Ending.INPUT_NEEDED, headline=""), case)
        taken.append(time.process_time() - began)
    return Figure(
        f"CPU of all gates, {len(case.steps)} steps", 1e3 * min(taken), "ms", _MOST_CPU_MS
    )


async def _case(scenario: str) -> Case:
    # What plays a scenario in one process is the tests' harness, which is not installed with the package.
    played: Any = await import_module("tests.scenarios").investigate(scenario)
    case: Case = played.case
    return case


def figures(half: Half, cases: Sequence[Case], seed: int = 11) -> list[Figure]:
    """What the gate makes of the cases' truths and of falsehoods made of them."""
    tally = tallied(half, cases, seed)
    counted = [k for k in tally.made if k != PLAIN_WORD]
    missed = sum(tally.missed[k] for k in counted) / sum(tally.made[k] for k in counted)
    each = [tally.missed[k] / tally.made[k] for k in counted]
    struck = sum(tally.struck.values()) / sum(tally.said.values())
    made, said = sorted(tally.made.items()), sorted(tally.said.items())
    return [
        Figure(f"{half.name}: made-up facts missed", 100 * missed, "%", 100 * MOST_MISSED),
        Figure(f"{half.name}: missed, mean of the kinds", 100 * sum(each) / len(each), "%"),
        *(Figure(f"  {k}, of {n}", 100 * tally.missed[k] / n, "%") for k, n in made),
        Figure(f"{half.name}: true sentences struck", 100 * struck, "%", 100 * MOST_STRUCK),
        *(Figure(f"  {k}, of {n}", 100 * tally.struck[k] / n, "%") for k, n in said),
    ]


def tallied(half: Half, cases: Sequence[Case], seed: int = 11) -> Tally:
    """The same, counted, with the sentences that were judged wrongly."""
    tally, generator = Tally(Counter(), Counter(), Counter(), Counter(), []), random.Random(seed)
    for case in cases:
        _Trial(case, half, tally, generator).run()
    return tally


class _Trial:
    """One case's sentences before the gate."""

    def __init__(self, case: Case, half: Half, tally: Tally, generator: random.Random) -> None:
        self._case, self._half, self._tally, self._generator = case, half, tally, generator
        known = known_names(case)
        self._grounds = Grounds(case.steps, case.evidence, known)
        self._pools = {
            s.number: Pool.of([s], known=known) for s in case.steps if s.reading is not None
        }
        self._facts = [f for s in case.steps for f in facts_of(s)]
        self._true: set[str] = set()

    def run(self) -> None:
        """All of them."""
        report = [
            t for told in self._report() for t in paraphrases.paraphrases(told, self._half.ways)
        ]
        notes = list(self._notes())
        self._true |= {t.text for t in (*report, *notes)}
        for told in report:
            self._tally.truth(told, self._carries(told))
        for told in notes:
            self._tally.truth(told, self._notes_carry(told))
        for told in (t for t in report if t.kind == "as it was"):
            for false in self._falsehoods(told, self._grounds.pool(told.rests_on)):
                self._tally.falsehood(false, self._carries(false))
        for told in notes:
            for false in self._falsehoods(told, self._pools[told.rests_on[0]]):
                self._tally.falsehood(false, self._notes_carry(false))
        for false, pool in self._of_others():
            self._tally.falsehood(false, not ungrounded(false.text, pool))
        self._elsewhere([t for t in report if t.kind == "as it was"])

    def _report(self) -> list[Told]:
        finding = self._case.finding
        if finding is None:
            return []
        claims = (*finding.chain, *finding.impact, *finding.forecast, *finding.ruled_out)
        return [Told(c.text, c.citations, "as it was") for c in claims]

    def _notes(self) -> Iterator[Told]:
        for fact in self._some_facts():
            for text in self._half.hand.sentences(fact, self._generator.randrange(1 << 30)):
                yield Told(text, (fact.step,), f"noted of a {fact.kind}")

    def _some_facts(self) -> Iterator[Fact]:
        for number in self._pools:
            facts = [f for f in self._facts if f.step == number]
            yield from self._generator.sample(facts, min(_NOTES_OF_STEP, len(facts)))

    def _of_others(self) -> Iterator[tuple[Told, Pool]]:
        """What is told of one thing, said of another of its kind: in the same answer, or in another one that is cited too."""
        for fact in self._some_facts():
            others = [f for f in self._facts if f.kind == fact.kind and _is_alike(f, fact)]
            if not others:
                continue
            other, seed = self._generator.choice(others), self._generator.randrange(1 << 30)
            told = {t for f in (fact, *others) for t in self._half.hand.sentences(f, seed)}
            steps = tuple(dict.fromkeys((fact.step, other.step)))
            kind = _OTHER_ONE if len(steps) == 1 else _OTHER_CITED
            pool = Pool(tuple(s for n in steps for s in self._pools[n].sources))
            for text in self._half.hand.sentences(fact.with_values_of(other), seed):
                if text not in told:
                    yield Told(text, steps, kind), pool

    def _falsehoods(self, told: Told, pool: Pool) -> Iterator[Told]:
        texts = [t for s in pool.sources for t in (s.shown, s.whole)]
        names = [e.name for e in self._case.entities if "-" in e.name]
        others = [n for n in names if not any(n.lower() in t for t in texts)]
        for _ in range(_ROUNDS):
            for false in falsehoods(told, self._generator, others):
                if false.text not in self._true:
                    yield false

    def _carries(self, told: Told) -> bool:
        return self._grounds.carry(Claim(text=told.text, citations=told.rests_on))

    def _notes_carry(self, told: Told) -> bool:
        return not ungrounded(told.text, self._pools[told.rests_on[0]])

    def _elsewhere(self, report: Sequence[Told]) -> None:
        """The sentences as headline, next step and question, through all gates."""
        some = [
            (t, f)
            for t in report
            for f in falsehoods(t, self._generator, ())
            if f.kind != PLAIN_WORD
        ]
        some = self._generator.sample(some, min(_SAID_ELSEWHERE, len(some)))
        for place in _PLACES:
            for true, false in some:
                if false.text in self._true:
                    continue
                self._tally.truth(true._replace(kind=f"as {place}"), self._passes(place, true))
                self._tally.falsehood(
                    false._replace(kind=f"as {place}"), self._passes(place, false)
                )

    def _passes(self, place: str, sentence: Told) -> bool:
        """Whether a sentence comes through all gates in this place of a finding."""
        finding = self._case.finding or Finding(ending=Ending.INPUT_NEEDED, headline="")
        said = {
            "headline": sentence.text,
            "next_steps": (f"Have a look, because {sentence.text}",),
            "question": f"Did you know this: {sentence.text}?",
        }[place]
        draft = finding.model_copy(
            update={"ending": Ending.INPUT_NEEDED, "question": "", place: said}
        )
        return bool(said == getattr(passed(draft, self._case), place))


def _is_alike(one: Fact, other: Fact) -> bool:
    """Whether two facts tell of two things of a kind."""
    same = one.step == other.step or one.values.get("metric", "") == other.values.get("metric")
    return bool(same and one.values["name"] != other.values["name"])
