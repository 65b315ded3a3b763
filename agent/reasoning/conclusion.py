"""Puts a finding together from the board: headline, chain from cause to effect, forecast, what was ruled out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from agent.investigation.hypotheses import leading
from agent.investigation.quiet import HARMLESS
from agent.model import Case, Change, Claim, Ending, Evidence, Finding, Hypothesis
from agent.ports import Concluded
from agent.reasoning.companions import companions
from agent.reasoning.modes.catalogue import CATALOGUE, all_signs
from agent.reasoning.modes.mode import DECISIVE, Role
from agent.reasoning.modes.transient import TRANSIENT
from agent.reasoning.modes.view import View
from agent.reasoning.modes.wording import clock

CLAIM_ABOVE = 0.6
_REFINES_ABOVE = 0.45
_ROOT_ABOVE = 0.7
_MOST = 7
_MOST_RULED_OUT = 5
_MOST_BEHIND, _MOST_OWN, _MOST_REMEMBERED = 3, 4, 2
"""How many sentences the chain takes of each refinement, of the cause itself, and of what is remembered."""


class _Carried(NamedTuple):
    """Evidence for a hypothesis with its place in the report."""

    evidence: Evidence
    weight: float
    role: Role


def conclude(case: Case) -> Concluded:
    """The finding that the evidence carries, and the changes that would mend it, best first."""
    view, leader = View.of(case), leading(case.hypotheses)
    if leader is None:
        return Concluded(finding=_without_hypotheses(case))
    if leader.mode in HARMLESS and leader.confidence >= CLAIM_ABOVE:
        return Concluded(finding=_nothing_wrong(case, leader, view))
    path = path_from(leader, case)
    root = _root(case, path)
    finding = _cause(case, path, view)
    finding = finding.model_copy(
        update={
            "mode": root.mode,
            "entity": root.entity,
            "entity_kind": root.entity_kind,
            "namespace": root.namespace,
            "confidence": _confidence(path[: path.index(root) + 1]),
            "next_steps": _advice(root, view),
        }
    )
    if finding.confidence < CLAIM_ABOVE:
        return Concluded(finding=_unsure(case, finding, leader))
    mended = path if root is leader else (root,)
    second = companions(case, path, view)
    told = tuple(_beside(h, case, view) for h in second)
    finding = finding.model_copy(update={"next_steps": (*finding.next_steps, *told)})
    changes = (*_changes(case, mended, view), *_changes(case, second, view))
    return Concluded(finding=finding, changes=changes)


def _beside(second: Hypothesis, case: Case, view: View) -> str:
    """What to know of a second cause, with what tells most of it."""
    carried = _with_role(_carried(second, case, view), Role.CAUSE)
    told = (c.evidence.statement for c in carried)
    telling = max(told, key=lambda s: '"' in s)  # what is quoted says most
    return f"There is a second cause as well: {second.statement}. {sentence(telling, view)}"


def _confidence(path: tuple[Hypothesis, ...]) -> float:
    """As sure as the weakest link; a coarser word for what is known more exactly of the same entity is implied by it."""
    links = [h for h, deeper in pairwise(path) if h.entity != deeper.entity]
    return min(h.confidence for h in (*links, path[-1]))


def _advice(root: Hypothesis, view: View) -> tuple[str, ...]:
    """What people would do about the cause."""
    mode = CATALOGUE.get(root.mode)
    return tuple(mode.advice(view.target(root.entity, root.namespace), view)) if mode else ()


def path_from(leader: Hypothesis, case: Case) -> tuple[Hypothesis, ...]:
    """From what leads down to the root: at each level the likeliest refinement, while one is likely."""
    path = [leader]
    while True:
        seen = {h.id for h in path}
        below = [
            h
            for h in case.hypotheses
            if h.parent == path[-1].id and h.id not in seen and h.confidence >= _REFINES_ABOVE
        ]
        if not below:
            return tuple(path)
        path.append(max(below, key=lambda h: h.log_odds))


def _root(case: Case, path: tuple[Hypothesis, ...]) -> Hypothesis:
    """What to name as the cause: the deepest of the path that is settled.

    A resource at its limit needs room whoever takes it: something else is named in its place only where a decisive sign
    shows that. While it still has room it is a victim, and taking away what disturbs it mends it.
    """
    decided = {i for e in case.evidence for i, weight in e.weights.items() if weight >= DECISIVE}
    root = path[0]
    for deeper in path[1:]:
        elsewhere = deeper.entity != root.entity and deeper.id not in decided
        if deeper.confidence < _ROOT_ABOVE or (root.id in decided and elsewhere):
            break
        root = deeper
    return root


def _carried(hypothesis: Hypothesis, case: Case, view: View) -> list[_Carried]:
    """The evidence for a hypothesis, the heaviest first; roles come from the mode that made the statement."""
    mode = CATALOGUE.get(hypothesis.mode)
    roles = {}
    if mode is not None:
        target = view.target(hypothesis.entity, hypothesis.namespace)
        roles = {s.statement: s.role for s in all_signs(mode, target, view)}
    carried = [
        _Carried(e, e.weights[hypothesis.id], roles.get(e.statement, Role.CAUSE))
        for e in case.evidence
        if hypothesis.id in e.weights
    ]
    return sorted(carried, key=lambda c: -c.weight)


def _cause(case: Case, path: tuple[Hypothesis, ...], view: View) -> Finding:
    leader = path[0]
    own, *each = (_carried(h, case, view) for h in path)
    behind = [c for carried in each for c in carried]
    chain = [
        c for carried in reversed(each) for c in _with_role(carried, Role.CAUSE)[:_MOST_BEHIND]
    ]
    chain += _with_role(own, Role.CAUSE)[:_MOST_OWN]
    chain += _with_role([*own, *behind], Role.CONTEXT)[:_MOST_REMEMBERED]
    effects = [*_with_role(own, Role.EFFECT), *_with_role(behind, Role.EFFECT)]
    forecast = [c for c in (*own, *behind) if c.role is Role.FORECAST and c.weight >= 0]
    return Finding(
        ending=Ending.CAUSE_FOUND,
        headline=_headline(path, forecast, view),
        mode=leader.mode,
        entity=leader.entity,
        entity_kind=leader.entity_kind,
        namespace=leader.namespace,
        confidence=leader.confidence,
        chain=_claims(chain, view),
        impact=_claims(effects, view)[:_MOST],
        forecast=_claims(forecast, view)[:3],
        ruled_out=tuple(_ruled_out(case, path)),
        next_steps=(),
        reasoner="rules",
    )


def _with_role(carried: Iterable[_Carried], role: Role) -> list[_Carried]:
    return [c for c in carried if c.role is role and c.weight > 0]


def _headline(path: tuple[Hypothesis, ...], forecast: list[_Carried], view: View) -> str:
    """From what is felt over how it comes about to the root, in one sentence."""
    text, middle, root = path[0].statement, path[1:-1], path[-1]
    if middle and middle[-1].entity != root.entity:
        text += f": {middle[-1].statement}"
    if root.entity_kind == "cronjob" and len(path) > 1:
        text += f", because {root.statement}"
    elif len(path) > 1:
        text += f", at the root {root.statement}" if ": " in text else f": {root.statement}"
    reaches = next((c for c in forecast if "reaches its limit" in c.evidence.statement), None)
    if reaches is not None:
        text += f"; {reaches.evidence.statement}"
    return sentence(text, view)


def _claims(carried: Iterable[_Carried], view: View) -> tuple[Claim, ...]:
    unique = {c.evidence.number: c.evidence for c in carried}
    return tuple(_claim(e, view) for e in unique.values())


def _claim(evidence: Evidence, view: View) -> Claim:
    return Claim(text=sentence(evidence.statement, view), citations=(evidence.number,))


def sentence(text: str, view: View) -> str:
    """With a capital letter, unless it begins with the name of something."""
    first = text.split(" ", 1)[0]
    return text if first in view.graph or "-" in first else text[:1].upper() + text[1:]


def _ruled_out(case: Case, path: tuple[Hypothesis, ...]) -> Iterator[Claim]:
    kept = {h.id for h in path}
    told: set[int] = set()
    for hypothesis in sorted(case.hypotheses, key=lambda h: h.log_odds - h.prior):
        against = [e for e in case.evidence if e.weights.get(hypothesis.id, 0.0) < 0]
        if hypothesis.id in kept or hypothesis.confidence > 0.2 or not against:
            continue
        evidence = min(against, key=lambda e: e.weights[hypothesis.id])
        if evidence.number in told:
            continue
        told.add(evidence.number)
        mode = CATALOGUE.get(hypothesis.mode)
        what = mode.short if mode else f"that {hypothesis.statement}"
        yield Claim(text=f"Not {what}: {evidence.statement}", citations=(evidence.number,))
        if len(told) == _MOST_RULED_OUT:
            return


def _nothing_wrong(case: Case, leader: Hypothesis, view: View) -> Finding:
    carried = [c for c in _carried(leader, case, view) if c.weight > 0]
    symptom = view.symptom
    since = ""
    if leader.mode == TRANSIENT.id and symptom is not None and symptom.pulse_end is not None:
        since = f" at {clock(symptom.pulse_end)}"
    return Finding(
        ending=Ending.NOTHING_WRONG,
        headline=f"Nothing is wrong: {leader.statement}{since}",
        mode=leader.mode,
        entity=leader.entity,
        entity_kind=leader.entity_kind,
        namespace=leader.namespace,
        confidence=leader.confidence,
        chain=_claims(carried, view)[:_MOST],
        ruled_out=tuple(_ruled_out(case, (leader,))),
        next_steps=_advice(leader, view),
        reasoner="rules",
    )


def _unsure(case: Case, finding: Finding, leader: Hypothesis) -> Finding:
    """The likeliest, as far as it goes, and what to tell or try."""
    open_ones = [h for h in case.ranked() if h.confidence >= 0.1][:3]
    return finding.model_copy(
        update={
            "ending": Ending.INPUT_NEEDED,
            "headline": f"No certain cause for {case.signal.title}; likeliest: {leader.statement}",
            "question": f"What changed around {case.signal.service or 'it'} lately that srebot cannot see?",
            "next_steps": tuple(f"Look further whether {h.statement}" for h in open_ones),
        }
    )


def _without_hypotheses(case: Case) -> Finding:
    return Finding(
        ending=Ending.INPUT_NEEDED,
        headline="It is not known which service this is about",
        question="Which service or workload is affected?",
        reasoner="rules",
    )


def _changes(case: Case, found: tuple[Hypothesis, ...], view: View) -> tuple[Change, ...]:
    """The changes for the hypotheses, of which the first is the least specific; each once, the nearest to the root first."""
    unique: dict[str, Change] = {}
    for hypothesis in reversed(found):
        mode = CATALOGUE.get(hypothesis.mode)
        if mode is None:
            continue
        target = view.target(hypothesis.entity, hypothesis.namespace)
        why = _claims(_with_role(_carried(hypothesis, case, view), Role.CAUSE), view)[:2]
        for change in mode.fixes(target, view):
            key = f"{change.kind} {change.target.key} {sorted(change.arguments.items())}"
            unique.setdefault(key, change.model_copy(update={"why": change.why or why}))
    return tuple(unique.values())
