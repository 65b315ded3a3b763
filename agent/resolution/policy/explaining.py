"""Says for one change which rule decides, who may approve it and when, and why it does not go without asking."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from agent.model import TrackRecord
from agent.resolution.policy.bounds import Amount, Bounds, ConfigBounds, ImageBounds, ResourceBounds
from agent.resolution.policy.facts import Facts
from agent.resolution.policy.policy import Policy
from agent.resolution.policy.quantities import bytes_in_words, number_in_words
from agent.resolution.policy.reading import Lines
from agent.resolution.policy.rules import Rule
from agent.resolution.policy.ruling import Ruling, in_words


class Line(NamedTuple):
    """One thing about the ruling."""

    label: str
    text: str


def explain(
    policy: Policy,
    facts: Facts,
    lines: Lines | None = None,
    *,
    user: str = "",
    groups: Collection[str] = (),
) -> tuple[Ruling, tuple[Line, ...]]:
    """What the policy says on a change and why, for people; the ruling is the one that ``decide`` gives.

    Args:
        policy: the policy.
        facts: what is so.
        lines: of its file, to name the rule's.
        user: whose right to approve is asked for; empty: nobody's.
        groups: the handles of their groups.
    """
    ruling = policy.decide(facts)
    said = [
        Line("environment", _environment(policy, facts, ruling)),
        Line("rule", _rule(policy, facts, ruling, lines or Lines({}))),
        *_passed_over(policy, facts),
        Line("proposed", f"{_yes(ruling.may_propose)}. {ruling.reason}"),
    ]
    if ruling.may_propose:
        said += _allowed(policy, facts, ruling)
        if user:
            objection = ruling.objection_to(user, groups)
            said.append(Line(f"by {user}", objection or "yes, they may approve it."))
    return ruling, tuple(said)


def _allowed(policy: Policy, facts: Facts, ruling: Ruling) -> Iterator[Line]:
    rule = policy.rule_of(facts)
    yield Line("bounds", "; ".join(_bounds(policy, rule, facts)) or "none for this kind.")
    yield Line("approved by", f"{ruling.people}; {_how_many(ruling)}.")
    yield Line("applied", _when(ruling))
    yield Line("without asking", f"{_yes(ruling.automatic)}. {ruling.why_asked}".rstrip())
    yield Line("record", _record(facts.record))
    yield Line("pull request", ruling.via_pull_request.value)
    if facts.undoes is None:
        back = "is taken without asking" if ruling.takes_back else "is offered"
        yield Line("if it gets worse", f"the way back {back}.")


def _environment(policy: Policy, facts: Facts, ruling: Ruling) -> str:
    ruled_by = policy.rules_at(facts.place)
    if ruled_by == ruling.environment:
        return ruled_by
    return f"{ruling.environment}, which the policy does not name: as strict as {ruled_by}"


def _rule(policy: Policy, facts: Facts, ruling: Ruling, lines: Lines) -> str:
    name = policy.rules_at(facts.place)
    environment = policy.environments.get(name)
    rule = policy.rule_of(facts)
    if environment is None or rule is None:
        return "none fits, and what no rule names may not be done"
    line = lines.of("environments", name, "rules", environment.rules.index(rule))
    return f"{ruling.rule!r} of {name}" + (f" (line {line})" if line else "")


def _passed_over(policy: Policy, facts: Facts) -> Iterator[Line]:
    """The rules above the one that decides, and why they do not fit."""
    environment = policy.environments.get(policy.rules_at(facts.place))
    decides = policy.rule_of(facts)
    for rule in environment.rules if environment is not None else ():
        if rule is decides:
            return
        why = "is for other kinds" if facts.ruled_kind not in rule.kinds else "is for other places"
        yield Line("passed over", f"{rule.name!r} {why}")


def _bounds(policy: Policy, rule: Rule | None, facts: Facts) -> Iterator[str]:
    for bounds in (policy.bounds, rule.bounds if rule is not None else None):
        yield from bounds_in_words(bounds, facts)


def bounds_in_words(bounds: Bounds | None, facts: Facts) -> Iterator[str]:
    """What bounds say on a change's kind; a way back has none."""
    of = bounds.of(facts.change.kind) if bounds is not None and facts.undoes is None else None
    match of:
        case ResourceBounds():
            if of.memory is not None:
                yield _amount("memory", of.memory, in_bytes=True)
            if of.cpu is not None:
                yield _amount("CPU", of.cpu)
        case Amount():
            yield _amount("replicas", of)
        case ImageBounds() if of.same_repository:
            yield "only another tag or digest of the same repository"
        case ConfigBounds():
            denied = f", but not {', '.join(of.deny)}" if of.deny else ""
            yield f"the keys {', '.join(of.allow)}{denied}"


def _amount(what: str, amount: Amount, *, in_bytes: bool = False) -> str:
    words = bytes_in_words if in_bytes else number_in_words
    parts = [
        f"at most {amount.at_most_times:g} times now" if amount.at_most_times else "",
        f"at least {amount.at_least_times:g} times now" if amount.at_least_times else "",
        f"at most {words(amount.at_most)}" if amount.at_most else "",
        f"at least {words(amount.at_least)}" if amount.at_least else "",
    ]
    return f"{what} {', '.join(p for p in parts if p) or 'as it likes'}"


def _how_many(ruling: Ruling) -> str:
    count = "one approval" if ruling.approvals_needed == 1 else f"{ruling.approvals_needed} people"
    return f"{count}, not by whoever asked for it (four eyes)" if ruling.four_eyes else count


def _when(ruling: Ruling) -> str:
    if ruling.may_apply_now:
        return "now, once it is approved" if not ruling.automatic else "now"
    if ruling.next_at is None:
        return f"not now. {ruling.reason}"
    then = f"{ruling.next_at:%Y-%m-%d %H:%M} UTC"
    if ruling.waits:
        return f"from {then}; once it is approved, it waits for that."
    return f"from {then}; before that it is refused."


def _record(record: TrackRecord | None) -> str:
    if record is None:
        return "none is given"
    said = (
        f"{record.successes} went well, {record.failures} did not, {record.rollbacks} taken back; "
        f"proves {record.lower_bound:.0%} of successes"
    )
    return f"{said}; withdrawn: {record.withdrawn}" if record.withdrawn else said


def _yes(so: bool) -> str:
    return "yes" if so else "no"


def title(facts: Facts) -> str:
    """The change in words."""
    where = f" in {facts.place.called}" if facts.place.called else ""
    back = f", taking back {in_words(facts.undoes)}" if facts.undoes is not None else ""
    return f"{in_words(facts.change.kind)} of {facts.change.target.name}{where}{back}"
