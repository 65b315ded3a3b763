"""Known faults in small recordings: the entity at fault comes first, and the loud bystander does not."""

import json

import numpy as np
import pytest

from agent.analysis.rca.graph import is_endpoint
from agent.analysis.rca.ranking import rank
from agent.analysis.rca.reading import read_folder
from tests.unit.agent.analysis.rca.recordings import Recording


def ranked(recording, tmp_path):
    return rank(read_folder(recording.write(tmp_path / "case")))


def first(recording, tmp_path):
    return ranked(recording, tmp_path)[0].entity


def traced(**fault):
    recording = Recording()
    for _ in range(60):
        recording.trace("normal")
    for _ in range(60):
        recording.trace("incident", **fault)
    return recording


def test_a_starved_entity_is_told_by_its_cpu(tmp_path):
    recording = Recording()
    recording.during("cart|cpu")[:] *= 12
    recording.during("cart|latency")[:] += 0.5
    recording.during("web|latency")[:] += 0.5
    assert first(recording, tmp_path) == "cart"


def test_latency_belongs_to_the_deepest_entity_whose_callees_do_not_explain_it(tmp_path):
    recording = Recording()
    for entity in ("store", "cart", "search", "web"):
        recording.during(f"{entity}|latency")[:] += 0.5
    assert first(recording, tmp_path) == "store"


def test_the_loud_symptom_is_not_the_cause(tmp_path):
    recording = Recording()
    recording.symptom = {"entity": "web", "metric": "latency"}
    recording.during("web|latency")[2:4] += 3.0
    recording.during("search|latency")[2:4] += 2.9
    assert first(recording, tmp_path) == "search"


def test_what_stood_before_the_symptom_and_without_it_is_another_days_level(tmp_path):
    recording = Recording()
    recording.symptom = {"entity": "web", "metric": "latency"}
    recording.during("cart|latency")[:] *= 40
    recording.during("web|latency")[2:4] += 0.3
    recording.during("search|latency")[2:4] += 0.3
    assert first(recording, tmp_path) == "search"


def test_failures_come_from_callees(tmp_path):
    recording = Recording()
    for entity, lost in (("store", 30.0), ("cart", 20.0), ("web", 15.0)):
        recording.during(f"{entity}|availability")[:] -= lost
    assert first(recording, tmp_path) == "store"


def test_metrics_of_a_shared_host_count_little(tmp_path):
    recording = Recording()
    for entity in ("cart", "web"):
        recording.series[f"{entity}|NodeCpuUsage"] = 10 + np.zeros(65)
        recording.during(f"{entity}|NodeCpuUsage")[:] *= 9
    recording.during("search|cpu")[:] *= 5
    assert first(recording, tmp_path) == "search"


def test_calls_that_multiply_are_the_callers_doing(tmp_path):
    recording = Recording()
    recording.calls = [("web", "cart"), ("cart", "store")]
    recording.during("store|requests")[:] *= 8
    assert first(recording, tmp_path) == "cart"


def test_calls_that_cease_are_the_callers_doing(tmp_path):
    recording = Recording()
    recording.calls = [("web", "cart"), ("cart", "store"), ("web", "search")]
    recording.during("store|requests")[:] = 0
    assert first(recording, tmp_path) == "cart"


def test_latency_under_a_surge_is_put_to_where_the_requests_come_from(tmp_path):
    recording = Recording()
    for entity in ("web", "cart", "search", "store"):
        recording.during(f"{entity}|requests")[:] *= 3
    for entity in ("store", "cart"):
        recording.during(f"{entity}|latency")[:] += 0.4
    assert first(recording, tmp_path) == "web"


def test_a_network_delay_belongs_to_the_callee_all_of_whose_callers_wait(tmp_path):
    delay = {("cart", "store"): 200.0, ("search", "store"): 200.0}
    assert first(traced(gap=delay), tmp_path) == "store"


def test_slow_calls_to_everyone_belong_to_the_caller(tmp_path):
    delay = {("web", "cart"): 120.0, ("web", "search"): 120.0}
    assert first(traced(gap=delay), tmp_path) == "web"


def test_own_time_belongs_to_the_entity_that_spends_it(tmp_path):
    found = ranked(traced(own={"search": 90.0}), tmp_path)
    assert found[0].entity == "search"
    assert "own time" in found[0].indicators[0].text


def test_a_vanished_call_belongs_to_the_deepest_entity_that_no_longer_makes_it(tmp_path):
    recording = traced()
    recording.spans = [s for s in recording.spans if s[0] == "normal"]
    recording._span = len(recording.spans)
    for place in range(60):
        lost = [("cart", "store")] if place % 3 == 0 else []
        recording.trace("incident", without=lost)
    found = ranked(recording, tmp_path)
    assert found[0].entity == "cart"
    assert found[0].indicators[0].family == "structure"


def test_spans_that_the_recorder_lost_do_not_hide_a_fault(tmp_path):
    recording = traced(gap={("cart", "store"): 200.0, ("search", "store"): 200.0})
    lost = {s[2] for i, s in enumerate(recording.spans) if s[0] == "incident" and i % 10 == 0}
    recording.spans = [
        [*s[:3], "" if s[3] in lost else s[3], *s[4:]] for s in recording.spans if s[2] not in lost
    ]
    assert first(recording, tmp_path) == "store"


def test_new_error_lines_speak_for_their_entity(tmp_path):
    recording = Recording()
    start = 1_700_000_000 + 60 * 60
    recording.lines = [[start - 60 + i, "web", "INFO served"] for i in range(60)]
    recording.lines += [[start + i, "cart", f"ERROR cannot parse basket {i}"] for i in range(40)]
    found = ranked(recording, tmp_path)
    assert found[0].entity == "cart"
    assert found[0].indicators[0].family == "logs"


def test_nothing_is_claimed_where_nothing_changed(tmp_path):
    found = ranked(traced(), tmp_path)
    assert [r.entity for r in found] == ["cart", "search", "store", "web"]
    assert all(r.score < 0.5 for r in found)


def test_the_truth_is_never_read(tmp_path):
    recording = Recording()
    recording.during("cart|cpu")[:] *= 12
    folder = recording.write(tmp_path / "case")
    before = [(r.entity, r.score) for r in rank(read_folder(folder))]
    for place in (tmp_path, folder):
        (place / "truth.json").write_text(json.dumps({"case": {"entity": "web"}}))
    assert [(r.entity, r.score) for r in rank(read_folder(folder))] == before


@pytest.mark.parametrize(
    ("entity", "expected"),
    [
        ("33.33.33.76", True),
        ("10.0.0.1:8080", True),
        ("shop-1.eu-west-2.elb.amazonaws.com_remote", True),
        ("Search_client", True),
        ("Search_AWS::ECS::Fargate", False),
        ("orders@db.eu-west-2.rds.amazonaws.com_Database::SQL", False),
        ("cartservice", False),
    ],
)
def test_an_address_is_no_component(entity, expected):
    assert is_endpoint(entity) is expected
