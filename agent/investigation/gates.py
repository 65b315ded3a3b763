"""The gates that every finding passes before people see it: code settles the outcome, not the reasoner."""

from __future__ import annotations

from collections.abc import Sequence

from agent.investigation.causality import reason_against
from agent.investigation.charts import decisive
from agent.investigation.grounding import Grounds, Pool, known_names, unfounded, ungrounded
from agent.investigation.hypotheses import leading
from agent.investigation.unseen import BLIND, unseen_text
from agent.model import Case, Claim, Ending, Evidence, Finding, Hypothesis

THIN_SUPPORT = 2
"""Fewer supporting pieces of evidence than this are thin: no cause is claimed."""
CLAIM_FROM = 0.6
"""Confidence from which a cause counts as found."""
SURE_DESPITE_BOUND = 0.85
"""Confidence from which a cause counts as found although the budget ended before all was looked at."""
_CAPS = ((2, 0.75), (3, 0.85), (5, 0.92))
"""Supporting answers up to this many -> highest confidence shown."""
_HIGHEST = 0.97
_ONE_SOURCE = 0.8
"""Highest confidence when all support comes from one vendor."""


def passed(draft: Finding, case: Case, *, bound: str = "", stopped: bool = False) -> Finding:
    """The finding as it may go out.

    Sentences that no stored answer carries are struck, the confidence is capped by what supports it, a cause against
    causality or on thin evidence is not claimed, and what could not be seen is named.
    """
    finding = _grounded(draft, case)
    finding = finding.model_copy(
        update={
            "unseen": tuple(dict.fromkeys((*finding.unseen, *unseen_text(case.steps)))),
            "reasoner": case.investigation.reasoner,
        }
    )
    if finding.ending is Ending.CAUSE_FOUND:
        finding = _settled(finding, case)
    elif finding.ending is Ending.NOTHING_WRONG:
        finding = _not_blind(finding, case)
    settled = finding.ending is Ending.CAUSE_FOUND and finding.confidence >= SURE_DESPITE_BOUND
    if (bound or stopped) and not settled and finding.ending is not Ending.NOTHING_WRONG:
        finding = _cut_short(finding, case, bound, stopped=stopped)
    return finding.model_copy(update={"charts": decisive(case, finding)})


def _grounded(draft: Finding, case: Case) -> Finding:
    grounds = Grounds(case.steps, case.evidence, known_names(case))
    kept: dict[str, tuple[Claim, ...]] = {}
    count = draft.struck
    for part in ("chain", "impact", "forecast", "ruled_out"):
        kept[part], lost = grounds.struck(getattr(draft, part))
        count += lost
    changed: dict[str, object] = {**kept}
    # The headline may say no more than the sentences that were kept, and name the alert.
    cited = [n for claims in kept.values() for claim in claims for n in claim.citations]
    if ungrounded(draft.headline, grounds.pool(cited).saying([case.signal.title])):
        changed["headline"], count = _plain_headline(draft, case, grounds.whole), count + 1
    advice = _advice_pool(case, grounds.whole)
    steps = tuple(s for s in draft.next_steps if not unfounded(s, advice))
    count += len(draft.next_steps) - len(steps)
    if draft.question and unfounded(draft.question, advice):
        changed["question"], count = _plain_question(_meant(draft, case)), count + 1
    return draft.model_copy(update={**changed, "next_steps": steps, "struck": count})


def _advice_pool(case: Case, whole: Pool) -> Pool:
    """What questions and next steps may speak of besides the evidence: the alert, what people said, the board."""
    signal = case.signal
    known = (
        f"{signal.title} {signal.text}",
        f"{signal.service} {signal.namespace} {signal.environment}",
        *(n.text for n in case.notes),
        *(f"{h.statement} {h.entity}" for h in case.hypotheses),
        *(e.name for e in case.entities),
    )
    return whole.saying(known)


