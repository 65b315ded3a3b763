"""The reasoner without a model: a catalogue of failure modes weighed by the statistics of the data.

Stateless like every reasoner: each method looks at the whole case anew. Its statements are computed from the data of the
steps that they name, so they hold by construction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.investigation.hypotheses import leading
from agent.investigation.nesting import parent_of
from agent.investigation.priors import in_context
from agent.model import Case, Check, Evidence, Hypothesis, HypothesisStatus, Step
from agent.ports import Answered, Concluded, Proposed, Weighed
from agent.reasoning.conclusion import conclude
from agent.reasoning.modes.catalogue import CATALOGUE, all_signs, suspects
from agent.reasoning.modes.descending import closely
from agent.reasoning.modes.mode import Mode, Sign
from agent.reasoning.modes.target import SERVICE, Target
from agent.reasoning.modes.transient import TRANSIENT, second_look
from agent.reasoning.modes.view import View
from agent.reasoning.questions import answer_of

_PURSUED_ABOVE = -2.9
"""Log-odds above which a hypothesis of a mode that applies to a dependency or a job is pursued further."""


class Rules:
    """Diagnoses by the catalogue; always can go on."""

    name = "rules"

    async def propose(self, case: Case) -> Proposed:
        """A hypothesis for each failure mode that comes into question, and the checks that tell them apart."""
        view = View.of(case)
        hypotheses = tuple(_hypotheses(case, view))
        board = (*case.hypotheses, *hypotheses)
        return Proposed(hypotheses=hypotheses, checks=tuple(_checks(board, view)))

    async def weigh(self, case: Case, steps: Sequence[Step]) -> Weighed:
        """What the steps say on each hypothesis; new ones are weighed on all that is known."""
        view = View.of(case)
        fresh = {s.number for s in steps}
        new = tuple(_hypotheses(case, view))
        evidence = [
            _evidence(h, sign, case)
            for h in (*case.hypotheses, *new)
            if (found := _mode_of(h, view)) is not None
            for sign in all_signs(*found, view)
            if h in new or fresh & set(sign.steps)
        ]
        live = [h for h in case.hypotheses if h.status is not HypothesisStatus.RULED_OUT]
        return Weighed(
            evidence=_merged(evidence),
            hypotheses=new,
            checks=tuple(_checks((*live, *new), view)),
        )

    async def conclude(self, case: Case) -> Concluded:
        """The finding that the evidence carries, and the changes that would mend it."""
        return conclude(case)

    async def answer(self, case: Case, steps: Sequence[Step]) -> Answered:
        """Answer a question of a kind that it knows; otherwise say which those are."""
        return answer_of(case, steps)

    def second_look(self, case: Case) -> tuple[Check, ...]:
        """What to look at again, some time later, when nothing was found: whether it passed by itself."""
        return second_look(View.of(case))

    def attack(self, case: Case) -> tuple[Check, ...]:
        """What would speak against the leading hypothesis: its own refutations, and its strongest rivals' checks."""
        view, leader = View.of(case), leading(case.hypotheses)
        found = _mode_of(leader, view) if leader is not None else None
        if leader is None or found is None:
            return ()
        mode, target = found
        rivals = (TRANSIENT.checks(view.subject, view), mode.refutations(target, view))
        general = (
            target.ask("kubernetes_rollouts", "whether an earlier rollout explains it", hours=72),
            Check(tool="kubernetes_nodes", reason="whether the nodes explain it"),
        )
        checks = (*(c for some in rivals for c in some), *general)
        return tuple(c.model_copy(update={"tells": (leader.id,)}) for c in checks)


def _hypotheses(case: Case, view: View) -> Iterator[Hypothesis]:
    board = list(case.hypotheses)
    known = {(h.mode, h.entity) for h in board}
    number = max((int(h.id[1:]) for h in board if h.id[1:].isdigit()), default=0)
    for mode, target in suspects(view):
        if (mode.id, target.name) in known:
            continue
        known.add((mode.id, target.name))
        number += 1
        hypothesis = Hypothesis(
            id=f"H{number}",
            mode=mode.id,
            statement=mode.statement.format(name=target.name),
            entity=target.name,
            entity_kind=target.entity.kind,
            namespace=target.namespace,
            prior=mode.prior,
        )
        parent = parent_of(hypothesis, board, view)
        board.append(in_context(hypothesis.model_copy(update={"parent": parent}), view))
        yield board[-1]


def _mode_of(hypothesis: Hypothesis, view: View) -> tuple[Mode, Target] | None:
    mode = CATALOGUE.get(hypothesis.mode)
    if mode is None or not hypothesis.entity:
        return None
    return mode, view.target(hypothesis.entity, hypothesis.namespace)


def _checks(hypotheses: Sequence[Hypothesis], view: View) -> Iterator[Check]:
    yield from _further_down(hypotheses, view)
    for hypothesis in hypotheses:
        found = _mode_of(hypothesis, view)
        if found is None or hypothesis.log_odds < _PURSUED_ABOVE:
            continue
        for check in found[0].checks(found[1], view):
            yield check.model_copy(update={"tells": (hypothesis.id,)})


def _further_down(hypotheses: Sequence[Hypothesis], view: View) -> Iterator[Check]:
    """What a dependency in trouble depends on itself, where nobody knows that yet."""
    for dependency in closely(view):
        if dependency.flavour == SERVICE and not view.dependencies(dependency.name):
            yield Check(
                tool="datadog_dependencies",
                arguments={"service": dependency.name, "environment": dependency.environment},
                reason=f"what {dependency.name} depends on",
                tells=tuple(h.id for h in hypotheses if h.entity == dependency.name),
            )


def _evidence(hypothesis: Hypothesis, sign: Sign, case: Case) -> Evidence:
    return Evidence(
        number=1,
        step=sign.step,
        statement=sign.statement,
        weights={hypothesis.id: sign.weight},
        read_at=case.now,
    )


def _merged(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The same statement, made for several hypotheses, is one piece of evidence."""
    found: dict[str, Evidence] = {}
    for piece in evidence:
        known = found.get(piece.statement)
        weights = {**piece.weights, **(known.weights if known else {})}
        found[piece.statement] = piece.model_copy(update={"weights": weights})
    return tuple(found.values())
