"""All failure modes, and which of them come into question for a case."""

from __future__ import annotations

from collections.abc import Iterator

from agent.investigation.quiet import HARMLESS
from agent.reasoning.modes import (
    autoscaling,
    cache,
    certificates,
    clock,
    configuration,
    connections,
    containers,
    dependencies,
    disk,
    disruption,
    dns,
    eviction,
    flags,
    fragmentation,
    harmless,
    hot_key,
    images,
    jobs,
    leaks,
    load,
    locks,
    neighbours,
    network,
    nodes,
    pools,
    probes,
    queries,
    queues,
    releases,
    replication,
    retries,
    rollouts,
    scheduling,
    skew,
    starting,
    third_party,
    transient,
)
from agent.reasoning.modes.descending import closely, looked_at
from agent.reasoning.modes.jobs import running_jobs
from agent.reasoning.modes.mode import Mode, Sign
from agent.reasoning.modes.recollection import recollections
from agent.reasoning.modes.surroundings import trouble_beside
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.timing import timing_signs
from agent.reasoning.modes.view import View

_SUBJECT = (
    *cache.MODES,
    *eviction.MODES,
    *fragmentation.MODES,
    *hot_key.MODES,
    *pools.MODES,
    *queries.MODES,
    *locks.MODES,
    *replication.MODES,
    *disk.MODES,
    *queues.MODES,
    *leaks.MODES,
    *releases.MODES,
    *configuration.MODES,
    *flags.MODES,
    *load.MODES,
    *dependencies.MODES,
    *third_party.MODES,
    *retries.MODES,
    *neighbours.MODES,
    *containers.MODES,
    *starting.MODES,
    *images.MODES,
    *probes.MODES,
    *scheduling.MODES,
    *nodes.MODES,
    *skew.MODES,
    *rollouts.MODES,
    *autoscaling.MODES,
    *disruption.MODES,
    *connections.MODES,
    *network.MODES,
    *certificates.MODES,
    *dns.MODES,
    *transient.MODES,
    *harmless.MODES,
)
_BELOW = tuple(m for m in _SUBJECT if m.below)
_ANYWHERE = tuple(m for m in _SUBJECT if m.id not in HARMLESS and m.elsewhere is None)
_JOBS = (*jobs.MODES, *clock.MODES)
CATALOGUE: dict[str, Mode] = {m.id: m for m in (*_SUBJECT, load.DEPENDENCY, *_JOBS)}


def all_signs(mode: Mode, target: Target, view: View) -> tuple[Sign, ...]:
    """What the case says on a failure mode at an entity: its own signs, their timing, and what is remembered."""
    signs = tuple(mode.signs(target, view))
    timing = timing_signs(mode, target, signs, view)
    return (*signs, *timing, *trouble_beside(target, view), *recollections(mode, target, view))


def suspects(view: View) -> Iterator[tuple[Mode, Target]]:
    """The failure modes that come into question, each with the entity that would be at fault."""
    subject = view.subject
    for mode in _SUBJECT:
        if subject.name and mode.elsewhere is not None:
            yield from ((mode, target) for target in mode.elsewhere(view))
        elif subject.name and subject.flavour in mode.flavours and mode.arises(subject, view):
            yield mode, subject
    below, ill = looked_at(view), closely(view)
    for dependency in below:
        yield load.DEPENDENCY, dependency
        for mode in _ANYWHERE if dependency in ill else _BELOW:
            if dependency.flavour in mode.flavours and mode.arises(dependency, view):
                yield mode, dependency
    near = {subject.name, *(d.name for d in below)}
    for job in running_jobs(view):
        if near & set(job.targets):
            target = view.target(job.name)
            yield from ((mode, target) for mode in _JOBS if mode.arises(target, view))
