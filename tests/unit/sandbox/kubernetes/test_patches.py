from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.errors import ApiError
from sandbox.kubernetes.patches import json_patch, merge_patch, strategic_merge
from tests.unit.sandbox.kubernetes.support import deployment

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


def pod_patch(**container: Any) -> dict[str, Any]:
    named = {"name": "web", **container}
    return {"spec": {"template": {"spec": {"containers": [named]}}}}


def container(manifest: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = manifest["spec"]["template"]["spec"]["containers"][0]
    return found


def patched(**fields: Any) -> dict[str, Any]:
    return container(strategic_merge("Deployment", deployment(), pod_patch(**fields)))


def test_environment_variables_merge_by_name() -> None:
    env = patched(env=[{"name": "MODE", "value": "slow"}, {"name": "NEW", "value": "1"}])["env"]
    assert {v["name"]: v["value"] for v in env} == {
        "REDIS_URL": "redis://redis:6379/0",
        "MODE": "slow",
        "NEW": "1",
    }


def test_a_patch_directive_deletes_an_item_or_replaces_a_list() -> None:
    assert [v["name"] for v in patched(env=[{"name": "MODE", "$patch": "delete"}])["env"]] == [
        "REDIS_URL"
    ]
    replaced = patched(env=[{"$patch": "replace"}, {"name": "ONLY", "value": "1"}])["env"]
    assert replaced == [{"name": "ONLY", "value": "1"}]
    assert patched(resources={"$patch": "replace", "limits": {"cpu": "1"}})["resources"] == {
        "limits": {"cpu": "1"}
    }


def test_null_deletes_a_field_and_unkeyed_lists_are_replaced() -> None:
    changed = patched(resources=None, command=["serve"], ports=[{"containerPort": 9090}])
    assert "resources" not in changed
    assert changed["command"] == ["serve"]
    assert [port["containerPort"] for port in changed["ports"]] == [8080, 9090]


def test_retain_keys_drops_the_rest_of_a_union() -> None:
    recreate = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    before = deployment(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}})
    after = strategic_merge("Deployment", before, recreate)
    assert after["spec"]["strategy"] == {"type": "Recreate"}


def test_element_order_and_primitive_deletions_are_honoured() -> None:
    order = pod_patch(**{"$setElementOrder/env": [{"name": "MODE"}, {"name": "REDIS_URL"}]})
    env = container(strategic_merge("Deployment", deployment(), order))["env"]
    assert [v["name"] for v in env] == ["MODE", "REDIS_URL"]
    held = {"kind": "Pod", "metadata": {"name": "x", "finalizers": ["a", "b"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}
    assert strategic_merge("Pod", held, patch)["metadata"]["finalizers"] == ["b"]


def test_an_item_without_its_merge_key_is_refused() -> None:
    with pytest.raises(ApiError, match="merge key"):
        strategic_merge(
            "Deployment", deployment(), {"spec": {"template": {"spec": {"containers": [{}]}}}}
        )


@given(JSON, JSON)
def test_a_merge_patch_is_idempotent_and_leaves_its_target_alone(target: Any, patch: Any) -> None:
    before = clone(target)
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once
    assert target == before


def test_json_patch_operations() -> None:
    document = {"a": {"b": [1, 2]}, "c/d": 1}
    operations = [
        {"op": "add", "path": "/a/b/-", "value": 3},
        {"op": "add", "path": "/a/b/0", "value": 0},
        {"op": "remove", "path": "/c~1d"},
        {"op": "copy", "from": "/a/b", "path": "/e"},
        {"op": "move", "from": "/a/b/0", "path": "/first"},
        {"op": "test", "path": "/e/3", "value": 3},
    ]
    assert json_patch(document, operations) == {
        "a": {"b": [1, 2, 3]},
        "e": [0, 1, 2, 3],
        "first": 0,
    }


@given(st.lists(st.fixed_dictionaries({"op": st.text(max_size=8), "path": JSON}), max_size=3))
def test_any_json_patch_is_applied_or_refused(operations: list[Any]) -> None:
    try:
        json_patch({"a": [1]}, operations)
    except ApiError as error:
        assert error.code in (400, 422)
