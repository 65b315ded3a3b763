"""Cases made of answers, for the reading of failure modes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agent.model import Case, Check, Json, Reading, Step
from agent.reasoning.modes.mode import Mode, Sign
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View
from tests.unit.agent.investigation.house import case_of, signal_on

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
Asked = tuple[str, Json, Json]
"""A tool, its arguments and the data of its answer."""


def case(service: str, *asked: Asked, title: str = "Errors", now: datetime = NOW) -> Case:
    """The case of a service with these answers, in this order."""
    steps = tuple(
        Step(
            number=number,
            round=1,
            check=Check(tool=tool, arguments=arguments),
            reading=Reading(source="kubernetes", query=tool, observation="", data=data),
            started_at=now,
        )
        for number, (tool, arguments, data) in enumerate(asked, 1)
    )
    opened = case_of(signal_on(service, f"{title} of {service}"))
    return opened.model_copy(update={"steps": steps, "now": now})


def signs(mode: Mode, target: str, on: Case) -> list[Sign]:
    """What a mode reads at a target."""
    view = View(on)
    return list(mode.signs(view.target(target), view))


def arises(mode: Mode, target: str, on: Case) -> bool:
    """Whether a mode comes into question at a target."""
    view = View(on)
    return mode.arises(view.target(target), view)


def advice(mode: Mode, target: str, on: Case) -> list[str]:
    """What a mode would have people do."""
    view = View(on)
    found: Target = view.target(target)
    return list(mode.advice(found, view))


def balance(found: list[Sign]) -> float:
    """The weight of all signs together."""
    return sum(sign.weight for sign in found)


def workload(name: str = "web", **facts: Any) -> Asked:
    """A Deployment as Kubernetes has it."""
    data = {
        "name": name,
        "kind": "Deployment",
        "namespace": "production",
        "replicas": {"desired": 3, "ready": 3, "available": 3, "updated": 3},
        "containers": [{"name": name, "image": f"shop/{name}:1"}],
        "conditions": [],
        "pods": [
            {"name": f"{name}-{n}", "phase": "Running", "ready": True, "node": f"node-{n}"}
            for n in range(3)
        ],
        **facts,
    }
    return "kubernetes_workload", {"namespace": "production", "name": name}, data
