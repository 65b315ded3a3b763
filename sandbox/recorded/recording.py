"""Writes a scenario down as a recorded case, as one would record a real incident."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from sandbox.app import Sandbox
from sandbox.kubernetes.resources import catalogue
from sandbox.recorded.case import service_of
from sandbox.recorded.shifting import written
from sandbox.world.ports import Manifest, World
from sandbox.world.scenario import Scenario

HOURS = 3.0
_STEP_SECONDS = 120
_LOG_MINUTES = 60
_MOST_LINES = 4_000
_MOST_SPANS = 400
_CLUSTER_WIDE = ("Namespace", "Node")
_SKIPPED = ("Event", "Secret", "Lease", "ServiceAccount", "Endpoints", "EndpointSlice")
_FIX_KINDS = {
    "suspended": "suspend_job",
    "replicas_at_least": "replicas",
    "limit_at_least": "resources",
    "image_is_not": "rollback",
    "setting_at_least": "config_value",
}
"""Condition of a fault's mend -> the change that brings it about."""
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def record(
    sandbox: Sandbox, folder: Path, services: Collection[str] = (), hours: float = HOURS
) -> None:
    """Record a company as it stands.

    Args:
        sandbox: the company.
        folder: where to; made if it is not there.
        services: only what belongs to these, in production; empty: everything.
        hours: how far the metrics go back.
    """
    world, now = sandbox.world, sandbox.world.now()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "objects").mkdir(exist_ok=True)
    for resource in catalogue():
        kept = list(_objects(sandbox, resource.kind, services))
        if kept and resource.kind not in _SKIPPED:
            _write_yaml(folder / "objects" / f"{resource.plural}.yaml", kept)
    _write_yaml(folder / "events.yaml", list(_objects(sandbox, "Event", services)))
    _write_metrics(folder / "metrics.csv.gz", world, services, now - timedelta(hours=hours), now)
    _write_lines(folder / "logs.jsonl.gz", _logs(world, services, now))
    _write_lines(folder / "spans.jsonl.gz", _spans(world, services, now))
    _write_about(folder, sandbox, services, now)


def _write_about(folder: Path, sandbox: Sandbox, services: Collection[str], now: datetime) -> None:
    scenario, company = sandbox.scenario, sandbox.world.company
    about = {"title": scenario.title, "ended_at": written(now)}
    _write_yaml(folder / "case.yaml", [about])
    kept = ("name", "team", "tier", "kind", "description", "depends_on")
    named = [s for s in company.services if not services or s.name in services]
    _write_yaml(folder / "services.yaml", [{k: _plain(getattr(s, k)) for k in kept} for s in named])
    alerted = {alert.monitor for alert in scenario.alerts}
    monitors = [m for m in company.monitors if m.id in alerted or _concerns(m.tags, services)]
    _write_yaml(
        folder / "monitors.yaml", [{k: _plain(v) for k, v in vars(m).items()} for m in monitors]
    )
    changes = [
        {
            **{k: _plain(v) for k, v in vars(change).items() if k not in ("source", "status")},
            "at": written(change.at),
        }
        for change in sandbox.world.changes()
        if (not services or change.service in services) and change.source == "deployment"
    ]
    _write_yaml(folder / "changes.yaml", changes)
    for alert in scenario.alerts[:1]:
        text = json.dumps(alert.model_dump(mode="json", exclude_defaults=True), indent=2)
        (folder / "alert.json").write_text(f"{text}\n", encoding="utf-8")
    truth = scenario.truth.model_dump(mode="json", exclude_defaults=True)
    _write_yaml(folder / "truth.yaml", [{**truth, "fix_kinds": _fix_kinds(scenario)}])


def _fix_kinds(scenario: Scenario) -> list[str]:
    """What mends it, as kinds of change: in a recording nothing can be tried."""
    mends = [c for fault in scenario.faults for mend in fault.mends for c in mend]
    found = [_FIX_KINDS[c.is_] for c in mends if c.is_ in _FIX_KINDS]
    return list(dict.fromkeys([*scenario.truth.fix_kinds, *found]))


def _objects(sandbox: Sandbox, kind: str, services: Collection[str]) -> Iterator[Manifest]:
    for manifest in sandbox.store.current(kind):
        metadata = manifest["metadata"]
        if (
            kind in _CLUSTER_WIDE
            or not services
            or (metadata.get("namespace") == "production" and _belongs(manifest, services))
        ):
            yield manifest


def _belongs(manifest: Manifest, services: Collection[str]) -> bool:
    metadata = manifest.get("involvedObject") or manifest["metadata"]
    name = str(metadata.get("name", ""))
    own = service_of(manifest["metadata"])
    return own in services or any(name == s or name.startswith(f"{s}-") for s in services)


def _concerns(tags: Collection[str], services: Collection[str]) -> bool:
    return not services or any(f"service:{service}" in tags for service in services)


def _write_metrics(
    path: Path, world: World, services: Collection[str], start: datetime, end: datetime
) -> None:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(("metric", "tags", "timestamp", "value"))
        for metric in world.metric_names({}):
            for tags in world.metric_tags(metric):
                if services and not (
                    tags.get("service") in services and tags.get("env") == "production"
                ):
                    continue
                text = " ".join(f"{key}:{value}" for key, value in tags.items())
                for _, points in world.series(metric, tags, tuple(tags), start, end, _STEP_SECONDS):
                    out.writerows(
                        (metric, text, written(at), f"{value:.6g}") for at, value in points
                    )


def _logs(world: World, services: Collection[str], now: datetime) -> Iterator[dict[str, Any]]:
    since = now - timedelta(minutes=_LOG_MINUTES)
    for service in services or (None,):
        for line in world.logs(
            since, now, service=service, namespace="production", limit=_MOST_LINES
        ):
            yield {**line, "timestamp": written(line["timestamp"], fraction=True)}


def _spans(world: World, services: Collection[str], now: datetime) -> Iterator[dict[str, Any]]:
    since = now - timedelta(minutes=_LOG_MINUTES)
    for span in world.spans(since, now, limit=_MOST_SPANS):
        if not services or span["service"] in services:
            yield {**span, "start": written(span["start"], fraction=True)}


def _write_lines(path: Path, found: Iterator[Mapping[str, Any]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        stream.writelines(f"{json.dumps(line)}\n" for line in found)


def _write_yaml(path: Path, documents: list[Any]) -> None:
    if documents:
        with path.open("w", encoding="utf-8") as stream:
            yaml.dump_all(documents, stream, Dumper=_DUMPER, sort_keys=False, width=120)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
