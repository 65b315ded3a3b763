"""The taint gate: no value that an attacker could have written reaches a change.

Each argument of a change says where its value came from. Only steps that read structured data of a trusted API count;
logs, events, alerts and talk never do. The value itself is then looked for in that data, so that a false statement of
provenance is caught as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from agent.errors import Refused
from agent.model import Change, ChangeKind, Step
from agent.resolution.trusted import KEY, named, named_of, numbers_in, objects_named

TRUSTED_TOOLS = frozenset(
    {
        "kubernetes_workload",
        "kubernetes_list",
        "kubernetes_rollouts",
        "kubernetes_jobs",
        "kubernetes_config",
        "kubernetes_nodes",
        "kubernetes_autoscaling",
        "datadog_metrics",
    }
)
"""Tools whose data is structured and written by the platform. A ConfigMap's keys are trusted; so are numbers in it."""
_PROVENANCE = re.compile(r"^(?:computed:)?step:(\d+)$")
_BOUND = 2.0
"""A computed number is at most this many times a number of the object that it was computed from."""
_COMPUTABLE = frozenset(
    {"memory_bytes", "cpu_cores", "replicas", "revision", "value", "minimum", "maximum"}
)
_HELD_UNDER = {
    "container": frozenset({"name"}),
    "restart": frozenset({"name", "workload"}),
    "replicas": frozenset({"desired", "replicas"}),
    "key": frozenset({KEY}),
    "minimum": frozenset({"min"}),
    "maximum": frozenset({"max"}),
    "image": frozenset({"image", "images"}),
}
"""Argument -> keys of an API object's data under which its value is found, where the names differ."""
_OF_THE_TARGET = frozenset({"minimum", "maximum", "image"})
"""Arguments whose value only counts where an object of the target's own name holds it: an image of something else,
however trusted the object that shows it, is another program."""
_REQUIRED = {
    ChangeKind.REPLICAS: {"replicas"},
    ChangeKind.ROLLBACK: {"revision"},
    ChangeKind.CONFIG_VALUE: {"key", "value"},
    ChangeKind.IMAGE: {"container", "image"},
}
_ONE_OF = {ChangeKind.HPA_BOUNDS: {"minimum", "maximum"}}
_KINDS_OF_TARGET = {
    ChangeKind.CONFIG_VALUE: {"configmap"},
    ChangeKind.CORDON: {"node"},
    ChangeKind.DELETE_POD: {"pod"},
    ChangeKind.HPA_BOUNDS: {"hpa"},
    ChangeKind.UNCORDON: {"node"},
}
"""Kinds of change that are made to one kind of object only."""


def refuse_tainted(change: Change, steps: Sequence[Step]) -> None:
    """Let a change through only if each of its values comes from a trusted API object.

    Raises:
        Refused: a value has no provenance, an untrusted one, or is not what the object says; the message says which.
    """
    trusted = {
        s.number: s for s in steps if s.reading is not None and s.check.tool in TRUSTED_TOOLS
    }
    missing = _REQUIRED.get(change.kind, set()) - change.arguments.keys()
    if missing:
        raise Refused(f"The change lacks {', '.join(sorted(missing))}.")
    one_of = _ONE_OF.get(change.kind)
    if one_of and not one_of & change.arguments.keys():
        raise Refused(f"The change lacks {' or '.join(sorted(one_of))}.")
    _check_target(change, trusted)
    for name, value in change.arguments.items():
        if not _is_carried(name, value, change, trusted):
            raise Refused(
                f"The value of {name} ({value}) does not come from a trusted API object:"
                f" {_origin(name, change)}."
            )


def _origin(name: str, change: Change) -> str:
    return change.provenance.get(name) or "no provenance is given"


def _check_target(change: Change, trusted: dict[int, Step]) -> None:
    target = change.target
    kinds = _KINDS_OF_TARGET.get(change.kind)
    if kinds is not None and target.kind not in kinds:
        raise Refused(
            f"{change.kind.value} is made to a {' or '.join(kinds)}, not a {target.kind}."
        )
    seen = [
        o
        for step in _sources(change.provenance.get("target", ""), trusted)
        for o in objects_named(step, target.name)
        if o.namespace in (target.namespace, "")
        and (o.kind == target.kind or (not o.kind and kinds is None))
    ]
    if not seen:
        raise Refused(
            f"No trusted API object shows {target.kind} {target.name} in {target.namespace}:"
            f" {_origin('target', change)}."
        )


def _is_carried(name: str, value: object, change: Change, trusted: dict[int, Step]) -> bool:
    provenance = change.provenance.get(name, "")
    keys = _keys(name, change)
    sources = list(_sources(provenance, trusted))

    def held(step: Step) -> Iterator[object]:
        if name in _OF_THE_TARGET:
            return named_of(step, keys, change.target.name)
        return named(step, keys)

    if any(str(v) == str(value) for step in sources for v in held(step)):
        return True
    own = _own_step(provenance, trusted)
    return name in _COMPUTABLE and own is not None and _is_computed(name, value, held(own))


def _keys(name: str, change: Change) -> frozenset[str]:
    """Under which keys an object holds the value of an argument."""
    if name == "value":
        return frozenset({str(change.arguments.get("key"))})
    return _HELD_UNDER.get(name, frozenset({name}))


def _is_computed(name: str, value: object, held: Iterable[object]) -> bool:
    """Whether a number is a moderate step from a number that the object holds, in the same unit."""
    new, unit = numbers_in(value), _unit(value)
    if len(new) != 1 or new[0] <= 0:
        return False
    for old in held:
        olds = numbers_in(old)
        if len(olds) != 1 or olds[0] <= 0 or _unit(old) != unit:
            continue
        if name == "revision" and new[0] < olds[0]:
            return True
        most = max(_BOUND * olds[0], olds[0] + 1 if name == "replicas" else 0.0)
        if name != "revision" and new[0] <= most:
            return True
    return False


def _unit(value: object) -> str:
    return re.sub(r"[\d.]+", "", str(value))


def _own_step(provenance: str, trusted: dict[int, Step]) -> Step | None:
    """The step that a value is said to come from, if it is to be trusted: of that one a number may be computed, whether
    the reasoner says so (the rules) or only names where it read what it computed from (a model)."""
    matched = _PROVENANCE.match(provenance)
    return trusted.get(int(matched[1])) if matched else None


def _sources(provenance: str, trusted: dict[int, Step]) -> Iterator[Step]:
    """The trusted steps that may carry a value: the one it is said to come from, or, when that one is not to be trusted
    but a value is claimed to be the same elsewhere, all of them independently."""
    matched = _PROVENANCE.match(provenance)
    if matched is None:
        return
    if (step := trusted.get(int(matched[1]))) is not None:
        yield step
    elif not provenance.startswith("computed:"):
        yield from trusted.values()
