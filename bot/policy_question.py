"""What a person asks of the policy at the terminal, and the answer: from what they say alone, or with what is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.errors import BadArguments
from agent.model import Change, ChangeKind, Entity, Plan, Via
from agent.resolution.policy import Facts, Place, Policy, check
from agent.resolution.policy.explaining import explain, title
from agent.resolution.policy.quantities import quantity
from agent.resolution.policy.reading import Lines, default_text, read, text_of
from bot.policy_in_force import policy_of, text_in_force
from bot.settings import Settings

_NUMBERS = frozenset({"memory_bytes", "cpu_cores", "replicas", "minimum", "maximum", "revision"})


@dataclass(frozen=True)
class Question:
    """One change, as it was typed."""

    kind: str
    target: str
    environment: str = ""
    namespace: str = ""
    cluster: str = ""
    labels: Sequence[str] = ()
    arguments: Sequence[str] = ()
    present: Sequence[str] = ()
    at: datetime | None = None
    user: str = ""
    groups: Sequence[str] = ()
    asked_by: str = ""
    undoes: str = ""
    worse: bool = False
    pull_request: bool = False
    file: Path | None = None


def answer(question: Question, settings: Settings) -> str:
    """From what was typed alone."""
    policy, lines = _policy(question, settings)
    return _said(question, policy, lines, facts_of(question))


async def live_answer(question: Question, settings: Settings, url: str) -> str:
    """With what the graph knows of the target, its record, what was approved before, and whether all is frozen."""
    from agent.learning.trust import service_of
    from agent.resolution.facts import place_as
    from agent.resolution.freezing import in_words
    from agent.store.engine import create_engine
    from agent.store.repository import Store

    policy, lines = _policy(question, settings)
    facts = facts_of(question)
    store = Store(create_engine(url))
    try:
        if not (question.environment or question.labels):
            known = await store.graph.get(facts.change.target.key)
            facts = replace(facts, place=place_as(facts.change.target, known, question.cluster))
        environment = policy.name_of(facts.place)
        kind, service = facts.change.kind.value, service_of(facts.change)
        facts = replace(
            facts,
            record=await store.trust.record_of(service, kind, environment, now=facts.now),
            approved_before=await store.proposals.kinds_approved(environment),
            frozen=in_words(await store.freezes.current()),
        )
    finally:
        await store.close()
    return _said(question, policy, lines, facts)


def facts_of(question: Question) -> Facts:
    """What was typed, as facts.

    Raises:
        BadArguments: something typed cannot be understood.
    """
    target = _target(question)
    change = Change(kind=_kind(question.kind), target=target, arguments=_pairs(question.arguments))
    at = question.at or datetime.now(UTC)
    return Facts(
        change=change,
        place=Place(
            environment=question.environment or target.namespace,
            namespace=target.namespace,
            cluster=question.cluster,
            labels={k: str(v) for k, v in _pairs(question.labels, as_text=True).items()},
            name=target.name,
        ),
        now=at if at.tzinfo is not None else at.replace(tzinfo=UTC),
        plan=_plan(question, change),
        requesters=frozenset({question.asked_by} - {""}),
        undoes=_kind(question.undoes) if question.undoes else None,
        worse=question.worse,
    )


def _plan(question: Question, change: Change) -> Plan | None:
    """A stand-in for the dry run, which alone knows what is there now; None where nothing was said of that."""
    if not (question.present or question.undoes or question.pull_request):
        return None
    return Plan(
        diff="",
        target_uid="",
        resource_version="",
        summary="",
        risk="",
        way_back=change.model_copy(update={"arguments": _pairs(question.present)}),
        via=Via.PULL_REQUEST if question.pull_request else Via.CLUSTER,
    )


def _policy(question: Question, settings: Settings) -> tuple[Policy, Lines]:
    if question.file is None and settings.bot.policy_file is None:
        return policy_of(settings), read(default_text()).lines
    text = text_of(question.file) if question.file is not None else text_in_force(settings)
    policy, _, lines = read(text)
    if (problems := check(text)) or policy is None:
        raise BadArguments(f"The policy is wrong: {'; '.join(map(str, problems))}")
    return policy, lines


def _said(question: Question, policy: Policy, lines: Lines, facts: Facts) -> str:
    _, said = explain(policy, facts, lines, user=question.user, groups=question.groups)
    width = max(len(label) for label, _ in said)
    head = f"{title(facts)}, {facts.now:%A %Y-%m-%d %H:%M} UTC, policy {policy.version}"
    return "\n".join([head, *(f"  {label:<{width}}  {text}" for label, text in said), ""])


def _target(question: Question) -> Entity:
    parts = question.target.split("/")
    if not all(parts) or len(parts) > 3:
        raise BadArguments(
            f"{question.target!r} is no target: write auth, or production/deployment/auth."
        )
    kind = parts[1] if len(parts) == 3 else "deployment"
    namespace = question.namespace or (parts[0] if len(parts) > 1 else "") or question.environment
    return Entity(name=parts[-1], kind=kind, namespace=namespace)


def _kind(name: str) -> ChangeKind:
    try:
        return ChangeKind(name.replace("-", "_").replace(" ", "_"))
    except ValueError:
        raise BadArguments(
            f"Unknown kind {name!r}; the kinds are {', '.join(ChangeKind)}."
        ) from None


def _pairs(written: Sequence[str], *, as_text: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in written:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise BadArguments(f"{pair!r} is no name=value.")
        try:
            found[name] = quantity(value) if name in _NUMBERS and not as_text else value
        except ValueError as error:
            raise BadArguments(f"{name}: {error}.") from error
    return found
