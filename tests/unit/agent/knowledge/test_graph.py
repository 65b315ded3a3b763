"""Who depends on whom, read from the stored graph and from what an investigation saw itself."""

from __future__ import annotations

from agent.knowledge.graph import (
    blast_radius,
    dependants,
    dependencies,
    dependencies_in,
    dependency_graph,
    neighbourhood,
    path,
)
from agent.model import Case, Check, Entity, Json, Reading, Relation, Step
from tests.unit.agent.investigation.company import cron_job, workload
from tests.unit.agent.investigation.house import NOW, case_of, signal_on


def tie(source: str, target: str, kind: str = "depends_on") -> Relation:
    return Relation(
        source=f"production/deployment/{source}",
        target=f"production/deployment/{target}",
        kind=kind,
        origin="test",
        first_seen=NOW,
        last_confirmed=NOW,
    )


GRAPH = dependency_graph(
    [Entity(name="gateway"), Entity(name="discovery", kind="team")],
    [
        tie("gateway", "auth"),
        tie("auth", "auth-db"),
        tie("session", "auth"),
        tie("discovery", "auth", "owns"),
    ],
)


def test_only_dependencies_are_edges() -> None:
    assert dependants(GRAPH, "auth") == ("gateway", "session")
    assert dependencies(GRAPH, "auth") == ("auth-db",)
    assert "discovery" not in GRAPH


def test_the_blast_radius_is_everything_above_the_nearest_first() -> None:
    assert blast_radius(GRAPH, "auth-db") == ("auth", "gateway", "session")


def test_a_path_goes_along_dependencies_only() -> None:
    assert path(GRAPH, "gateway", "auth-db") == ("gateway", "auth", "auth-db")
    assert path(GRAPH, "auth-db", "gateway") == ()


def test_a_neighbourhood_goes_both_ways() -> None:
    assert set(neighbourhood(GRAPH, "auth", 1)) == {"gateway", "auth", "auth-db", "session"}


def test_what_is_unknown_has_no_neighbours() -> None:
    assert dependants(GRAPH, "nobody") == ()
    assert blast_radius(GRAPH, "nobody") == ()
    assert not neighbourhood(GRAPH, "nobody")


def seen(tool: str, data: Json, **arguments: str) -> Case:
    check = Check(tool=tool, arguments=arguments)
    reading = Reading(source="test", query="q", observation="", data=data)
    step = Step(number=1, round=0, check=check, reading=reading, started_at=NOW)
    return case_of(signal_on("auth", "t")).model_copy(update={"steps": (step,)})


def test_calls_seen_in_traces_are_dependencies() -> None:
    data = {"calls": ["auth-db"], "called_by": ["gateway"]}
    graph = dependencies_in(seen("datadog_dependencies", data, service="auth"))
    assert path(graph, "gateway", "auth-db") == ("gateway", "auth", "auth-db")


def test_a_dsn_in_the_environment_is_a_dependency() -> None:
    env = {"DATABASE_URL": {"value": "postgresql://u@auth-db.production.svc:5432/auth"}}
    graph = dependencies_in(
        seen("kubernetes_workload", workload("auth", "Deployment", "shop/auth:1", env=env))
    )
    assert dependencies(graph, "auth") == ("auth-db",)


def test_an_url_in_a_config_map_is_a_dependency_of_who_uses_it() -> None:
    data = {"values": {"AUTH_URL": "http://auth:8080"}, "used_by": ["Deployment/session"]}
    graph = dependencies_in(seen("kubernetes_config", data))
    assert dependencies(graph, "session") == ("auth",)


def test_a_job_depends_on_what_it_talks_to_and_is_known_as_a_job() -> None:
    graph = dependencies_in(
        seen("kubernetes_jobs", {"cron_jobs": [cron_job("auth-report", "auth-db")]})
    )
    assert dependencies(graph, "auth-report") == ("auth-db",)
    assert graph.nodes["auth-report"]["kind"] == "cronjob"
