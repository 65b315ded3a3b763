"""Looks up the facts that the policy rules on: from the graph, the records, and what people did before."""

from __future__ import annotations

from uuid import UUID

from agent.house import House
from agent.learning.trust import service_of
from agent.model import Case, Change, ChangeKind, Entity, Plan
from agent.resolution.freezing import in_words
from agent.resolution.policy import Facts, Place, Ruling


def environment_of(target: Entity, case: Case) -> str:
    """The environment that a change would happen in: what the graph knows of the target, else its namespace.

    What the change or the signal say of it never counts: an alert's text could choose a laxer policy.
    """
    return place_of(target, case).environment


def place_of(target: Entity, case: Case) -> Place:
    """Where a change would happen, as far as the case knows it."""
    return place_as(target, _known(target, case))


def place_as(target: Entity, known: Entity | None, cluster: str = "") -> Place:
    """Where a target is, by what the graph knows of it (None: nothing)."""
    labels = known.properties.get("labels") if known is not None else None
    return Place(
        environment=(known.environment if known is not None else "") or target.namespace,
        namespace=target.namespace,
        cluster=cluster,
        labels={str(k): str(v) for k, v in labels.items()} if isinstance(labels, dict) else {},
        name=target.name,
    )


def requesters_of(case: Case) -> frozenset[str]:
    """Who asked for the investigation; nobody where an alert did."""
    return frozenset({case.signal.requested_by} - {""})


async def facts_of(
    house: House,
    case: Case,
    change: Change,
    plan: Plan | None = None,
    reverts: UUID | None = None,
    *,
    requesters: frozenset[str] = frozenset(),
    worse: bool = False,
) -> Facts:
    """What is so now.

    Args:
        house: the parts.
        case: the investigation as it is stored now.
        change: what would be done.
        plan: its dry run, where there is one.
        reverts: the applied proposal that it takes back.
        requesters: who asked for it beside whoever asked for the investigation.
        worse: whether things were seen to get worse after what it takes back.
    """
    known = _known(change.target, case) or await house.store.graph.get(change.target.key)
    place = place_as(change.target, known, house.cluster)
    environment = house.policy.name_of(place)
    now = house.clock.now()
    return Facts(
        change=change,
        place=place,
        now=now,
        plan=plan,
        record=await house.store.trust.record_of(
            service_of(change),
            change.kind.value,
            environment,
            mode=case.finding.mode if case.finding else "",
            now=now,
        ),
        approved_before=await house.store.proposals.kinds_approved(environment),
        frozen=in_words(await house.store.freezes.current()),
        requesters=requesters | requesters_of(case),
        undoes=await _undone(house, reverts),
        worse=worse,
    )


async def ruling_of(
    house: House,
    case: Case,
    change: Change,
    plan: Plan | None = None,
    reverts: UUID | None = None,
    *,
    requesters: frozenset[str] = frozenset(),
    worse: bool = False,
) -> Ruling:
    """What the policy says now on a change; see ``facts_of``."""
    facts = await facts_of(house, case, change, plan, reverts, requesters=requesters, worse=worse)
    return house.policy.decide(facts)


def _known(target: Entity, case: Case) -> Entity | None:
    return next((e for e in case.entities if e.key == target.key), None)


async def _undone(house: House, reverts: UUID | None) -> ChangeKind | None:
    """The kind of the change that is taken back; of a way back of a way back, the first one's."""
    kind = None
    while reverts is not None:
        proposal = await house.store.proposals.get(reverts)
        if proposal is None:
            return kind
        kind, reverts = proposal.change.kind, proposal.reverts
    return kind
