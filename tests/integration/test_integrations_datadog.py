"""The Datadog integration over the wire, against the sandbox's API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

import integrations.text
from agent.errors import AccessDenied, NotFound
from integrations.calls import Rejected
from integrations.datadog.client import DatadogClient
from integrations.datadog.graph import DatadogGraph
from integrations.datadog.probe import probe
from integrations.datadog.tools import DatadogTools
from sandbox.datadog.api import create_app
from tests.unit.sandbox.datadog.fake_world import NOW, FakeWorld
from tests.unit.sandbox.datadog.serving import served


@pytest.fixture(autouse=True)
def present(monkeypatch: pytest.MonkeyPatch) -> None:
    def now() -> datetime:
        return NOW

    monkeypatch.setattr(integrations.text, "utc_now", now)


@pytest.fixture
def url() -> Iterator[str]:
    with served("/datadog", create_app(FakeWorld())) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[DatadogClient]:
    client = DatadogClient("sandbox-api-key", "sandbox-app-key", host=url, site="datadoghq.eu")
    yield client
    client.close()


@pytest.fixture
def tools(client: DatadogClient) -> DatadogTools:
    return DatadogTools(client)


async def test_a_metric_is_described_and_its_points_are_kept(tools: DatadogTools) -> None:
    reading = await tools.datadog_metrics("avg:redis.mem.used{*}")
    (described,) = reading.data["series"]
    assert (described["metric"], described["unit"], described["last"]) == (
        "redis.mem.used",
        "bytes",
        1024.0,
    )
    assert described["change"] is None
    assert len(reading.series[0].points) == described["points_count"] > 16
    assert reading.link.startswith("https://app.datadoghq.eu/metric/explorer?exp_query=avg")


async def test_a_jump_is_dated(tools: DatadogTools) -> None:
    reading = await tools.datadog_metrics("avg:clock{*}")
    assert reading.data["series"][0]["change"]["at"] == "2026-11-24T00:00:00Z"
    assert "jumped at 00:00" in reading.observation


async def test_a_query_that_datadog_does_not_understand_says_why(tools: DatadogTools) -> None:
    with pytest.raises(Rejected, match="unable to parse"):
        await tools.datadog_metrics("avg:clock{")


async def test_a_metric_without_data_says_so(tools: DatadogTools) -> None:
    reading = await tools.datadog_metrics("avg:no.such.metric{*}")
    assert reading.data["series"] == []
    assert reading.observation.startswith("no data for avg:no.such.metric{*}")


async def test_logs_come_as_templates_with_counts(tools: DatadogTools) -> None:
    reading = await tools.datadog_logs("service:cart")
    assert [(t["template"], t["count"], t["level"]) for t in reading.data["templates"]] == [
        ("request <n> ended: connection pool timeout", 3, "error"),
        ("request <n> ended", 12, "info"),
    ]
    assert reading.data["total"] == 15


async def test_spans_are_attributed(tools: DatadogTools) -> None:
    reading = await tools.datadog_spans("cart")
    operation = reading.data["operations"][0]
    assert (operation["service"], operation["resource"], operation["count"]) == (
        "cart",
        "GET /cart",
        6,
    )


async def test_monitors_in_trouble_come_first(tools: DatadogTools) -> None:
    states = [m["state"] for m in (await tools.datadog_monitors()).data["monitors"]]
    assert states == sorted(states, key=["Alert", "Warn", "No Data", "OK"].index)
    only = await tools.datadog_monitors(state="warn")
    assert [m["name"] for m in only.data["monitors"]] == ["Monitor 2"]


async def test_events_dependencies_and_definitions(tools: DatadogTools) -> None:
    assert (await tools.datadog_events()).data["events"][0]["title"] == "Deploy cart 1.2"
    dependencies = await tools.datadog_dependencies("cart")
    assert dependencies.data == {"calls": ["auth", "redis"], "called_by": []}
    assert (await tools.datadog_service("cart")).data["team"] == "payments"
    with pytest.raises(NotFound):
        await tools.datadog_service("nope")


async def test_a_key_without_permission_names_the_permission(url: str) -> None:
    client = DatadogClient("sandbox-api-key", "wrong", host=url)
    with pytest.raises(AccessDenied, match="grant the permission logs_read_data"):
        await DatadogTools(client).datadog_logs("*")
    probes = {p.name: p.ok for p in await probe(client)}
    assert probes.pop("datadog api key")
    assert not any(probes.values())
    client.close()


async def test_the_graph_has_owners_and_calls(client: DatadogClient) -> None:
    seen = await DatadogGraph(client).build()
    cart = next(e for e in seen.entities if e.key == "production/service/cart")
    assert (cart.properties["team"], cart.properties["tier"]) == ("payments", "1")
    ties = {(r.source, r.kind, r.target) for r in seen.relations}
    assert ("-/team/payments", "owns", "production/service/cart") in ties
    assert ("production/service/cart", "depends_on", "production/service/redis") in ties
    assert all(r.evidence.startswith("https://app.datadoghq.eu/") for r in seen.relations)


async def test_what_the_keys_may_not_see_is_said_to_be_unseen(url: str) -> None:
    client = DatadogClient("sandbox-api-key", "wrong", host=url)
    with pytest.raises(AccessDenied, match="check the keys"):
        await DatadogGraph(client).build()
    client.close()
