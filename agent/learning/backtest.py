"""Whether a new or edited pattern would have made findings worse: it is tried on closed investigations first.

Of each closed investigation that resembles, the stored evidence is kept and only what was known beforehand is worked out
anew: the priors with the patterns as they are, and with the pattern as it would be; each time the rules conclude. An
investigation never recalls what it taught itself. The new way is taken when it is right at least as often.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.investigation.priors import in_context
from agent.learning.features import features_of_signal
from agent.learning.recall import Known, known, plan_of
from agent.learning.similarity import alike, rarity
from agent.model import Case, Ending, Hypothesis, Json, Pattern, PatternState, Value
from agent.reasoning.conclusion import conclude
from agent.reasoning.modes.catalogue import CATALOGUE
from agent.reasoning.modes.view import View
from agent.store.repository import Store

MOST_CASES = 20
MOST_PATTERNS = 60
_RECALLED = 5
_NAMED_COUNTS = 0.5
"""What the same service adds to the likeness of symptoms in the order of recall."""


class Replayed(Value):
    """One closed investigation, concluded with one set of patterns."""

    investigation: int
    mode: str
    entity: str
    right: bool


class Backtest(Value):
    """What became of closed investigations before and with a change of patterns."""

    before: tuple[Replayed, ...] = ()
    after: tuple[Replayed, ...] = ()

    @property
    def is_worse(self) -> bool:
        """Whether fewer are right with the change."""
        return sum(r.right for r in self.after) < sum(r.right for r in self.before)

    @property
    def lost(self) -> tuple[Replayed, ...]:
        """Those that were right and no longer are, as they come out with the change."""
        pairs = zip(self.before, self.after, strict=True)
        return tuple(new for old, new in pairs if old.right and not new.right)

    @property
    def sentence(self) -> str:
        """For people."""
        if not self.before:
            return "No closed investigation resembles it, so there was nothing to try it on."
        was, now = (sum(r.right for r in some) for some in (self.before, self.after))
        text = f"Tried on {len(self.before)} closed investigations: {now} right, {was} before."
        if self.is_worse and self.lost:
            one = self.lost[0]
            text += (
                f" Investigation {one.investigation} would come out as {one.mode} at {one.entity}."
            )
        return text

    @property
    def details(self) -> Json:
        """For the audit log."""
        return {
            "cases": len(self.before),
            "right_before": sum(r.right for r in self.before),
            "right_after": sum(r.right for r in self.after),
            "lost": [r.investigation for r in self.lost],
        }


class Closed(Value):
    """A closed investigation with what is held of its finding."""

    case: Case
    was_wrong: bool = False


async def backtested(store: Store, *changed: Pattern) -> Backtest:
    """Try changed or new patterns (id 0) on the closed investigations that resemble."""
    now = await store.patterns.list()
    near = await store.patterns.similar(
        mode=changed[0].mode,
        symptoms=changed[0].symptoms[:1],
        entity=changed[0].entity,
        features=changed[0].features,
        limit=_RECALLED * 2,
    )
    numbers: dict[int, bool | None] = {}
    sources: dict[int, set[int]] = {}
    for pattern in dict.fromkeys([*(p.id for p in near), *(c.id for c in changed if c.id)]):
        seen = await store.patterns.sightings(pattern)
        numbers |= seen
        sources[pattern] = set(seen)
    latest = sorted(numbers, reverse=True)[:MOST_CASES]
    closed = [Closed(case=await store.cases.load(n), was_wrong=numbers[n] is False) for n in latest]
    return compared(closed, now[:MOST_PATTERNS], changed, sources)


async def backtested_against_nothing(store: Store, pattern: Pattern) -> Backtest:
    """Try a pattern that is in use: before is without it, after with it."""
    report = await backtested(store, pattern.model_copy(update={"state": PatternState.RETIRED}))
    return Backtest(before=report.after, after=report.before)


def compared(
    closed: Sequence[Closed],
    patterns: Sequence[Pattern],
    changed: Sequence[Pattern],
    sources: dict[int, set[int]],
) -> Backtest:
    """Each closed investigation with the patterns as they are, and as they would be.

    Args:
        closed: the investigations.
        patterns: all that may be recalled.
        changed: what would stand in the place of those with the same id, or be new.
        sources: the investigations that each pattern comes from.
    """
    replaced = {c.id for c in changed if c.id}
    after = [*(p for p in patterns if p.id not in replaced), *changed]
    found = [one for one in closed if one.case.finding is not None and one.case.hypotheses]
    return Backtest(
        before=tuple(_replayed(one, patterns, sources) for one in found),
        after=tuple(_replayed(one, after, sources) for one in found),
    )


def _replayed(
    closed: Closed, patterns: Iterable[Pattern], sources: dict[int, set[int]]
) -> Replayed:
    case, finding = closed.case, closed.case.finding
    assert finding is not None
    number = case.investigation.id
    others = [
        p
        for p in patterns
        if p.state is not PatternState.RETIRED
        and p.investigation != number
        and sources.get(p.id, set()) != {number}
    ]
    case = case.model_copy(update={"patterns": recalled_among(others, case)})
    mode, entity = _cause(case)
    same = (mode, entity) == (finding.mode, finding.entity)
    return Replayed(
        investigation=number, mode=mode, entity=entity, right=same is not closed.was_wrong
    )


def recalled_among(patterns: Sequence[Pattern], case: Case) -> tuple[Pattern, ...]:
    """What the case would have recalled of these patterns."""
    asked = features_of_signal(case.signal, case.entities, case.relations)
    weights = rarity(p.features for p in patterns)
    service = case.signal.service
    scored = []
    for pattern in patterns:
        likeness = alike(asked, pattern.features, weights)
        named = _NAMED_COUNTS * (service in (pattern.entity, pattern.alerted))
        kept = pattern.model_copy(update={"likeness": round(likeness, 3)})
        scored.append((likeness + named, kept))
    best = sorted((s for s in scored if s[0] > 0.0), key=lambda s: (-s[0], -s[1].times_seen))
    return tuple(pattern for _, pattern in best[:_RECALLED])


def _cause(case: Case) -> tuple[str, str]:
    """What the rules would conclude: early from a recall that would hold, else from all the evidence."""
    view = View.of(case)
    board = tuple(_anew(h, view) for h in case.hypotheses)
    case = case.model_copy(update={"hypotheses": board})
    finding = conclude(case).finding
    plan = plan_of(case, [s.check for s in case.steps if s.round == 0])
    if plan is not None and isinstance(found := known(plan, case, finding), Known):
        finding = found.finding
    if finding.ending is not Ending.CAUSE_FOUND:
        return "", ""
    return finding.mode, finding.entity


def _anew(hypothesis: Hypothesis, view: View) -> Hypothesis:
    """The hypothesis with the prior that it would have had, and all its evidence."""
    mode = CATALOGUE.get(hypothesis.mode)
    if mode is None:
        return hypothesis
    base = hypothesis.model_copy(update={"prior": mode.prior, "reasons": ()})
    again = in_context(base, view)
    moved = hypothesis.log_odds + again.prior - hypothesis.prior
    return again.model_copy(
        update={
            "log_odds": round(moved, 4),
            "status": hypothesis.status,
            "parent": hypothesis.parent,
        }
    )
