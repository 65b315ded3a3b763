"""What a hypothesis is worth before any evidence: the base rate of its failure mode, and what is known of the place.

Odds multiply, so log-odds add (I. J. Good, *Probability and the Weighing of Evidence*, 1950). Each part is small against
a fair sign in the data, their sum is bounded, and each stands in ``Hypothesis.reasons`` with its size: what is known
beforehand orders the looking, it never decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import networkx as nx

from agent.investigation.directives import directives_in
from agent.investigation.quiet import HARMLESS
from agent.learning.features import role_of
from agent.learning.similarity import role_in_words
from agent.model import Case, Hypothesis, Note, Pattern
from agent.ports import Wish
from agent.reasoning.modes.catalogue import CATALOGUE
from agent.reasoning.modes.target import JOB, Target
from agent.reasoning.modes.view import View, time_of

MOST_IN_CONTEXT = 1.5
"""What all that is known of the place may add or take together."""
KNOWN_BEFORE, AGAIN, MOST_KNOWN = 1.0, 0.2, 1.4
"""The same cause at the same entity was found once; each further time; at most."""
KNOWN_IN_ROLE = 0.7
"""The same cause was found at what played the same role for another service."""
ALIKE_FROM = 0.5
"""How alike the symptoms have to be for what was found elsewhere to count, 0..1."""
KNOWN_ELSEWHERE = 0.3
"""The same kind of cause explained a similar alert elsewhere."""
OFTEN_AT_FAULT = 0.2
"""The entity was at fault before, in another way."""
NEAR, FURTHER, FARTHEST = -0.3, -0.5, -1.3
"""A direct dependency; each hop beyond it; at most. Trouble is most often where it is felt."""
CHANGED, STARTED = 0.4, 0.4
"""A rollout or change of settings at the entity, or its start as a job, shortly before the symptom."""
NAMED, SPOKEN_OF = 0.6, 0.3
"""People named the entity; they spoke of what the mode is about."""
RECENTLY = timedelta(hours=2)
"""How long before the symptom a change counts."""
OWN_AT_LEAST, OWN_AT_MOST = -3.0, -0.4
"""A model's own prior is cut to these: at most what it may call likely."""
FROM_BASE_RATE = 1.0
"""How far a model's own prior may lie from the base rate of the mode that it names."""
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9]")


class Part(NamedTuple):
    """One thing that makes a hypothesis more or less likely beforehand."""

    log_odds: float
    words: str

    @property
    def reason(self) -> str:
        """As it stands among the reasons."""
        return f"{self.words} ({self.log_odds:+.1f})"


def in_context(hypothesis: Hypothesis, view: View) -> Hypothesis:
    """A new hypothesis, whose prior is a base rate, with what is known of its entity added and named."""
    base = Part(hypothesis.prior, f"base rate of {_short(hypothesis)}")
    parts = tuple(_parts(hypothesis, view))
    added = sum(p.log_odds for p in parts)
    prior = hypothesis.prior + max(-MOST_IN_CONTEXT, min(MOST_IN_CONTEXT, added))
    return hypothesis.model_copy(
        update={
            "prior": round(prior, 4),
            "log_odds": round(prior, 4),
            "reasons": (*hypothesis.reasons, *(p.reason for p in (base, *parts))),
        }
    )


def of_a_model(proposed: Iterable[Hypothesis], case: Case) -> tuple[Hypothesis, ...]:
    """A model's hypotheses, its own priors held near the base rates, and with the same context as those of the rules."""
    view = View.of(case)
    known = {h.id for h in case.hypotheses}
    return tuple(
        h if h.id in known else in_context(h.model_copy(update={"prior": _bounded(h)}), view)
        for h in proposed
    )


def _bounded(hypothesis: Hypothesis) -> float:
    prior = max(OWN_AT_LEAST, min(OWN_AT_MOST, hypothesis.prior))
    if (mode := CATALOGUE.get(hypothesis.mode)) is None:
        return prior
    return max(mode.prior - FROM_BASE_RATE, min(mode.prior + FROM_BASE_RATE, prior))


def heard(board: Sequence[Hypothesis], notes: Sequence[Note]) -> tuple[Hypothesis, ...]:
    """The board after people spoke: what they name becomes likelier beforehand, once however often they say it."""
    return tuple(_heard(h, notes) for h in board)


def _heard(hypothesis: Hypothesis, notes: Sequence[Note]) -> Hypothesis:
    fresh = [
        p
        for p in _said(hypothesis, notes)
        if not any(r.startswith(p.words) for r in hypothesis.reasons)
    ]
    if not fresh:
        return hypothesis
    prior = round(hypothesis.prior + sum(p.log_odds for p in fresh), 4)
    reasons = (*hypothesis.reasons, *(p.reason for p in fresh))
    return hypothesis.model_copy(update={"prior": prior, "reasons": reasons})


def _short(hypothesis: Hypothesis) -> str:
    mode = CATALOGUE.get(hypothesis.mode)
    return mode.short if mode else "a cause without a known pattern"


