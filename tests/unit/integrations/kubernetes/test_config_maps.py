"""What a ConfigMap tells of its own past, by managedFields and by what ``kubectl apply`` left."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integrations.kubernetes.config_maps import applied, lines_of, written
from integrations.kubernetes.masked import LAST_APPLIED


def config_map(
    data: dict[str, str], last_applied: object = None, fields: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    text = json.dumps(last_applied) if not isinstance(last_applied, str) else last_applied
    annotations = {} if last_applied is None else {LAST_APPLIED: text}
    metadata = {"name": "x", "annotations": annotations, "managedFields": fields or []}
    return {"kind": "ConfigMap", "metadata": metadata, "data": data}


def test_what_differs_from_the_file_is_told_with_what_it_was() -> None:
    item = config_map({"A": "1", "B": "2", "D": "4"}, {"data": {"A": "1", "B": "9", "C": "3"}})
    assert applied(item) == {"B": "9", "C": "3", "D": None}
    assert lines_of(item["data"], applied(item)) == [
        "A=1",
        "B=2 (was 9 when last applied)",
        "D=4 (was (not set) when last applied)",
        "C=(not set) (was 3 when last applied)",
    ]


def test_a_secret_of_the_file_is_masked() -> None:
    item = config_map({"API_TOKEN": "new-one-abc"}, {"data": {"API_TOKEN": "old-one-abc"}})
    assert applied(item)["API_TOKEN"] == "[redacted]"


@pytest.mark.parametrize("odd", [None, "", "no JSON", "[]", '"text"', "{}", '{"data": [1]}'])
def test_without_a_readable_file_nothing_is_known(odd: object) -> None:
    assert applied(config_map({"A": "1"}, odd)) == {}


def test_each_key_has_its_last_writer_the_latest_first() -> None:
    fields: list[dict[str, Any]] = [
        {
            "manager": "kubectl-client-side-apply",
            "time": "2026-11-01T08:00:00Z",
            "fieldsV1": {"f:data": {".": {}, "f:A": {}}, "f:metadata": {"f:labels": {}}},
        },
        {
            "manager": "kubectl-edit",
            "time": "2026-11-25T08:00:00Z",
            "fieldsV1": {"f:data": {"f:B": {}}},
        },
        {"manager": "odd"},
    ]
    found = written(config_map({"A": "1", "B": "2"}, fields=fields))
    assert [(w["key"], w["by"]) for w in found] == [
        ("B", "kubectl-edit"),
        ("A", "kubectl-client-side-apply"),
    ]
    assert found[0]["at"] == "2026-11-25T08:00:00Z"
