from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.kubernetes.errors import ApiError
from sandbox.kubernetes.selectors import (
    format_label_selector,
    label_selector,
    parse_field_selector,
    parse_label_selector,
)


def labelled(**labels: str) -> dict[str, object]:
    return {"metadata": {"name": "x", "labels": labels}}


@pytest.mark.parametrize(
    ("text", "labels", "matches"),
    [
        ("app=web", {"app": "web"}, True),
        ("app==web", {"app": "cart"}, False),
        ("app!=web", {}, True),
        ("app!=web", {"app": "web"}, False),
        ("app", {"app": ""}, True),
        ("!app", {"app": "web"}, False),
        ("app in (web, cart)", {"app": "cart"}, True),
        ("app in (web,cart),tier=1", {"app": "cart", "tier": "2"}, False),
        ("app notin (web)", {}, True),
        ("app notin (web)", {"app": "web"}, False),
        ("", {}, True),
    ],
)
def test_label_selectors_follow_the_documentation(
    text: str, labels: dict[str, str], matches: bool
) -> None:
    assert parse_label_selector(text).matches(labelled(**labels)) is matches


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_as_a_bad_request(text: str) -> None:
    try:
        parse_label_selector(text).matches(labelled(app="web"))
        parse_field_selector(text, "Pod").matches(labelled(app="web"))
    except ApiError as error:
        assert error.code == 400


def test_a_selector_object_and_its_text_mean_the_same() -> None:
    spec = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]},
            {"key": "canary", "operator": "DoesNotExist"},
        ],
    }
    text = format_label_selector(spec)
    assert text == "app=web,tier in (a,b),!canary"
    assert set(parse_label_selector(text).requirements) == set(label_selector(spec).requirements)


def test_field_selectors_compare_nested_fields_as_text() -> None:
    pod = {"metadata": {"name": "x"}, "spec": {"nodeName": "n1"}, "status": {"phase": "Running"}}
    assert parse_field_selector("spec.nodeName=n1,status.phase!=Failed", "Pod").matches(pod)
    assert not parse_field_selector("metadata.name!=x", "Pod").matches(pod)
    with pytest.raises(ApiError, match="field label not supported"):
        parse_field_selector("spec.nodeName=n1", "ConfigMap")