def _parts(hypothesis: Hypothesis, view: View) -> Iterator[Part]:
    yield from _learnt(hypothesis, view)
    if not hypothesis.entity or hypothesis.mode in HARMLESS:
        return
    target = view.target(hypothesis.entity, hypothesis.namespace)
    yield from _distant(target, view)
    yield from _changed(target, view)
    yield from _said(hypothesis, view.case.notes)


def _learnt(hypothesis: Hypothesis, view: View) -> Iterator[Part]:
    """What earlier investigations of similar alerts found; what is disputed makes nothing likelier."""
    known = [p for p in view.case.patterns if p.speaks]
    same = [p for p in known if p.mode == hypothesis.mode]
    here = next((p for p in same if p.entity == hypothesis.entity), None)
    same = [p for p in same if p.likeness >= ALIKE_FROM]
    if here is not None:
        size = min(MOST_KNOWN, KNOWN_BEFORE + AGAIN * (here.times_seen - 1))
        yield Part(size, f"found here before, in investigation {here.investigation}")
    elif same and (like := _in_role(same, hypothesis, view)) is not None:
        where = f"{like.entity}, {role_in_words(like.role)}"
        yield Part(KNOWN_IN_ROLE, f"investigation {like.investigation} found it at {where}")
    elif same:
        yield Part(KNOWN_ELSEWHERE, f"explained a similar alert at {same[0].entity}")
    elif hypothesis.entity in {p.entity for p in known}:
        yield Part(OFTEN_AT_FAULT, f"{hypothesis.entity} was at fault before")


def _in_role(same: Sequence[Pattern], hypothesis: Hypothesis, view: View) -> Pattern | None:
    role = role_of(hypothesis.entity, view)
    return next((p for p in same if p.role and p.role == role), None)


def _distant(target: Target, view: View) -> Iterator[Part]:
    hops = _hops(target, view)
    if hops == 1:
        yield Part(NEAR, "one hop away in the graph")
    elif hops > 1:
        size = max(FARTHEST, NEAR + FURTHER * (hops - 1))
        yield Part(size, f"{hops} hops away in the graph")


def _hops(target: Target, view: View) -> int:
    """How far away an entity is from the subject; a job is as far as the nearest thing that it works on. 0: unknown."""
    graph, subject = view.graph, view.subject.name
    if subject not in graph or target.name not in graph or target.name == subject:
        return 0
    distances = nx.single_source_shortest_path_length(graph, subject)
    if target.flavour == JOB:
        near = [distances[n] for n in graph.successors(target.name) if n in distances]
        return min(near, default=0)
    return int(distances.get(target.name, 0))


def _changed(target: Target, view: View) -> Iterator[Part]:
    """A change at the entity shortly before the symptom; the latest of a kind is named."""
    onset = view.symptom_onset
    for size, what, times in (
        (CHANGED, f"{target.name} was rolled out at", _rollouts(target, view)),
        (CHANGED, f"a setting of {target.name} changed at", _settings(target, view)),
        (STARTED, f"{target.name} started at", _starts(target, view)),
    ):
        recent = [at for at in times if onset - RECENTLY <= at <= onset]
        if recent:
            yield Part(size, f"{what} {max(recent):%H:%M}, before the symptom")


def _rollouts(target: Target, view: View) -> Iterator[datetime]:
    for found in view.answers("kubernetes_rollouts"):
        for rollout in found.data.get("rollouts") or []:
            if rollout.get("workload") == target.name:
                yield from _at(rollout.get("at"))


def _settings(target: Target, view: View) -> Iterator[datetime]:
    workload = view.workload(target)
    names = {target.name, *((workload.data.get("config_maps") or []) if workload else ())}
    for found in view.answers("kubernetes_changes"):
        for change in found.data.get("changes") or []:
            if change.get("kind") == "ConfigMap" and change.get("name") in names:
                yield from _at(change.get("at"))


def _starts(target: Target, view: View) -> Iterator[datetime]:
    for found in view.answers("kubernetes_jobs"):
        for job in found.data.get("cron_jobs") or []:
            if job.get("name") == target.name:
                for active in job.get("active") or []:
                    yield from _at(active.get("started_at"))


def _at(text: object) -> Iterator[datetime]:
    if (at := time_of(text)) is not None:
        yield at


def _said(hypothesis: Hypothesis, notes: Sequence[Note]) -> Iterator[Part]:
    """The most telling that people said of the entity or the mode; a note that drops a suspicion speaks for nothing."""
    if hypothesis.mode in HARMLESS:
        return
    mode = CATALOGUE.get(hypothesis.mode)
    about = mode.words if mode is not None else frozenset[str]()
    said = [(n.user, _words(n)) for n in notes if not _drops(n)]
    if named := [user for user, words in said if hypothesis.entity.lower() in words]:
        yield Part(NAMED, f"{named[0]} named {hypothesis.entity}")
    elif spoken := [(user, min(about & words)) for user, words in said if about & words]:
        yield Part(SPOKEN_OF, f"{spoken[0][0]} spoke of {spoken[0][1]}")


def _words(note: Note) -> set[str]:
    return {w.lower() for w in _WORD.findall(note.text)}


def _drops(note: Note) -> bool:
    return any(d.wish is Wish.NOT_IT for d in directives_in(note))
