"""A recorded case, read from its folder; ``docs/replay.md`` has the form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, Field, ValidationError

from sandbox.kubernetes.resources import catalogue
from sandbox.recorded import files, logs, metrics
from sandbox.recorded.shifting import moment
from sandbox.world.parts import Part
from sandbox.world.scenario import Scenario, ScenarioError, Truth
from sandbox.world.script import AlertSpec

Manifest = dict[str, Any]
UNKNOWN = "what it was is not told"
_HOUR = 3.0
_SERVICE_LABELS = ("tags.datadoghq.com/service", "app.kubernetes.io/name", "app", "k8s-app")


class RecordedService(Part):
    """An entry of ``services.yaml``."""

    name: str
    team: str = ""
    tier: int = Field(default=2, ge=1, le=4)
    kind: str = Field(default="service", pattern="^(service|datastore|queue|job)$")
    description: str = ""
    depends_on: tuple[str, ...] = ()


class RecordedMonitor(Part):
    """An entry of ``monitors.yaml``."""

    id: int
    name: str
    query: str
    type: str = "query alert"
    message: str = ""
    tags: tuple[str, ...] = ()
    critical: float
    warning: float | None = None
    priority: int | None = None


class RecordedChange(Part):
    """An entry of ``changes.yaml``: a deployment or a change of configuration."""

    at: AwareDatetime
    service: str
    title: str
    text: str = ""
    tags: tuple[str, ...] = ()
    author: str = ""


@dataclass(frozen=True)
class RecordedCase:
    """What a folder holds, at the times at which it was recorded."""

    scenario: Scenario
    has_truth: bool
    ended_at: datetime
    """The moment that becomes now."""
    objects: Sequence[Manifest]
    logs: Sequence[logs.Record]
    metrics: Mapping[str, Sequence[metrics.Recorded]]
    spans: Sequence[Mapping[str, Any]]
    services: Sequence[RecordedService]
    monitors: Sequence[RecordedMonitor]
    changes: Sequence[RecordedChange]


def read_case(folder: Path) -> RecordedCase:
    """Read a recording.

    Raises:
        ScenarioError: a file is missing or not right; the sentence names it.
    """
    if not folder.is_dir():
        raise ScenarioError(f"{folder} is no folder with a recorded case")
    about = files.mapping(folder, "case") or {}
    alert = files.mapping(folder, "alert")
    if alert is None:
        raise ScenarioError(f"{folder} has no alert.json: the alert that is posted")
    truth = files.mapping(folder, "truth")
    objects = [*files.below(folder / "objects"), *_events(folder)]
    _refuse_unknown(objects)
    lines = logs.read(folder, pods_of(objects))
    series = metrics.read(folder)
    spans = [_span(line) for line in files.lines(folder, "spans.jsonl")]
    ended = about.get("ended_at")
    return RecordedCase(
        scenario=_scenario(folder, about, alert, truth),
        has_truth=truth is not None,
        ended_at=moment(str(ended)) if ended else _latest(lines, series, spans),
        objects=objects,
        logs=lines,
        metrics=series,
        spans=spans,
        services=_all(RecordedService, "services", files.listed(folder, "services")),
        monitors=_all(RecordedMonitor, "monitors", files.listed(folder, "monitors")),
        changes=_all(RecordedChange, "changes", files.listed(folder, "changes")),
    )


def pods_of(objects: Iterable[Manifest]) -> dict[tuple[str, str], str]:
    """The service of each pod, by (namespace, name)."""
    pods = [o["metadata"] for o in objects if o.get("kind") == "Pod"]
    return {
        (str(m.get("namespace", "default")), str(m["name"])): service_of(m) or str(m["name"])
        for m in pods
    }


def service_of(metadata: Mapping[str, Any]) -> str:
    """The name by which an object's labels call its service; empty without such a label."""
    labels = metadata.get("labels") or {}
    return next((str(labels[label]) for label in _SERVICE_LABELS if labels.get(label)), "")


def _scenario(
    folder: Path,
    about: Mapping[str, Any],
    alert: Mapping[str, Any],
    truth: Mapping[str, Any] | None,
) -> Scenario:
    given = {"recovers_after_seconds": None, **alert}
    try:
        spec = AlertSpec.model_validate(given)
        told = Truth.model_validate(truth or {"cause": UNKNOWN, "kind": "unknown"})
    except ValidationError as error:
        raise ScenarioError(f"{folder.name}: {_places(error)}") from error
    title = str(about.get("title") or folder.name)
    return Scenario(title=title, hour=_HOUR, alerts=(spec,), truth=told, name=folder.name)


def _events(folder: Path) -> list[Manifest]:
    found = files.listed(folder, "events")
    return [{"apiVersion": "v1", "kind": "Event", **event} for event in found]


def _refuse_unknown(objects: Sequence[Manifest]) -> None:
    known = {resource.kind for resource in catalogue()}
    for each in objects:
        if not (each.get("metadata") or {}).get("name"):
            raise ScenarioError(f"objects: a {each.get('kind', 'document')} has no metadata.name")
        if each.get("kind") not in known:
            raise ScenarioError(
                f"objects: the sandbox's Kubernetes does not serve the kind {each.get('kind')!r}; leave it out"
            )


def _span(line: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return {"parent_id": "", "tags": {}, "error": False, **line, "start": moment(line["start"])}
    except (KeyError, ValueError, TypeError) as error:
        raise ScenarioError(f"spans.jsonl: a span has no start: {error}") from error


def _latest(
    lines: Sequence[logs.Record],
    series: Mapping[str, Sequence[metrics.Recorded]],
    spans: Sequence[Mapping[str, Any]],
) -> datetime:
    found: list[datetime] = [line["timestamp"] for line in lines[-1:]]
    found += [moment(float(one.times[-1])) for many in series.values() for one in many]
    found += [span["start"] for span in spans]
    if not found:
        raise ScenarioError("the case has neither logs nor metrics: give ended_at in case.yaml")
    return max(found)


def _all(kind: type[Any], name: str, documents: Iterable[Mapping[str, Any]]) -> list[Any]:
    try:
        return [kind.model_validate(document) for document in documents]
    except ValidationError as error:
        raise ScenarioError(f"{name}.yaml: {_places(error)}") from error


def _places(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
