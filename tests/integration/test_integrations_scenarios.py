"""What the integrations see of the sandbox's two stories: the facts that a diagnosis stands on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from agent.model import Change, Entity, Json, Proposal
from integrations.datadog.client import DatadogClient
from integrations.datadog.tools import DatadogTools
from integrations.kubernetes.client import KubernetesClient, configure
from integrations.kubernetes.fixes import KubernetesFixer
from integrations.kubernetes.graph import KubernetesGraph
from integrations.kubernetes.tools import KubernetesTools
from sandbox.serving import running


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    with running("redis-memory-pressure") as sandbox:
        yield sandbox.url


@pytest.fixture(scope="module")
def login() -> Iterator[str]:
    with running("login-failure") as sandbox:
        yield sandbox.url


def kubernetes(url: str, token: str = "sandbox-read") -> KubernetesClient:
    return KubernetesClient(configure(host=f"{url}/k8s", token=token))


def datadog(url: str) -> DatadogTools:
    return DatadogTools(DatadogClient("sandbox-api-key", "sandbox-app-key", host=f"{url}/datadog"))


async def described(url: str, query: str, minutes: float = 720) -> Json:
    (series,) = (await datadog(url).datadog_metrics(query, minutes)).data["series"]
    found: Json = series
    return found


def hours_ago(text: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds() / 3600


class TestRedis:
    async def test_its_memory_and_latency_move_since_the_backup_began(self, redis: str) -> None:
        jobs = (await KubernetesTools(kubernetes(redis)).kubernetes_jobs("production")).data
        backup = next(c for c in jobs["cron_jobs"] if c["name"] == "redis-reco-backup")
        assert "redis-reco.production.svc" in backup["targets"]
        (active,) = backup["active"]
        for metric in ("redis.mem.used", "redis.info.latency_ms", "redis.mem.fragmentation_ratio"):
            series = await described(redis, f"avg:{metric}{{service:redis-reco,env:production}}")
            assert series["change"]["gradual"]
            onset = hours_ago(series["change"]["at"])
            assert onset == pytest.approx(hours_ago(active["started_at"]), abs=0.4)

    async def test_the_queue_of_cart_grows_by_15_percent_an_hour(self, redis: str) -> None:
        query = "sum:rabbitmq.queue.messages{service:cart,env:production}"
        assert (await described(redis, query))["per_hour_ratio"] == pytest.approx(0.15, abs=0.03)

    async def test_a_falling_load_is_no_change(self, redis: str) -> None:
        query = "sum:trace.http.request.hits{service:session,env:production}.as_rate()"
        assert (await described(redis, query))["change"] is None

    async def test_the_graph_knows_who_leans_on_it(self, redis: str) -> None:
        relations = (await KubernetesGraph(kubernetes(redis)).build()).relations
        leaning = {
            r.source
            for r in relations
            if r.kind == "depends_on" and r.target == "production/service/redis-reco"
        }
        assert leaning == {
            "production/service/cart",
            "production/service/recommendation",
            "production/service/session",
            "production/cronjob/redis-reco-backup",
        }

    async def test_suspending_the_backup_stops_its_run(self, redis: str) -> None:
        fixer = KubernetesFixer(kubernetes(redis, "sandbox-write"))
        target = Entity(name="redis-reco-backup", kind="cronjob", namespace="production")
        wanted = Change.model_validate({"kind": "suspend_job", "target": target})
        plan = await fixer.plan(wanted)
        now = datetime.now(UTC)
        proposal = Proposal(
            id=uuid4(),
            investigation=1,
            change=wanted,
            plan=plan,
            environment="production",
            policy_version="1",
            created_at=now,
            expires_at=now + timedelta(hours=1),
        )
        await fixer.apply(proposal)
        tools = KubernetesTools(kubernetes(redis))
        after = (await tools.kubernetes_workload("production", "redis-reco-backup")).data
        assert after["suspended"]
        assert after["active_jobs"] == []


class TestLogin:
    async def test_the_pool_runs_full_and_requests_wait(self, login: str) -> None:
        query = "avg:hikaricp.connections.active{service:auth,env:production}"
        pool = await described(login, query)
        assert pool["last"] == pytest.approx(95, abs=1)
        assert pool["change"]["after"] <= pool["maximum"]
        waiting = await described(login, query.replace("active", "pending"))
        assert waiting["baseline"] == 0 and waiting["last"] > 1

    async def test_queries_take_five_times_as_long(self, login: str) -> None:
        query = "avg:postgresql.queries.time{service:auth-db,env:production}"
        change = (await described(login, query))["change"]
        assert change["ratio"] == pytest.approx(5, abs=0.5)

    async def test_nothing_of_auth_was_rolled_out(self, login: str) -> None:
        tools = KubernetesTools(kubernetes(login))
        assert (await tools.kubernetes_rollouts("production", "auth")).data["rollouts"] == []

    async def test_the_logs_name_the_pool(self, login: str) -> None:
        logs = (await datadog(login).datadog_logs("service:auth env:production")).data
        first = logs["templates"][0]
        assert first["level"] == "error" and first["is_new"]
        assert "Connection is not available, request timed out" in first["template"]
