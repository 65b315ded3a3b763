"""The ranking tools over the wire, on the sandbox's two stories."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.errors import NotFound
from integrations.datadog.client import DatadogClient
from integrations.datadog.ranking import DatadogRanking
from sandbox.serving import running


def tools(url: str) -> Iterator[DatadogRanking]:
    client = DatadogClient("sandbox-api-key", "sandbox-app-key", host=f"{url}/datadog")
    yield DatadogRanking(client)
    client.close()


@pytest.fixture(scope="module")
def login() -> Iterator[DatadogRanking]:
    with running("login-failure") as sandbox:
        yield from tools(sandbox.url)


async def test_the_database_behind_the_failing_login_is_ranked_first(login: DatadogRanking) -> None:
    reading = await login.datadog_rank_causes("auth")
    causes = reading.data["causes"]
    assert causes[0]["entity"] == "auth-db"
    assert causes[0]["score"] > 2
    assert {"auth", "auth-db"} <= {c["entity"] for c in causes}
    assert reading.data["traces_compared"]
    assert len(reading.observation) <= 2_500


async def test_the_database_moves_before_the_login(login: DatadogRanking) -> None:
    reading = await login.datadog_onsets("auth")
    names = [o["name"] for o in reading.data["onsets"]]
    assert names.index("auth-db connections") < names.index("auth availability")
    assert any(name.startswith("auth-db") for name in reading.data["first"])


async def test_the_hour_is_set_against_earlier_days(login: DatadogRanking) -> None:
    query = "avg:trace.http.request.duration.by.service.95p{env:production} by {service}"
    reading = await login.datadog_same_hour(query)
    unusual = {s["tags"]["service"] for s in reading.data["series"] if s["unusual"]}
    assert "auth" in unusual
    assert "orders" not in unusual


async def test_a_service_that_nobody_knows_is_not_found(login: DatadogRanking) -> None:
    with pytest.raises(NotFound, match="nosuch"):
        await login.datadog_rank_causes("nosuch")
