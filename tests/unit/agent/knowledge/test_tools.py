"""What the graph is asked and what it answers: text for people, data for code, the facts as evidence."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from agent.errors import BadArguments, NotFound
from agent.knowledge.facts import SameAs
from agent.knowledge.scenes import Scene
from agent.knowledge.tools import GraphTools
from agent.model import Reading
from agent.tools import Registry
from tests.unit.agent.knowledge.memory_graph import NOW, MemoryStore, company, key, says


def tools(store: MemoryStore | None = None) -> GraphTools:
    return GraphTools(store or company(), lambda: NOW)


def test_each_tool_has_a_schema_that_a_model_can_call() -> None:
    registry = Registry([tools()])
    names = [t.name for t in registry]
    assert names == [
        "graph_changes",
        "graph_dependants",
        "graph_dependencies",
        "graph_entity",
        "graph_owner",
        "graph_path",
        "graph_why",
    ]
    assert registry["graph_why"].schema["required"] == ["source", "target"]


async def test_dependants_are_told_by_distance_with_customers_and_doubts() -> None:
    reading = await tools().graph_dependants("redis-reco")
    data = reading.data
    assert [t["name"] for t in data["direct"]] == [
        "cart",
        "session",
        "redis-reco-backup",
        "notifications",
    ]
    assert [(t["name"], t["distance"], t["via"]) for t in data["indirect"]] == [
        ("checkout", 2, ["cart"]),
        ("gateway", 2, ["cart"]),
    ]
    assert [t["name"] for t in data["business_services"]] == ["Purchase"]
    assert data["single_replica"]
    notifications = data["direct"][-1]
    assert notifications["doubt"] == "tentative: only a runbook of March says so"
    assert data["denied"] == [
        {
            "words": "search → redis-reco",
            "name": "search",
            "doubt": "contradicted: an engineer denies it, Kubernetes says so",
        }
    ]
    assert "last confirmed today 03:00 UTC" in reading.observation


async def test_every_reading_keeps_the_facts_as_stored_and_a_scene() -> None:
    graph = tools()
    readings: list[Reading] = [
        await graph.graph_dependants("redis-reco"),
        await graph.graph_dependencies("cart"),
        await graph.graph_why("cart", "redis-reco"),
        await graph.graph_owner("auth"),
        await graph.graph_changes("auth"),
        await graph.graph_entity("cart"),
        await graph.graph_path("gateway", "auth-db"),
    ]
    for reading in readings:
        assert reading.source == "graph"
        assert reading.observation
        assert json.loads(reading.raw)
        scene = Scene.model_validate(reading.data["scene"])
        assert sum(n.asked for n in scene.nodes) >= 1
        assert len(scene.nodes) >= 2
        json.dumps(reading.data)


async def test_why_gives_each_sources_word_with_its_evidence_and_its_times() -> None:
    reading = await tools().graph_why("cart", "redis")
    (belief,) = reading.data["beliefs"]
    assert reading.data["target"]["name"] == "redis-reco"
    assert {w["origin"] for w in belief["says"]} == {"kubernetes", "datadog"}
    assert any("REDIS_URL in ConfigMap cart-config" in w["words"] for w in belief["says"])
    assert "first seen 21 Nov 03:00 UTC, last confirmed today 03:00 UTC" in reading.observation
    assert reading.link == "https://dd.example/cart"


async def test_why_tells_contradictions_side_by_side() -> None:
    reading = await tools().graph_why("search", "redis-reco")
    (belief,) = reading.data["beliefs"]
    assert [w["origin"] for w in belief["denies"]] == ["engineer"]
    assert belief["confidence"] == 0.0
    assert "against it, an engineer" in reading.observation


async def test_why_of_what_is_not_so_names_the_way_there_is() -> None:
    reading = await tools().graph_why("gateway", "redis-reco")
    assert reading.data["beliefs"] == []
    assert reading.data["chains"][0]["names"] == ["gateway", "cart", "redis-reco"]
    assert "no source says that gateway uses redis-reco" in reading.observation


async def test_a_relation_that_goes_the_other_way_is_found_and_said() -> None:
    reading = await tools().graph_why("redis-reco", "cart")
    assert reading.data["reversed"]


async def test_the_owner_comes_with_those_who_say_so_and_who_is_called() -> None:
    data = (await tools().graph_owner("auth")).data
    assert (data["team"], data["tier"]) == ("identity", "1")
    (team,) = data["teams"]
    assert set(team["says"]) == {"PagerDuty", "Datadog"}
    (policy,) = data["policies"]
    assert policy["facts"]["on_call"][0]["name"] == "Mira Okafor"


async def test_changes_are_those_since_then_at_the_thing_and_next_to_it() -> None:
    graph = tools()
    recent = await graph.graph_changes("auth", since="2026-11-24T02:00:00Z")
    assert [c["what"] for c in recent.data["changes"]] == ["image of auth: 5.8.0 -> 5.8.1"]
    assert "today 02:20 UTC: image of auth" in recent.observation
    older = await graph.graph_changes("auth", since="2026-11-22T00:00:00Z")
    assert [c["name"] for c in older.data["changes"]] == ["auth", "auth-db"]
    none = await graph.graph_changes("cart")
    assert "nothing is known to have changed at cart" in none.observation
    assert "auth" not in none.data["near"]


async def test_a_time_that_is_none_is_refused_with_an_example() -> None:
    with pytest.raises(BadArguments, match="2026-11-25T02:00:00Z"):
        await tools().graph_changes("auth", since="since lunch")


async def test_a_thing_is_known_with_its_parts_and_its_other_names() -> None:
    store = company()
    store.graph.merges = [
        SameAs(
            alias="-/service/Cart API",
            canonical=key("cart"),
            origin="pagerduty",
            reason="its name with hyphens",
            at=NOW - timedelta(days=2),
        )
    ]
    reading = await tools(store).graph_entity("cart")
    assert {"fact": "replicas", "value": "3 of 3 ready", "of": "deployment cart"} in reading.data[
        "facts"
    ]
    assert reading.data["uses"] == ["redis-reco"]
    assert reading.data["used_by"] == ["checkout", "gateway"]
    assert "same as -/service/Cart API: PagerDuty, its name with hyphens" in reading.observation


async def test_a_path_is_told_step_by_step() -> None:
    reading = await tools().graph_path("gateway", "auth-db")
    assert "gateway uses auth; auth uses auth-db" in reading.observation
    none = await tools().graph_path("notifications", "auth-db")
    assert none.data["chains"], "they meet at redis-reco"


async def test_nothing_unknown_is_answered() -> None:
    with pytest.raises(NotFound, match="nothing called “no-such-thing”"):
        await tools().graph_dependants("no-such-thing")


async def test_a_password_in_evidence_does_not_leave_the_graph() -> None:
    store = company()
    store.graph.relations[0] = store.graph.relations[0].model_copy(
        update={"evidence": "redis://user:hunter22@redis-reco:6379"}
    )
    reading = await tools(store).graph_why("cart", "redis-reco")
    assert "hunter22" not in reading.raw + reading.observation


async def test_of_several_paths_those_are_told_by_which_trouble_travels() -> None:
    store = company()
    store.graph.relations.append(says(key("gateway"), key("session")))
    reading = await tools(store).graph_path("gateway", "auth")
    assert [c["names"] for c in reading.data["chains"]] == [["gateway", "auth"]]
    aside = await tools(store).graph_path("gateway", "redis-reco")
    names = [c["names"] for c in aside.data["chains"]]
    assert names == [["gateway", "cart", "redis-reco"], ["gateway", "session", "redis-reco"]]
