"""A recording's files: read, moved in time, and refused with a sentence when they are not right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.recorded import files, logs, metrics
from sandbox.recorded.logs import RecordedLogs
from sandbox.recorded.metrics import RecordedMetrics
from sandbox.recorded.shifting import moment, shifted, written
from sandbox.world.scenario import ScenarioError

T = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(json_values)
def test_what_is_no_moment_stays_as_it_is(value: Any) -> None:
    assert shifted(value, HOUR) == value


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(-(10**7), 10**7))
def test_moments_are_moved_and_can_be_moved_back(when: datetime, seconds: int) -> None:
    text = written(when.replace(tzinfo=UTC, microsecond=0))
    by = timedelta(seconds=seconds)
    assert shifted(shifted({"a": [text]}, by), -by) == {"a": [text]}


def test_a_moment_in_a_sentence_is_left_alone() -> None:
    assert shifted("since 2026-11-24T03:00:00Z", HOUR) == "since 2026-11-24T03:00:00Z"


@pytest.mark.parametrize(
    "text", ["2026-11-24T03:00:00Z", "2026-11-24T04:00:00.000000000+01:00", "1795489200"]
)
def test_moments_are_read_in_each_form(text: str) -> None:
    assert moment(text) == T


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        moment("2026-11-24T03:00:00")


CSV = """metric,tags,timestamp,value
cpu,service:auth pod_name:auth-1,2026-11-24T03:00:00Z,1
cpu,service:auth pod_name:auth-1,2026-11-24T03:01:00Z,2
cpu,service:auth pod_name:auth-2,2026-11-24T03:00:10Z,10
cpu,service:auth pod_name:auth-2,2026-11-24T03:01:10Z,20
"""


def recorded(folder: Path, text: str = CSV) -> RecordedMetrics:
    (folder / "metrics.csv").write_text(text)
    return RecordedMetrics(metrics.read(folder), timedelta(0))


def values(found: RecordedMetrics, aggregator: Any, *group_by: str) -> dict[str, list[float]]:
    times = np.array([T.timestamp() + 20, T.timestamp() + 80])
    rows = found.series("cpu", {"service": "au*"}, group_by, times, aggregator)
    return {"".join(group.values()): [value for _, value in points] for group, points in rows}


def test_series_that_were_read_at_other_moments_are_added_up_rightly(tmp_path: Path) -> None:
    found = recorded(tmp_path)
    assert values(found, "sum") == {"": [11.0, 22.0]}
    assert values(found, "max", "pod_name") == {"auth-1": [1.0, 2.0], "auth-2": [10.0, 20.0]}


def test_a_value_does_not_stand_for_ever(tmp_path: Path) -> None:
    later = np.array([T.timestamp() + 3600])
    assert recorded(tmp_path).series("cpu", {}, (), later, "avg") == [({}, [])]


def test_names_and_tags_are_those_of_the_file(tmp_path: Path) -> None:
    found = recorded(tmp_path)
    assert found.names({"service": "auth"}) == ["cpu"]
    assert found.names({"service": "cart"}) == []
    assert len(found.tag_sets("cpu")) == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("metric,tags,value\ncpu,,1\n", "no column timestamp"),
        ("metric,tags,timestamp,value\ncpu,,yesterday,1\n", "line 2"),
        ("metric,tags,timestamp,value\ncpu,,0,much\n", "line 2"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ScenarioError, match=sentence):
        recorded(tmp_path, text)


def test_kubectl_logs_are_read_with_pod_container_and_level(tmp_path: Path) -> None:
    pod = tmp_path / "logs" / "production" / "auth-1"
    pod.mkdir(parents=True)
    (pod / "app.log").write_text("2026-11-24T03:00:00Z WARN pool is full\n")
    (line,) = logs.read(tmp_path, {("production", "auth-1"): "auth"})
    assert (line["service"], line["container"], line["status"]) == ("auth", "app", "warn")
    found = RecordedLogs([line], HOUR)
    assert found.between(T, T + 2 * HOUR, 10, service="auth", pod=None)
    assert not found.between(T, T + HOUR, 10, service="auth")


def test_a_line_without_a_time_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "production"
    folder.mkdir(parents=True)
    (folder / "auth-1.log").write_text("pool is full\n")
    with pytest.raises(ScenarioError, match="record with --timestamps"):
        logs.read(tmp_path, {})


def test_a_kubernetes_list_and_several_documents_give_their_items(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: List\nitems: [{kind: Pod}, {kind: Node}]\n")
    (tmp_path / "b.yaml").write_text("kind: Job\n---\nkind: Service\n")
    assert [d["kind"] for d in files.below(tmp_path)] == ["Pod", "Node", "Job", "Service"]


def test_what_is_no_object_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("- one\n- two\n")
    with pytest.raises(ScenarioError, match="where objects belong"):
        list(files.below(tmp_path))
