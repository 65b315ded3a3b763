from __future__ import annotations

from typing import Any

import pytest

from sandbox.kubernetes.decoding import malformed
from sandbox.kubernetes.defaults import with_defaults
from sandbox.kubernetes.validation import validate
from tests.unit.sandbox.kubernetes.support import cron_job, deployment, simple, stateful_set


def fields(manifest: dict[str, Any], before: dict[str, Any] | None = None) -> list[str]:
    return [cause.field for cause in validate(manifest, before)]


def container_with(**values: Any) -> dict[str, Any]:
    made = with_defaults(deployment())
    made["spec"]["template"]["spec"]["containers"][0] |= values
    return made


def test_what_the_server_would_take_passes() -> None:
    for manifest in (deployment(), stateful_set(), cron_job()):
        assert validate(with_defaults(manifest)) == []


@pytest.mark.parametrize(
    ("manifest", "field"),
    [
        (deployment(replicas=-1), "spec.replicas"),
        (deployment("Web_1"), "metadata.name"),
        (deployment(selector={"matchLabels": {"app": "x"}}), "spec.template.metadata.labels"),
        (cron_job(schedule="every night"), "spec.schedule"),
        (simple("Service", "s", spec={"ports": [{"port": 70000}]}), "spec.ports[0].port"),
        (container_with(image=""), "spec.template.spec.containers[0].image"),
        (
            container_with(resources={"limits": {"cpu": "-1"}}),
            "spec.template.spec.containers[0].resources.limits[cpu]",
        ),
        (
            container_with(volumeMounts=[{"name": "data", "mountPath": "/d"}]),
            "spec.template.spec.containers[0].volumeMounts[0].name",
        ),
    ],
)
def test_the_wrong_field_is_named(manifest: dict[str, Any], field: str) -> None:
    assert field in fields(with_defaults(manifest))


def test_a_request_above_its_limit_is_refused_in_the_servers_words() -> None:
    resources = {"requests": {"memory": "1Gi"}, "limits": {"memory": "900Mi"}}
    (cause,) = validate(container_with(resources=resources))
    assert cause.message == (
        'Invalid value: "1Gi": must be less than or equal to memory limit of 900Mi'
    )


def test_a_stateful_sets_claims_count_as_volumes() -> None:
    manifest = with_defaults(stateful_set())
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    assert fields(manifest) == ["spec.template.spec.containers[0].volumeMounts[0].name"]
    manifest["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": {}}]
    assert fields(manifest) == []


def test_immutable_fields_stay() -> None:
    before = with_defaults(stateful_set())
    after = with_defaults(stateful_set())
    after["spec"]["serviceName"] = "other"
    assert fields(after, before) == ["spec"]
    after = with_defaults(stateful_set())
    after["spec"]["replicas"] = 5
    assert fields(after, before) == []


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (deployment(replicas="three"), "cannot unmarshal string"),
        (container_with(resources={"limits": {"memory": "lots"}}), "quantities must match"),
        (container_with(env=[{"name": "A", "value": 1}]), "env.value of type string"),
        (simple("ConfigMap", "c", data={"a": 1}), "cannot unmarshal number"),
        ({"kind": "Pod", "metadata": {"name": "x"}, "spec": []}, "array"),
    ],
)
def test_values_of_the_wrong_type_do_not_decode(manifest: dict[str, Any], words: str) -> None:
    assert words in (malformed(manifest) or "")


def test_a_good_object_decodes() -> None:
    assert malformed(deployment()) is None
