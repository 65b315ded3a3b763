"""Whether an incident is a known one: what a recalled pattern would show now, and whether it shows.

A recall is never believed. The look-ups that told then are made again, of those who play the same roles now; the rules
weigh the answers like any others; and the cause is taken only when what told then tells again, it leads every other
hypothesis and every other pattern by a clear margin, and nothing was changed that was not then. Otherwise the whole
investigation follows, with what was looked up meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.investigation.hypotheses import SUPPORTED_ABOVE, leading
from agent.investigation.stopping import family_of
from agent.learning.features import entities_in, features_of
from agent.learning.probes import check_of
from agent.learning.similarity import in_words
from agent.model import Case, Check, Ending, Finding, Hypothesis, Pattern, Value
from agent.reasoning.conclusion import path_from
from agent.reasoning.modes.catalogue import CATALOGUE
from agent.reasoning.modes.mode import FAIR
from agent.reasoning.modes.view import View

MOST_PATTERNS = 3
"""Recalled patterns that are checked at once: the nearest, and those it must win against."""
MARGIN = 2.0
"""By how much the cause has to lead the next one, log-odds."""
TELLS_AGAIN = 0.6
"""Which share of what told then, by weight, has to tell again; what told most of all has to."""
SHARE_OF_CALLS = 0.5
"""Of the look-ups of the whole investigation, what a recall may use at most."""
LEAST_CALLS = 16
"""An investigation that took fewer is not worth cutting short."""
_ALWAYS = frozenset(
    {
        "past_investigations",
        "datadog_monitors",
        "kubernetes_workload",
        "kubernetes_events",
        "kubernetes_rollouts",
        "kubernetes_changes",
        "kubernetes_jobs",
    }
)
"""The first look-ups that show rivals: what changed, what runs, what alerts."""
_PROBES_EACH = 2
"""Probes of each recalled pattern in the first look; those of what leads then follow."""


class Candidate(Value):
    """A recalled pattern with who would be at fault now, and what would show it."""

    pattern: Pattern
    entity: str
    checks: tuple[Check, ...]
    """The telling checks, in the order of the pattern's probes that somebody plays the roles of."""
    weights: tuple[float, ...]

    @property
    def most_calls(self) -> int:
        """What a recall of it may use."""
        return int(self.pattern.tool_calls * SHARE_OF_CALLS)

    @property
    def on(self) -> str:
        """When it was seen last."""
        return f"{self.pattern.last_seen:%Y-%m-%d}"


class Plan(Value):
    """What to look at first when an incident may be a known one."""

    candidates: tuple[Candidate, ...]
    """The nearest first."""
    checks: tuple[Check, ...]
    most_calls: int


class Known(Value):
    """An incident that is a known one."""

    candidate: Candidate
    margin: float
    finding: Finding

    @property
    def sentence(self) -> str:
        """Why it is enough."""
        told, pattern = len(self.candidate.checks), self.candidate.pattern
        return (
            f"Known incident, as on {self.candidate.on} (investigation {pattern.investigation}): "
            f"what told then ({told} look-ups) tells the same now, and it leads the next cause by"
            f" {self.margin:.1f} log-odds."
        )


def plan_of(case: Case, openings: Sequence[Check]) -> Plan | None:
    """What to ask first; None when no pattern is worth it. ``openings`` is what is asked otherwise."""
    worth = (c for c in _candidates(case) if c.pattern.tool_calls >= LEAST_CALLS)
    candidates = tuple(worth)[:MOST_PATTERNS]
    if not candidates:
        return None
    most = min(c.most_calls for c in candidates)
    wanted = [c for c in openings if c.tool in _ALWAYS and not c.arguments.get("state")]
    wanted += [c for candidate in candidates for c in candidate.checks[:_PROBES_EACH]]
    unique = {c.key: c for c in reversed(wanted)}
    checks = [unique[k] for k in dict.fromkeys(c.key for c in wanted)]
    return Plan(candidates=candidates, checks=tuple(checks[:most]), most_calls=most)


def leading_candidate(plan: Plan, case: Case) -> Candidate | None:
    """The recalled pattern that the board speaks for most; None: none of them is on it."""
    found = [(h.log_odds, c) for c in plan.candidates if (h := hypothesis_of(c, case.hypotheses))]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _candidates(case: Case) -> Iterator[Candidate]:
    """The patterns that may hold again; one cause at one entity counts once."""
    view, seen = View.of(case), set[tuple[str, str]]()
    for pattern in case.patterns:
        if not pattern.speaks or pattern.mode not in CATALOGUE or not pattern.probes:
            continue
        entity = _now_at_fault(pattern, view)
        if not entity or (pattern.mode, entity) in seen:
            continue
        seen.add((pattern.mode, entity))
        reason = f"it told on {pattern.last_seen:%Y-%m-%d}, investigation {pattern.investigation}"
        asked = [(check_of(p, view, entity, reason), p.weight) for p in pattern.probes]
        found = [(c, w) for c, w in asked if c is not None]
        if found:
            checks, weights = zip(*found, strict=True)
            yield Candidate(pattern=pattern, entity=entity, checks=checks, weights=weights)


