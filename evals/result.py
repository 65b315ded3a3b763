"""What came of one play, as it stands in the JSON and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from evals.citations import Checked
from evals.scoring import Score, is_healthy
from evals.told import Told
from sandbox.world.scenario import Scenario

Json = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """One scenario played with one reasoner."""

    scenario: Scenario
    reasoner: str
    """rules, model or bare."""
    judged: bool = True
    """False where no truth is known; the score then means nothing."""
    told: Told = field(default_factory=Told)
    score: Score = field(default_factory=lambda: Score(False, False, False, 0))
    seconds: float = 0.0
    """Wall time of the investigation."""
    first_words_seconds: float | None = None
    """From the alert to the bot's first words in its thread."""
    wall_seconds: float = 0.0
    """Of the whole play: the company and the bot start and stop as well."""
    problem: str = ""
    """Why it could not be played."""
    timeline: Sequence[Mapping[str, Any]] = ()
    """The tool calls in order."""
    hypotheses: Sequence[Mapping[str, Any]] = ()

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong in the scenario."""
        return is_healthy(self.scenario.truth)

    def as_json(self) -> Json:
        """All of it."""
        truth = self.scenario.truth
        return {
            "scenario": self.scenario.name,
            "title": self.scenario.title,
            "reasoner": self.reasoner,
            "healthy": self.healthy,
            "problem": self.problem,
            "judged": self.judged,
            "score": _score(self.score),
            "seconds": round(self.seconds, 3),
            "first_words_seconds": self.first_words_seconds,
            "wall_seconds": round(self.wall_seconds, 3),
            "tool_calls": self.told.tool_calls,
            "tokens": self.told.tokens,
            "usd": round(self.told.usd, 6),
            "truth": truth.model_dump(mode="json"),
            "told": asdict(self.told),
            "timeline": list(self.timeline),
            "hypotheses": list(self.hypotheses),
        }


def _score(score: Score) -> Json:
    checked: Checked = score.citations
    return {
        "cause": score.cause,
        "entity": score.entity,
        "kind": score.kind,
        "fix": score.fix,
        "false_claims": list(score.false_claims),
        "citations": checked.total,
        "invented_citations": list(checked.invented),
        "uncarried": list(checked.uncarried),
        "proposed_on_healthy": score.proposed_on_healthy,
    }


@dataclass(frozen=True)
class Totals:
    """All plays of one reasoner."""

    reasoner: str
    played: int
    failed: int
    """Plays that did not come about; they count as wrong."""
    cause: float
    entity: float
    kind: float
    fix: float
    """Mean of the 4 steps, 0..100."""
    false_claims: int
    citations: int
    invented_citations: int
    uncarried: int
    """Sentences of whose values nothing is in what they cite."""
    proposed_on_healthy: int
    seconds_median: float
    seconds_worst: float
    tool_calls: float
    tokens: int
    usd: float


def totals(results: Sequence[Result]) -> list[Totals]:
    """For each reasoner, in the order in which they were played, over what could be judged."""
    judged = [r for r in results if r.judged]
    order = dict.fromkeys(r.reasoner for r in judged)
    return [_total(name, [r for r in judged if r.reasoner == name]) for name in order]


def _total(reasoner: str, results: Sequence[Result]) -> Totals:
    count = len(results)
    times = sorted(r.seconds for r in results)
    scores = [r.score for r in results]
    return Totals(
        reasoner=reasoner,
        played=count,
        failed=sum(bool(r.problem) for r in results),
        cause=sum(s.cause for s in scores) / count,
        entity=sum(s.entity for s in scores) / count,
        kind=sum(s.kind for s in scores) / count,
        fix=sum(s.fix for s in scores) / count,
        false_claims=sum(len(s.false_claims) for s in scores),
        citations=sum(s.citations.total for s in scores),
        invented_citations=sum(len(s.citations.invented) for s in scores),
        uncarried=sum(len(s.citations.uncarried) for s in scores),
        proposed_on_healthy=sum(s.proposed_on_healthy for s in scores),
        seconds_median=times[count // 2],
        seconds_worst=times[-1],
        tool_calls=sum(r.told.tool_calls for r in results) / count,
        tokens=sum(r.told.tokens for r in results),
        usd=sum(r.told.usd for r in results),
    )
