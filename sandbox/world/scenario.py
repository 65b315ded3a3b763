"""Scenarios: what goes wrong, what gets posted, and what the truth is; data files with a schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from sandbox.world.faults.ailments import Ailment
from sandbox.world.faults.conditions import Condition
from sandbox.world.faults.shapes import ShapeName
from sandbox.world.outages import LogGap, Outage
from sandbox.world.parts import Duration, Entity, Part
from sandbox.world.script import AlertSpec, ChangeNow, IncidentSpec, SaidSpec, TicketSpec

FOLDER = Path(__file__).parent.parent / "scenarios"


class ScenarioError(ValueError):
    """A scenario is missing or its file is not right; the text says where."""


class Growth(Part):
    """How something grows while its fault is active."""

    shape: ShapeName = "step"
    over: Duration = timedelta(minutes=10)
    """How long a ramp or bump takes."""
    after: Duration = timedelta(0)
    """How long after the fault's onset it begins."""


class Effect(Growth):
    """What a fault does to one signal (see ``sandbox.world.signals``) of a service."""

    service: str
    signal: str
    namespace: str = "production"
    multiply: float | None = None
    add: float | None = None
    compound: float | None = None
    """Growth an hour as a share: 0.15 is 15 % hour over hour. Wants the shape ``hourly``."""
    beside: str = ""
    """Only in pods on the node where this CronJob's latest run is; a signal of the whole service has their part of it."""

    @model_validator(mode="after")
    def _does_something(self) -> Effect:
        if self.multiply is None and self.add is None and self.compound is None:
            raise ValueError("an effect wants one of multiply, add, compound")
        if self.compound is not None and self.shape != "hourly":
            raise ValueError("compound wants 'shape: hourly'")
        return self

    def touches(self, service: str, namespace: str, signal: str) -> bool:
        """Whether it is this signal that it changes."""
        return (service, namespace, signal) == (self.service, self.namespace, self.signal)


class FaultLog(Growth):
    """Log lines that a fault brings; ``per_minute`` at full growth."""

    service: str
    namespace: str = "production"
    per_minute: float
    status: Literal["debug", "info", "warn", "error"] = "error"
    message: str
    attributes: Mapping[str, str] = Field(default_factory=dict)
    node: str = ""
    """Only what pods of this node write of them."""


class FaultEvent(Part):
    """A Kubernetes Event that a fault brings, again and again while it is active."""

    object: Entity
    type: Literal["Normal", "Warning"] = "Warning"
    reason: str
    message: str
    every: Duration = timedelta(minutes=5)


class FaultSpec(Part):
    """One fault as the file has it."""

    kind: str
    target: Entity
    onset: Duration
    """How long before the sandbox's start it began."""
    lag_seconds: float = Field(default=20.0, gt=0)
    effects: tuple[Effect, ...] = ()
    logs: tuple[FaultLog, ...] = ()
    events: tuple[FaultEvent, ...] = ()
    pods: tuple[Ailment, ...] = ()
    """What it does to pods, as their status, Events and logs show."""
    mends: tuple[tuple[Condition, ...], ...] = ()
    """Any of these lists ends the fault; all conditions of a list have to hold."""


class CronRun(Part):
    """A CronJob whose latest run takes as long as this."""

    name: str
    lasts: Duration


class Rollout(Part):
    """An ordinary rollout of the last day, besides those of the company's own history."""

    service: str
    ago: Duration
    before: str
    after: str
    author: str
    note: str
    pod: Mapping[str, Any] = Field(default_factory=dict)
    """What the version's pod spec has besides, merged in; of ``containers`` the workload's own by its name."""
    paused_after: Duration | None = None
    """How long after its start somebody paused it; it stays half done."""


class Drain(Part):
    """A node was emptied for maintenance: cordoned, its pods evicted as far as their budgets let them go."""

    ago: Duration
    node: str
    by: str = "kubectl-drain"
    """The field manager."""


class Edit(Part):
    """A change of one object before the sandbox's start, by hand or by some tool."""

    ago: Duration
    kind: str
    name: str
    namespace: str = "production"
    by: str = "kubectl-edit"
    """The field manager."""
    patch: Mapping[str, Any]
    """A JSON merge patch; of an object that was not there, all of it. ``{-35m}`` in a string is the time that long
    before the sandbox's start, ``{+30d}`` after it."""


class RepositoryCommit(Part):
    """A commit of the company's repository before the sandbox's start, after those of ``repository.yaml``."""

    ago: Duration
    author: str
    """A person's handle."""
    message: str
    files: Mapping[str, str] = Field(default_factory=dict)
    """Path -> the whole new content."""
    appended: Mapping[str, str] = Field(default_factory=dict)
    """Path -> what comes at the end of the file."""