def _now_at_fault(pattern: Pattern, view: View) -> str:
    """Who plays the role now that was at fault then; the same entity when the same service alerts."""
    if pattern.alerted == view.subject.name or not pattern.role:
        return pattern.entity
    playing = entities_in(pattern.role, view)
    return pattern.entity if pattern.entity in playing else next(iter(playing), "")


def hypothesis_of(candidate: Candidate, board: Sequence[Hypothesis]) -> Hypothesis | None:
    """The candidate among the hypotheses."""
    wanted = (candidate.pattern.mode, candidate.entity)
    return next((h for h in board if (h.mode, h.entity) == wanted), None)


def may_hold(plan: Plan, case: Case) -> bool:
    """Whether, after the first look, a candidate may still come first: else the whole investigation begins at once."""
    leader = leading(case.hypotheses)
    if leader is None or leader.log_odds < SUPPORTED_ABOVE:
        return True
    family = family_of(leader, case.hypotheses)
    found = (hypothesis_of(c, case.hypotheses) for c in plan.candidates)
    return any(
        h is not None and (h.id in family or leader.log_odds - h.log_odds < MARGIN) for h in found
    )


def known(plan: Plan, case: Case, finding: Finding) -> Known | str:
    """The known incident that the case is, or why it is none that is certain.

    Args:
        plan: what was recalled.
        case: with the board and the evidence after what was looked up for it.
        finding: what the rules would conclude from it.
    """
    if finding.ending is not Ending.CAUSE_FOUND:
        return "no cause stands out"
    candidate = _meant(plan, case, finding)
    if candidate is None:
        return "another cause shows than the recalled one"
    hypothesis = hypothesis_of(candidate, case.hypotheses)
    if hypothesis is None or hypothesis.log_odds < SUPPORTED_ABOVE:
        return "what told then does not tell enough now"
    margin = _margin(hypothesis, case.hypotheses)
    if margin < MARGIN:
        return f"the next cause is only {max(margin, 0.0):.1f} log-odds behind"
    if why := _not_as_then(candidate, hypothesis, case):
        return why
    return Known(candidate=candidate, margin=margin, finding=finding)


def _meant(plan: Plan, case: Case, finding: Finding) -> Candidate | None:
    """The recalled pattern whose cause was concluded, or of whose cause a settled refinement was."""
    concluded = (finding.mode, finding.entity)
    for candidate in plan.candidates:
        if (candidate.pattern.mode, candidate.entity) == concluded:
            return candidate
    leader = leading(case.hypotheses)
    path = path_from(leader, case) if leader is not None else ()
    root = next((h for h in path if (h.mode, h.entity) == concluded), None)
    if root is None or root.log_odds < SUPPORTED_ABOVE:
        return None
    above = {(h.mode, h.entity) for h in path[: path.index(root)]}
    return next((c for c in plan.candidates if (c.pattern.mode, c.entity) in above), None)


def _margin(hypothesis: Hypothesis, board: Sequence[Hypothesis]) -> float:
    """The lead of what leads, and has the hypothesis in its family, over all that is not of that family."""
    leader = leading(board)
    if leader is None or hypothesis.id not in (family := family_of(leader, board)):
        return 0.0
    others = [h.log_odds for h in board if h.id not in family]
    return leader.log_odds - max(others, default=-MARGIN)


def _not_as_then(candidate: Candidate, hypothesis: Hypothesis, case: Case) -> str:
    """What is not as it was then; empty: nothing."""
    told = _telling_again(candidate, hypothesis, case)
    share = sum(told) / sum(candidate.weights)
    if share < TELLS_AGAIN or max(candidate.weights) not in told:
        return f"only {share:.0%} of what told then tells again"
    against = [e for e in case.evidence if e.weights.get(hypothesis.id, 0.0) <= -FAIR]
    if against:
        return f"this speaks against it: {against[0].statement}"
    new = _new_changes(candidate, case)
    return f"not so then: {in_words(new[0])}" if new else ""


def _telling_again(candidate: Candidate, hypothesis: Hypothesis, case: Case) -> list[float]:
    """The weights, as they were then, of the checks whose answers speak for it now."""
    speaking = {e.step for e in case.evidence if e.weights.get(hypothesis.id, 0.0) > 0.0}
    keys = {s.check.key for s in case.steps if s.number in speaking}
    pairs = zip(candidate.checks, candidate.weights, strict=True)
    return [weight for check, weight in pairs if check.key in keys]


def _new_changes(candidate: Candidate, case: Case) -> list[str]:
    """Changes shortly before, at what alerted or where the cause would be, that were none of the pattern's symptoms."""
    roles = {"alerted", candidate.pattern.role}
    return [
        f
        for f in features_of(case)
        if f.startswith("change:")
        and f.partition(":")[2].partition(" ")[0] in roles
        and f not in candidate.pattern.features
    ]
