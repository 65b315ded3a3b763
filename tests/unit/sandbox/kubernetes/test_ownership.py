from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.kubernetes.errors import ApiError
from sandbox.kubernetes.fields import fields_of, from_fields_v1, to_fields_v1
from sandbox.kubernetes.ownership import Manager, record_update, server_side_apply
from sandbox.kubernetes.store import ObjectStore
from tests.unit.sandbox.kubernetes.support import deployment, simple

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
FIRST, SECOND = Manager("first", "Apply"), Manager("second", "Apply")


def config(**data: str) -> dict[str, Any]:
    return simple("ConfigMap", "settings", data=data)


def apply(live: Any, intent: Any, manager: Manager, force: bool = False) -> dict[str, Any]:
    return server_side_apply(live, intent, manager, force, NOW)


def test_managers_of_different_fields_do_not_meet() -> None:
    live = apply(apply(None, config(a="1"), FIRST), config(b="2"), SECOND)
    assert live["data"] == {"a": "1", "b": "2"}


def test_another_value_for_an_owned_field_is_a_conflict_and_the_same_value_is_shared() -> None:
    live = apply(None, config(a="1"), FIRST)
    with pytest.raises(ApiError, match=r'conflict with "first": \.data\.a'):
        apply(live, config(a="2"), SECOND)
    shared = apply(live, config(a="1"), SECOND)
    assert len(shared["metadata"]["managedFields"]) == 2


def test_force_takes_the_field_over() -> None:
    live = apply(apply(None, config(a="1"), FIRST), config(a="2"), SECOND, force=True)
    assert live["data"] == {"a": "2"}
    with pytest.raises(ApiError, match='"second"'):
        apply(live, config(a="3"), FIRST)


def test_a_field_no_longer_intended_goes_unless_another_owns_it() -> None:
    live = apply(None, config(a="1", b="1"), FIRST)
    live = apply(live, config(b="1"), SECOND)
    assert apply(live, config(c="1"), FIRST)["data"] == {"b": "1", "c": "1"}


def test_items_of_keyed_lists_are_owned_one_by_one() -> None:
    live = apply(None, deployment(), FIRST)
    extra = deployment()
    container = extra["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "EXTRA", "value": "1"}]
    merged = apply(live, extra, SECOND)
    env = merged["spec"]["template"]["spec"]["containers"][0]["env"]
    assert [variable["name"] for variable in env] == ["REDIS_URL", "MODE", "EXTRA"]


def test_an_object_nobody_tracked_belongs_to_before_first_apply() -> None:
    store = ObjectStore()
    live = store.create(config(a="1"))
    with pytest.raises(ApiError, match='"before-first-apply"'):
        apply(live, config(a="2"), FIRST)


def test_an_update_takes_ownership_of_what_it_changes() -> None:
    live = apply(None, config(a="1", b="1"), FIRST)
    after = {**live, "data": {"a": "2", "b": "1"}, "metadata": dict(live["metadata"])}
    record_update(live, after, Manager("editor"), NOW)
    with pytest.raises(ApiError, match='1 conflict: conflict with "editor"'):
        apply(after, config(a="1", b="1"), FIRST)


@given(st.dictionaries(st.text("ab/.", min_size=1, max_size=3), st.text(max_size=3), min_size=1))
def test_field_sets_survive_the_form_of_managed_fields(data: dict[str, str]) -> None:
    manifest = {**deployment(), "data": data}
    paths = fields_of(manifest)
    assert from_fields_v1(to_fields_v1(paths)) == paths
