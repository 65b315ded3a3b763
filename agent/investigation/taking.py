"""What people's words change in a running investigation: the board, the budget, and what is looked at next.

Words steer; they are no evidence. A suspicion that a person drops becomes less likely a priori, with that person named as
the reason, and what the data shows can still bring it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.investigation.budget import deepened
from agent.investigation.hypotheses import leading, weighed
from agent.investigation.openings import DEFAULT_NAMESPACE, opening_checks
from agent.investigation.priors import heard
from agent.model import Budget, Case, Check, Hypothesis, Note
from agent.ports import Directive, Received, Wish
from agent.tools import Registry

DROPPED = -2.5
"""What a person's "not it" adds to a prior, log-odds: much, and yet no certainty."""
MOST_PLACES = 3
"""Things named by people that are looked at in one round."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9]")
_LABEL = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)"
_WRITTEN_AS_NAME = re.compile(
    rf"`(?P<quoted>{_LABEL}*)`|(?<![\w./-])(?P<plain>{_LABEL}+)(?![\w/-])"
)
"""A resource's name as Kubernetes has them: in backticks, or with a hyphen."""


def taken(case: Case, received: Received, allowance: Budget) -> Case:
    """The case with what people sent: notes kept, budget raised, suspicions dropped.

    ``allowance`` is the budget that the run began with.
    """
    notes = [n for n in received.notes if n not in case.notes]
    case = case.model_copy(update={"notes": (*case.notes, *notes)})
    if notes:
        board = weighed(heard(case.hypotheses, case.notes), case.evidence)
        case = case.model_copy(update={"hypotheses": board})
    for directive in received.directives:
        if directive.wish is Wish.DEEPER:
            case = _with_more(case, directive, allowance)
        elif directive.wish is Wish.NOT_IT:
            case = _without(case, directive)
    return case


def _with_more(case: Case, directive: Directive, allowance: Budget) -> Case:
    head = case.investigation
    try:
        budget = deepened(head.budget, head.spent, head.triage, directive.subject, allowance)
    except ValueError:  # said in passing and not understood: more is wanted all the same
        budget = deepened(head.budget, head.spent, head.triage, "deep", allowance)
    return case.model_copy(update={"investigation": head.model_copy(update={"budget": budget})})


def _without(case: Case, directive: Directive) -> Case:
    meant = set(_meant(case, directive.subject))
    reason = f"{directive.user} says that it is not this ({DROPPED:+.1f})"
    board = [
        h.model_copy(update={"prior": h.prior + DROPPED, "reasons": (*h.reasons, reason)})
        if h.id in meant and reason not in h.reasons
        else h
        for h in case.hypotheses
    ]
    return case.model_copy(update={"hypotheses": weighed(board, case.evidence)})


def _meant(case: Case, subject: str) -> Iterator[str]:
    """The hypotheses that a person names: by id or entity, by a word of the statement, else the leading one."""
    wanted = subject.strip().lower()
    if not wanted:
        leader = leading(case.hypotheses)
        yield from () if leader is None else (leader.id,)
        return
    exact = [h.id for h in case.hypotheses if wanted in (h.id.lower(), h.entity.lower())]
    yield from exact or [h.id for h in case.hypotheses if wanted in _words_of(h)]


def _words_of(hypothesis: Hypothesis) -> set[str]:
    return {w.lower() for w in _NAME.findall(hypothesis.statement)}


def wished_checks(case: Case, received: Received, registry: Registry) -> tuple[Check, ...]:
    """The first look-ups at what people name: what they want looked at, and what their notes speak of.

    A thing that nobody knows yet is looked up first: whether there is a workload of that name.
    """
    looked = [d.subject for d in received.directives if d.wish is Wish.LOOK_AT]
    places = [*looked, *(name for note in received.notes for name in _known_in(note, case))]
    unique = [p for p in dict.fromkeys(places) if p and p != case.signal.service]
    known = [c for place in unique[:MOST_PLACES] for c in _openings_of(place, case, registry)]
    strange = dict.fromkeys(name for note in received.notes for name in _strange_in(note, case))
    names = [n for n in strange if n not in unique][:MOST_PLACES]
    return (*known, *(c for n in names for c in _looked_up(n, case, registry)))


def _known_in(note: Note, case: Case) -> Iterator[str]:
    known = {e.name.lower(): e.name for e in case.entities}
    known |= {h.entity.lower(): h.entity for h in case.hypotheses}
    for word in _NAME.findall(note.text):
        if (name := known.get(word.lower())) is not None:
            yield name


def _strange_in(note: Note, case: Case) -> Iterator[str]:
    """What is written like the name of a resource, and is none that the case knows."""
    known = {e.name.lower() for e in case.entities} | {h.entity.lower() for h in case.hypotheses}
    for match in _WRITTEN_AS_NAME.finditer(note.text):
        name = match["quoted"] or match["plain"]
        if name not in known and name != case.signal.service:
            yield name


def _looked_up(name: str, case: Case, registry: Registry) -> Iterator[Check]:
    if "kubernetes_workload" in registry:
        namespace = case.signal.namespace or case.signal.environment or DEFAULT_NAMESPACE
        yield Check(
            tool="kubernetes_workload",
            arguments={"namespace": namespace, "name": name},
            reason=f"an engineer spoke of {name}",
        )


def _openings_of(place: str, case: Case, registry: Registry) -> tuple[Check, ...]:
    signal = case.signal.model_copy(update={"service": place})
    head = case.investigation.model_copy(update={"signal": signal})
    there = case.model_copy(update={"investigation": head})
    checks = opening_checks(there, registry)
    return tuple(c.model_copy(update={"reason": f"an engineer named {place}"}) for c in checks)
