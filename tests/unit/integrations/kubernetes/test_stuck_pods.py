"""Which pods are stuck, and which deletion helps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent.errors import Refused
from agent.model import Json
from integrations.kubernetes.platform_risks import deletion_risk
from integrations.kubernetes.stuck_pods import gist, refuse_two_of_one, stuck
from tests.unit.integrations.kubernetes.manifests import NOW, container, stamp

MINUTE = 1 / 60


def pod(maker: str = "ReplicaSet", **metadata: Any) -> Json:
    owner = {"kind": maker, "name": "web-1", "uid": "u", "controller": True}
    return {
        "kind": "Pod",
        "metadata": {
            "name": "web-1-abc",
            "namespace": "production",
            "uid": "uid-pod",
            "ownerReferences": [owner],
            **metadata,
        },
        "spec": {"nodeName": "n1", "containers": [container()]},
        "status": {"phase": "Running"},
    }


def unready(minutes: float, **state: Any) -> Json:
    condition = {
        "type": "Ready",
        "status": "False",
        "lastTransitionTime": stamp(minutes * MINUTE),
    }
    return {"phase": "Running", "conditions": [condition], "containerStatuses": [state]}


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (unready(5), "is not ready"),
        (unready(0.1, state={"waiting": {"reason": "CrashLoopBackOff"}}), "is crash looping"),
        (unready(0.1, restartCount=9, state={"running": {}}), "is crash looping"),
        (
            unready(0.1, state={"waiting": {"reason": "ImagePullBackOff"}}),
            "waits in ImagePullBackOff",
        ),
        ({"phase": "Failed"}, "has failed"),
    ],
)
def test_why_a_pod_is_stuck_is_told(status: Json, why: str) -> None:
    found = stuck({**pod(), "status": status}, NOW)
    assert (found.why, found.grace_seconds) == (why, None)
    assert found.preconditions == ("it is not ready", "ReplicaSet web-1 makes a new one")


@pytest.mark.parametrize(
    "status",
    [
        {"phase": "Running"},
        {"phase": "Succeeded"},
        unready(1),
        unready(1, state={"waiting": {"reason": "ContainerCreating"}}),
    ],
)
def test_one_that_is_well_or_may_be_starting_is_none(status: Json) -> None:
    with pytest.raises(Refused):
        stuck({**pod(), "status": status}, NOW)


@pytest.mark.parametrize("maker", ["Node", "Notebook"])
def test_one_that_nothing_makes_anew_is_refused(maker: str) -> None:
    with pytest.raises(Refused, match="nothing would make it anew"):
        stuck({**pod(maker), "status": unready(5)}, NOW)
    with pytest.raises(Refused, match="has no controller"):
        stuck({**pod(ownerReferences=[]), "status": unready(5)}, NOW)


def test_one_that_terminates_is_stuck_only_beyond_its_grace() -> None:
    with pytest.raises(Refused, match="within its grace"):
        stuck(pod(deletionTimestamp=stamp(0)), NOW)
    found = stuck(pod(deletionTimestamp=stamp(5 * MINUTE)), NOW + timedelta(0))
    assert (found.overdue, found.grace_seconds) == (True, 0)
    with pytest.raises(Refused, match="held by finalizers"):
        stuck(pod(deletionTimestamp=stamp(1), finalizers=["example.com/wait"]), NOW)


@pytest.mark.parametrize(("maker", "refused"), [("StatefulSet", True), ("ReplicaSet", False)])
def test_two_of_one_are_never_risked(maker: str, refused: bool) -> None:
    item = pod(maker, deletionTimestamp=stamp(1))
    found, lost = (
        stuck(item, NOW),
        {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}},
    )
    if refused:
        with pytest.raises(Refused, match="delete its Node"):
            refuse_two_of_one(item, found, lost)
    else:
        refuse_two_of_one(item, found, lost)
        assert "containers may run on there" in deletion_risk(item, found, (), lost)


def test_the_gist_says_which_pod_goes_and_no_more_of_its_template() -> None:
    text = "\n".join(gist({**pod(), "status": unready(5)}))
    for part in ("web-1-abc", "uid-pod", "ReplicaSet/web-1", "n1", "web:1"):
        assert part in text
    assert "resources" not in text


def test_siblings_that_fail_alike_are_a_risk() -> None:
    ill = {**pod(), "status": unready(5)}
    risk = deletion_risk(ill, stuck(ill, NOW), [ill, ill], None)
    assert "None of the 2 other pods of web-1 is ready either" in risk