class Report(Part):
    """What a tool told the vendors' event streams before the sandbox's start: a flag, a change, a job."""

    ago: Duration
    service: str = ""
    title: str
    text: str = ""
    tags: tuple[str, ...] = ()
    author: str = ""
    source: str = "deployment"
    """Who reports it, as Datadog's event stream names its sources."""
    status: Literal["info", "warning", "error", "success"] = "info"


FixKind = Literal[
    "resources",
    "replicas",
    "rollback",
    "restart",
    "suspend_job",
    "resume_job",
    "config_value",
    "hpa_bounds",
    "image",
    "delete_pod",
    "cordon",
    "uncordon",
]
"""The kinds of change that an investigation can propose."""


class Truth(Part):
    """What an investigation should find; never served by any API. ``docs/evals.md`` tells how it is judged by."""

    cause: str
    kind: str
    """The failure mode, dashed: ``oom-kill``. Words of its author where no mode is meant: ``noise``."""
    is_harmless: bool = False
    """Whether nobody needs to be told."""
    entity: Entity | None = None
    """Where the cause sits; None when nothing is wrong."""
    also_right: tuple[Entity, ...] = ()
    """Entities that a sound investigation may name instead."""
    modes: tuple[str, ...] = ()
    """Failure modes that are right as well as ``kind``, dashed: the symptom's own name, a broader one."""
    words: tuple[str, ...] = ()
    """How a reasoner without a catalogue may word the kind: ``out of memory|oom`` are two ways of one word; all of the
    tuple have to be said. Empty: the words of ``evals/kinds.yaml``."""
    bystanders: tuple[Entity, ...] = ()
    """What looks guilty and is not: naming one as the cause is a false claim."""
    acceptable_fixes: tuple[str, ...] = ()
    """For people."""
    fix_kinds: tuple[FixKind, ...] = ()
    """Kinds of change that mend it, at ``entity``, one of ``also_right`` or what belongs to them; beyond the changes
    that satisfy a fault's ``mends``."""
    partial_fixes: tuple[FixKind, ...] = ()
    """Kinds of change that bring relief and leave the cause."""
    ending: Literal["cause_found", "input_needed"] = "cause_found"
    """How a sound investigation ends; ``input_needed`` where the cause cannot be had from what may be seen."""
    unseen: tuple[str, ...] = ()
    """What it has to name among what it could not see: ``logs|log lines`` are two ways of one word; all of the tuple."""
    both: tuple[Entity, ...] = ()
    """Where several causes feed what alerted: each of these has to be named, in headline, chain or next steps."""
    advice: tuple[str, ...] = ()
    """What the next steps have to say where no change of the cluster mends it: ``renew|rotate`` are two ways of one
    word; all of the tuple have to be said."""


class Scenario(Part):
    """One file of ``sandbox/scenarios``."""

    title: str
    hour: float = Field(ge=0, lt=24)
    """The company's hour of day at the sandbox's start."""
    seed: int = 1
    faults: tuple[FaultSpec, ...] = ()
    cron_runs: tuple[CronRun, ...] = ()
    rollouts: tuple[Rollout, ...] = ()
    edits: tuple[Edit, ...] = ()
    drains: tuple[Drain, ...] = ()
    reports: tuple[Report, ...] = ()
    commits: tuple[RepositoryCommit, ...] = ()
    """Of the company's repository, the oldest first."""
    outages: tuple[Outage, ...] = ()
    """Which of the vendors' APIs do not answer, for as long as it runs."""
    log_gaps: tuple[LogGap, ...] = ()
    """Whose logs do not reach Datadog."""
    alerts: tuple[AlertSpec, ...] = ()
    """None at all: nothing is posted, whether something goes wrong or not."""
    incident: IncidentSpec | None = None
    """A PagerDuty incident that opens with the first alert and ends with the last."""
    tickets: tuple[TicketSpec, ...] = ()
    said: tuple[SaidSpec, ...] = ()
    changes: tuple[ChangeNow, ...] = ()
    """By other people, while it runs."""
    truth: Truth
    name: str = ""


def scenario_names(folder: Path = FOLDER) -> list[str]:
    """The names of all scenarios."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load_scenario(name: str, folder: Path = FOLDER) -> Scenario:
    """Read a scenario by name; raises ScenarioError with every fault of the file."""
    if name not in scenario_names(folder):
        known = ", ".join(scenario_names(folder)) or "none"
        raise ScenarioError(f"there is no scenario {name!r}; there are: {known}")
    path = folder / f"{name}.yaml"
    try:
        facts: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path.name} is not YAML: {error}") from error
    if not isinstance(facts, dict):
        raise ScenarioError(f"{path.name} must hold a mapping at its top")
    try:
        return Scenario.model_validate({**facts, "name": name})
    except ValidationError as error:
        places = (
            f"  {'.'.join(str(p) for p in e['loc']) or 'file'}: {e['msg']}" for e in error.errors()
        )
        raise ScenarioError("\n".join([f"{path.name} is not a scenario:", *places])) from error
