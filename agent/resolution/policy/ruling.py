"""What the policy says on one change at one moment."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from agent.model import ChangeKind, Utc, Value, Via
from agent.resolution.policy.bounds import Bounds, Measured, measure
from agent.resolution.policy.facts import Facts
from agent.resolution.policy.rules import ACKNOWLEDGED, AutoApply, OnWorse, PullRequests, Rule
from agent.resolution.policy.windows import Opening


class Ruling(Value):
    """What may be done with a change now, and who decides on it."""

    environment: str
    """As the policy calls it; where it has no name for the place, as the graph does."""
    rule: str = ""
    """The rule that decided; empty: none fits, so nothing may be done."""
    may_propose: bool
    """Whether it may be put before people; freezes and windows never forbid that."""
    may_apply_now: bool = False
    """Whether it may be applied at this moment, once it is approved or ``automatic``."""
    next_at: Utc | None = None
    """When it may be applied next; None: now, or nobody can say."""
    waits: bool = False
    """Once approved it waits for ``next_at``; otherwise it is refused while it may not be applied."""
    approvers: frozenset[str] = frozenset()
    """Handles of user groups, ids of people, ``pagerduty:on-call``."""
    approvals_needed: int = 1
    four_eyes: bool = False
    requesters: frozenset[str] = frozenset()
    """Who asked for it; with ``four_eyes`` they may not approve it."""
    automatic: bool = False
    """May be applied now without asking anybody."""
    takes_back: bool = False
    """When things get worse after it, its way back may be taken without asking."""
    via_pull_request: PullRequests = PullRequests.ALLOWED
    reason: str
    """For people, in sentences."""
    why_asked: str = ""
    """Why it is not automatic, as a sentence; empty where it is."""
    policy_version: str

    @property
    def people(self) -> str:
        """Who may approve, in words."""
        named = " or ".join(
            "whoever is on call" if a.startswith("pagerduty:") else a
            for a in sorted(self.approvers)
        )
        return named or "somebody, but nobody is named"

    def objection_to(self, user: str, groups: Collection[str], *, approving: bool = True) -> str:
        """Why a person may not decide, as a sentence; empty when they may.

        Args:
            user: their id.
            groups: handles of their user groups, and ``pagerduty:on-call`` if they are on call for the service.
            approving: whether they would approve; who asked for a change may reject it under four eyes too.
        """
        if not user or not self.may_propose or not self.approvers & {user, *groups}:
            return (
                f"You may not decide on changes in {self.environment}; {self.people} may. "
                "Ask one of them to look at this thread."
            )
        if approving and self.four_eyes and user in self.requesters:
            return "You asked for this, so somebody else has to approve it (four eyes)."
        return ""

    def still_needed(self, approved_by: Collection[str]) -> int:
        """How many more people have to approve, given those who may and did; 0: it is approved."""
        counted = set(approved_by) - {""}
        if self.four_eyes:
            counted -= self.requesters
        return max(0, self.approvals_needed - len(counted))


def refused(environment: str, facts: Facts, version: str) -> Ruling:
    """No rule fits."""
    return Ruling(
        environment=environment,
        may_propose=False,
        reason=_never(facts.ruled_kind, environment, "no rule names it there"),
        policy_version=version,
    )


def ruled(
    environment: str,
    rule: Rule,
    facts: Facts,
    opened: Opening,
    *,
    production: bool,
    bounds: Bounds | None,
    version: str,
) -> Ruling:
    """What a rule says.

    Args:
        environment: as the policy calls it.
        rule: the one that decides.
        facts: what is so.
        opened: whether windows and freezes let anything be applied.
        production: whether it has to say in words that it acts unasked.
        bounds: those of the whole file.
        version: of the policy.
    """
    measured = _measured(rule, facts, bounds)
    objections = [*measured.objections, *_wrong_way(rule, facts)]
    may_propose = rule.propose and not objections
    may_apply = may_propose and measured.known and opened.now
    unasked = not production or rule.acknowledged == ACKNOWLEDGED
    takes_back = may_propose and unasked and rule.on_worse is OnWorse.TAKE_BACK
    why_asked = " ".join(_why_asked(rule, facts, unasked=unasked, takes_back=takes_back))
    if not may_apply:
        why_asked = why_asked or opened.reason or "What is there now is not known yet."
    made = Ruling(
        environment=environment,
        rule=rule.name,
        may_propose=may_propose,
        may_apply_now=may_apply,
        next_at=None if not may_propose or may_apply else opened.next_at,
        waits=may_propose and opened.waits and opened.next_at is not None,
        approvers=frozenset(rule.approvers),
        approvals_needed=rule.approvals,
        four_eyes=rule.four_eyes,
        requesters=facts.requesters,
        automatic=may_apply and not why_asked,
        takes_back=takes_back and facts.undoes is None,
        via_pull_request=rule.pull_request,
        reason="",
        why_asked=why_asked,
        policy_version=version,
    )
    return made.model_copy(update={"reason": _reason(made, rule, facts, objections, opened)})


def _measured(rule: Rule, facts: Facts, bounds: Bounds | None) -> Measured:
    """A way back restores what was there, whatever the bounds are; the fixer made it, nobody else."""
    if facts.undoes is not None:
        return Measured((), facts.plan is not None)
    return measure((bounds, rule.bounds), facts.change, facts.plan)


def _wrong_way(rule: Rule, facts: Facts) -> Iterator[str]:
    if facts.plan is None:
        return
    if rule.pull_request is PullRequests.REQUIRED and facts.plan.via is not Via.PULL_REQUEST:
        yield "it has to go through a pull request, and its target is managed in no repository"
    if rule.pull_request is PullRequests.NEVER and facts.plan.via is Via.PULL_REQUEST:
        yield "it may not go through a pull request"


def _why_asked(rule: Rule, facts: Facts, *, unasked: bool, takes_back: bool) -> Iterator[str]:
    """Why a person has to decide; nothing where none has to."""
    if facts.undoes is not None:
        if not (facts.worse and takes_back):
            yield "A way back is approved by people."
        return
    if rule.auto_apply is None:
        yield "No engineer wrote that it may go without asking."
        return
    if not unasked:
        yield "Production is asked unless the rule says in words that it need not be."
        return
    if rule.auto_apply.asks_nothing:
        yield "The rule names nothing that a change would have to have proven."
        return
    yield from _unproven(rule.auto_apply, facts)


def _unproven(needed: AutoApply, facts: Facts) -> Iterator[str]:
    kind, record = facts.change.kind, facts.record
    if record is not None and record.kind != kind.value:
        record = None
    if record is not None and record.withdrawn:
        yield f"Nothing goes without asking here for now: {record.withdrawn.rstrip('.')}."
    if needed.approved_before and kind not in facts.approved_before:
        yield f"Nobody approved {in_words(kind)} here before."
    successes = record.successes if record is not None else 0
    if successes < needed.min_successes:
        yield f"It went well {successes} of the {needed.min_successes} times needed."
    bound = record.lower_bound if record is not None else 0.0
    if not bound >= needed.min_lower_bound:
        yield f"Its record proves {bound:.0%} of successes, {needed.min_lower_bound:.0%} are needed."


def in_words(kind: ChangeKind) -> str:
    """A kind of change for people."""
    return kind.value.replace("_", " ")


def _never(kind: ChangeKind, environment: str, why: str) -> str:
    return f"The policy does not let srebot propose {in_words(kind)} in {environment}: {why}."


def _reason(
    made: Ruling, rule: Rule, facts: Facts, objections: Collection[str], opened: Opening
) -> str:
    kind, where = facts.ruled_kind, made.environment
    if not rule.propose:
        return _never(kind, where, f"its rule {rule.name!r} says so")
    if objections:
        return _never(kind, where, f"{'; '.join(objections)} (rule {rule.name!r})")
    subject = in_words(facts.change.kind).capitalize()
    if made.automatic:
        why = _proven(rule, facts)
        return f"{subject} in {where} may go without asking: {why} (rule {rule.name!r})."
    several = made.approvals_needed > 1
    verb = "are" if several else "is"
    count = f"{made.approvals_needed} approvals" if several else "the approval"
    said = f"{subject} in {where}: {count} of {made.people} {verb} needed (rule {rule.name!r})."
    if made.four_eyes:
        said += " Whoever asked for it may not approve it."
    if opened.now:
        return said
    then = f" It may be applied from {made.next_at:%Y-%m-%d %H:%M} UTC." if made.next_at else ""
    return f"{said} {opened.reason}{then}"


def _proven(rule: Rule, facts: Facts) -> str:
    if facts.undoes is not None:
        return "things got worse after the change that it takes back"
    needed, said = rule.auto_apply, []
    if needed is not None and needed.approved_before:
        said.append(f"{in_words(facts.change.kind)} was approved there before")
    if facts.record is not None and needed is not None and needed.min_successes:
        said.append(f"it went well {facts.record.successes} times")
    if facts.record is not None and needed is not None and needed.min_lower_bound:
        said.append(f"its record proves {facts.record.lower_bound:.0%} of successes")
    return " and ".join(said)