def _plain_headline(draft: Finding, case: Case, whole: Pool) -> str:
    hypothesis = _meant(draft, case)
    if hypothesis and not ungrounded(hypothesis.statement, whole):
        return hypothesis.statement
    return "No statement about the cause is carried by the evidence"


def _plain_question(hypothesis: Hypothesis | None) -> str:
    if hypothesis is None:
        return "What have you seen that points to a cause?"
    statement = f"{hypothesis.statement[:1].lower()}{hypothesis.statement[1:]}"
    return f"Is it {statement}, and what else would show that?"


def _meant(finding: Finding, case: Case) -> Hypothesis | None:
    same = [h for h in case.ranked() if h.mode == finding.mode and h.entity == finding.entity]
    return same[0] if same else leading(case.hypotheses)


def _settled(finding: Finding, case: Case) -> Finding:
    hypothesis = _meant(finding, case)
    support = _support(hypothesis, case) if hypothesis else []
    against = reason_against(hypothesis, case) if hypothesis else ""
    confidence = min(finding.confidence, capped(hypothesis, support))
    if against:
        confidence = min(confidence, 0.4)
    if confidence >= CLAIM_FROM and len(support) >= THIN_SUPPORT and finding.chain:
        return finding.model_copy(update={"confidence": round(confidence, 3)})
    why = against or "the evidence is too thin to name a cause"
    question = finding.question or _plain_question(hypothesis)
    return finding.model_copy(
        update={
            "ending": Ending.INPUT_NEEDED,
            "confidence": round(min(confidence, CLAIM_FROM - 0.01), 3),
            "headline": f"Not sure: {finding.headline} ({why})",
            "question": question,
        }
    )


def _not_blind(finding: Finding, case: Case) -> Finding:
    """That nothing is wrong is said only by who could look: a signal that was refused may be the one that shows it."""
    meant = _meant(finding, case)
    blind = [
        s.check
        for s in case.steps
        if s.status in BLIND and meant is not None and meant.id in s.check.tells
    ]
    if not blind:
        return finding
    tools = ", ".join(dict.fromkeys(c.tool for c in blind))
    looked_for = blind[0].reason or "whether anything is wrong"
    return finding.model_copy(
        update={
            "ending": Ending.INPUT_NEEDED,
            "confidence": round(min(finding.confidence, CLAIM_FROM - 0.01), 3),
            "headline": f"Nothing is seen to be wrong with {finding.entity}, but not all could be looked at",
            "question": f"srebot could not see {looked_for} ({tools}): how does that look to you?",
        }
    )


def capped(hypothesis: Hypothesis | None, support: Sequence[Evidence]) -> float:
    """The highest confidence that a hypothesis may be shown with, given what supports it."""
    if hypothesis is None:
        return 0.5
    answers = len({e.step for e in support})
    cap = next((c for most, c in _CAPS if answers <= most), _HIGHEST)
    if len({e.source for e in support}) < 2:
        cap = min(cap, _ONE_SOURCE)
    return min(hypothesis.confidence, cap)


def _support(hypothesis: Hypothesis, case: Case) -> list[Evidence]:
    """What speaks for a hypothesis or for a likely refinement of it."""
    ids = {hypothesis.id}
    ids |= {h.id for h in case.hypotheses if h.parent == hypothesis.id and h.log_odds > -0.4}
    return [e for e in case.evidence if any(e.weights.get(i, 0.0) > 0.0 for i in ids)]


def _cut_short(finding: Finding, case: Case, bound: str, *, stopped: bool) -> Finding:
    why = "An engineer stopped it" if stopped else f"The budget of {bound} is used up"
    left = [h.statement for h in case.ranked() if h.confidence > 0.1][:3]
    return finding.model_copy(
        update={
            "ending": Ending.BUDGET_USED,
            "headline": f"{why} before a cause was certain. {finding.headline}",
            "next_steps": finding.next_steps or tuple(f"Still open: {s}" for s in left),
            "question": "",
        }
    )
