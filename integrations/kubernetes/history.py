"""What changed in a namespace and when: rollouts by their ReplicaSets and revisions, other changes by managedFields."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Sequence
from datetime import datetime

import yaml

from agent.model import Json
from integrations.kubernetes.objects import containers_of, name_of, owner_of
from integrations.masking import mask_text
from integrations.text import iso, parse_time

REVISION = "deployment.kubernetes.io/revision"
CHANGE_CAUSE = "kubernetes.io/change-cause"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_CONTROLLERS = ("kube-controller-manager", "kubelet", "kube-scheduler")
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""libyaml's where it is built in: ten times as fast, and a namespace has many templates."""
_ONE_LINE = 1_000_000
"""However long a value is, it stands on its key's line, so that a difference in it names the key."""
_GENERATED_LABELS = ("pod-template-hash", "controller-revision-hash")


def rollouts_of_deployments(replica_sets: Iterable[Json], since: datetime) -> list[Json]:
    """Every revision whose ReplicaSet came to be since then, with what differs from the revision before it."""
    by_owner: dict[str, list[Json]] = {}
    for replica_set in replica_sets:
        owner = owner_of(replica_set, "Deployment")
        if owner is not None:
            by_owner.setdefault(owner["name"], []).append(replica_set)
    found = []
    for deployment, sets in by_owner.items():
        sets.sort(key=_revision)
        for position, current in enumerate(sets):
            made = _rolled_out_at(current, sets[:position])
            if made is None or made < since or (position == 0 and _revision(current) <= 1):
                continue
            before = sets[position - 1] if position else None
            found.append(
                _rollout(deployment, "Deployment", _revision(current), made, current, before)
            )
    return sorted(found, key=lambda r: str(r["at"]), reverse=True)


def rollouts_of_revisions(revisions: Iterable[Json], since: datetime) -> list[Json]:
    """The same of StatefulSets and DaemonSets, by their ControllerRevisions."""
    by_owner: dict[tuple[str, str], list[Json]] = {}
    for revision in revisions:
        owner = owner_of(revision)
        if owner is not None:
            by_owner.setdefault((owner["kind"], owner["name"]), []).append(revision)
    found = []
    for (kind, name), group in by_owner.items():
        group.sort(key=lambda r: int(r.get("revision", 0)))
        for before, current in itertools.pairwise(group):
            made = parse_time(current["metadata"].get("creationTimestamp"))
            if made is not None and made >= since:
                number = int(current.get("revision", 0))
                found.append(
                    _rollout(name, kind, number, made, _as_workload(current), _as_workload(before))
                )
    return sorted(found, key=lambda r: str(r["at"]), reverse=True)


def template_diff(before: Json | None, after: Json) -> str:
    """The changed lines between two workloads' pod templates, secrets masked."""
    if before is None:
        return ""
    return "\n".join(
        mask_text(line)
        for line in difflib.unified_diff(
            _template_yaml(before), _template_yaml(after), n=0, lineterm=""
        )
        if not line.startswith(("---", "+++", "@@"))
    )


def changes_of(
    items: Iterable[Json], since: datetime, *, ignore: Sequence[str] = _CONTROLLERS
) -> list[Json]:
    """Writes to the objects since then by people and tools, as managedFields dates them; controllers' are left out."""
    found = []
    for item in items:
        created = parse_time(item["metadata"].get("creationTimestamp"))
        for entry in item["metadata"].get("managedFields", []):
            at = parse_time(entry.get("time"))
            manager = str(entry.get("manager", ""))
            if (
                at is None
                or at < since
                or manager in ignore
                or entry.get("subresource") == "status"
            ):
                continue
            new = created is not None and abs((at - created).total_seconds()) < 2
            what = (
                "created"
                if new
                else f"changed {', '.join(_fields(entry.get('fieldsV1', {}))) or 'it'}"
            )
            found.append(
                {
                    "at": iso(at),
                    "kind": item["kind"],
                    "name": name_of(item),
                    "what": what,
                    "by": manager,
                }
            )
    return sorted(found, key=lambda c: str(c["at"]), reverse=True)


def last_write(item: Json) -> tuple[str | None, str]:
    """When the object was last written by a person or tool, and by which manager."""
    entries = [
        e
        for e in item["metadata"].get("managedFields", [])
        if e.get("time")
        and e.get("subresource") != "status"
        and e.get("manager") not in _CONTROLLERS
    ]
    latest = max(entries, key=lambda e: str(e["time"]), default=None)
    if latest is None:
        return iso(parse_time(item["metadata"].get("creationTimestamp"))), ""
    return iso(parse_time(latest["time"])), str(latest.get("manager", ""))


def _rollout(
    workload: str, kind: str, revision: int, at: datetime, current: Json, before: Json | None
) -> Json:
    annotations = current["metadata"].get("annotations") or {}
    return {
        "workload": workload,
        "kind": kind,
        "revision": revision,
        "at": iso(at),
        "images": [c.get("image") for c in containers_of(current)],
        "change_cause": annotations.get(CHANGE_CAUSE, ""),
        "diff": template_diff(before, current),
    }


def _rolled_out_at(replica_set: Json, earlier: Sequence[Json]) -> datetime | None:
    """When it came to be; of one older than an earlier revision, which a rollback took up again, when it was rewritten."""
    made = _created(replica_set)
    newest = max((m for m in map(_created, earlier) if m is not None), default=None)
    if made is None or newest is None or made >= newest:
        return made
    written = (
        parse_time(e.get("time"))
        for e in replica_set["metadata"].get("managedFields", [])
        if not e.get("subresource")
    )
    return max((w for w in written if w is not None and w > newest), default=newest)


def _created(item: Json) -> datetime | None:
    return parse_time(item["metadata"].get("creationTimestamp"))


def _revision(replica_set: Json) -> int:
    value = (replica_set["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(value) if str(value).isdigit() else 0


def _as_workload(revision: Json) -> Json:
    spec = (revision.get("data") or {}).get("spec", {})
    return {"kind": "StatefulSet", "metadata": revision["metadata"], "spec": spec}


def _template_yaml(item: Json) -> list[str]:
    template = item.get("spec", {}).get("template", {})
    labels = (template.get("metadata") or {}).get("labels") or {}
    kept = {
        "labels": {k: v for k, v in labels.items() if k not in _GENERATED_LABELS},
        **{k: v for k, v in (template.get("metadata") or {}).items() if k == "annotations" and v},
        "spec": template.get("spec", {}),
    }
    text: str = yaml.dump(kept, Dumper=_DUMPER, sort_keys=True, width=_ONE_LINE)
    return text.splitlines()


def _fields(fields: Json) -> list[str]:
    """Paths of the fields that a manager owns, down to three names, bookkeeping left out."""
    paths: dict[str, None] = {}

    def walk(node: Json, path: tuple[str, ...]) -> None:
        inner = {k[2:]: v for k, v in node.items() if k.startswith("f:")}
        if path and (not inner or len(path) == 3):
            paths[".".join(path)] = None
            return
        for name, below in inner.items():
            if path or name not in ("metadata",):
                walk(below if isinstance(below, dict) else {}, (*path, name))

    walk(fields, ())
    return list(paths)[:8]
