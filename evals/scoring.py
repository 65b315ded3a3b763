"""Judges what an investigation told by the scenario's truth, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from evals import kinds
from evals.citations import Checked
from evals.told import CAUSE_FOUND, INPUT_NEEDED, NOTHING_WRONG, Proposed, Told
from sandbox.world.parts import Entity
from sandbox.world.scenario import Truth

MENDS = 100
"""The proposed fix would mend it."""
DIRECTION = 65
"""Right cause and direction, but not the exact fix."""
AREA = 35
"""It narrows the search."""
MISLEADING = 0
"""Nothing, or the wrong way."""


@dataclass(frozen=True)
class Score:
    """How one finding was judged."""

    cause: bool
    """Right kind at a right entity, every one of several causes named, and what it could not see said; on a healthy
    company: that nothing is wrong; where the cause cannot be had: that it says so and asks."""
    entity: bool
    kind: bool
    fix: int
    """Had a responder acted on it: 100, 65, 35 or 0."""
    false_claims: tuple[str, ...] = ()
    citations: Checked = field(default_factory=Checked)
    proposed_on_healthy: bool = False


def is_healthy(truth: Truth) -> bool:
    """Whether nothing is wrong."""
    return truth.entity is None


def score(
    told: Told,
    truth: Truth,
    mends: Callable[[Proposed], bool] = lambda _: False,
    citations: Checked | None = None,
) -> Score:
    """Judge a finding.

    Args:
        told: what was found.
        truth: what should have been.
        mends: whether a change ends a fault, tried on a copy of the company.
        citations: what became of its citations.
    """
    checked = citations or Checked()
    false = tuple(_false_claims(told, truth))
    if is_healthy(truth):
        calm = told.ending in ("", NOTHING_WRONG)
        fix = MENDS if calm else AREA if told.ending != CAUSE_FOUND else MISLEADING
        fix = MISLEADING if told.changes else fix
        return Score(calm, calm, calm, fix, false, checked, bool(told.changes))
    found = told.ending not in ("", NOTHING_WRONG)
    honest = kinds.says("\n".join(told.unseen), truth.unseen)
    if truth.ending == INPUT_NEEDED:
        right = told.ending == INPUT_NEEDED and honest
        fix = MISLEADING if told.changes else MENDS if right else AREA if honest else MISLEADING
        return Score(right, right, right, fix, false, checked)
    entity = found and is_right_entity(told, truth)
    kind = found and kinds.is_right_kind(told, truth)
    cause = told.ending == CAUSE_FOUND and entity and kind and honest and _names_both(told, truth)
    fix = _fix(told, truth, mends, entity=entity, kind=kind)
    return Score(cause, entity, kind, fix, false, checked)


def is_right_entity(told: Told, truth: Truth) -> bool:
    """Whether the thing at fault is the true one, or one that is right as well; one of its Pods counts as itself."""
    return any(_is(told, entity) for entity in _right(truth))


def _names_both(told: Told, truth: Truth) -> bool:
    """Whether each of several causes is named, in whichever part."""
    spoken = _spoken(told)
    return all(_names(spoken, entity.name) for entity in truth.both)


def _right(truth: Truth) -> tuple[Entity, ...]:
    return (truth.entity, *truth.also_right) if truth.entity else truth.also_right


def _is(told: Told, entity: Entity) -> bool:
    if told.namespace and entity.namespace and told.namespace != entity.namespace:
        return False
    of_it = told.entity_kind.lower() in ("pod", "job") and told.entity.startswith(f"{entity.name}-")
    return told.entity == entity.name or of_it


def _fix(
    told: Told, truth: Truth, mends: Callable[[Proposed], bool], *, entity: bool, kind: bool
) -> int:
    right = [change for change in told.changes if _is_right_fix(change, truth, mends)]
    if told.changes and told.changes[0] in right:
        return MENDS
    if not told.changes and truth.advice and kinds.says(_spoken(told), truth.advice):
        return MENDS
    partial = any(c.kind in truth.partial_fixes and _belongs(c, truth) for c in told.changes)
    if right or partial or (entity and kind and _is_not_astray(told, truth)):
        return DIRECTION
    return AREA if entity or kind else MISLEADING


def _is_right_fix(change: Proposed, truth: Truth, mends: Callable[[Proposed], bool]) -> bool:
    return (change.kind in truth.fix_kinds and _belongs(change, truth)) or mends(change)


def _is_not_astray(told: Told, truth: Truth) -> bool:
    """Whether a responder would not first change something that has nothing to do with it."""
    return not told.changes or _belongs(told.changes[0], truth)


def _belongs(change: Proposed, truth: Truth) -> bool:
    names = [entity.name for entity in _right(truth)]
    return any(change.name == name or change.name.startswith(f"{name}-") for name in names)


def _spoken(told: Told) -> str:
    return f"{told.explanation}\n{told.advice}"


def _false_claims(told: Told, truth: Truth) -> Iterator[str]:
    if told.ending != CAUSE_FOUND:
        return
    if is_healthy(truth):
        yield f"claims a cause where nothing is wrong: {told.headline}"
        return
    right = {entity.name for entity in _right(truth)}
    innocent = {entity.name for entity in truth.bystanders} - right
    if told.entity in innocent:
        yield f"blames {told.entity}, which only stood by"
    for sentence in told.sentences:
        named = [n for n in innocent if sentence.part == "chain" and _names(sentence.text, n)]
        if named:
            yield f"puts {', '.join(named)} into the chain of causes: {sentence.text}"


def _names(text: str, name: str) -> bool:
    words = text.replace(",", " ").replace(":", " ").replace("`", " ").split()
    return name in (word.rstrip(".;") for word in words)
