"""The whole sandbox on one port, used by the vendors' own clients; and its command line."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import aiohttp
import kubernetes
import pdpyras
import pytest
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.v1.api.metrics_api import MetricsApi
from datadog_api_client.v1.api.monitors_api import MonitorsApi
from slack_sdk import WebClient
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.serving import NotLoopbackError, Running, loopback_socket, running


@pytest.fixture(scope="module")
def redis() -> Iterator[Running]:
    with running("redis-memory-pressure", alert_delay_seconds=0.2) as sandbox:
        yield sandbox


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def test_health_and_page(redis: Running) -> None:
    assert get(f"{redis.url}/healthz") == '{"status":"ok"}'
    assert "Sundial" in get(f"{redis.url}/")


def test_slack_knows_the_company(redis: Running) -> None:
    web = WebClient(token="xoxb-sandbox", base_url=f"{redis.url}/slack/api/")
    channels = {c["name"]: c["id"] for c in web.conversations_list(limit=200)["channels"]}
    assert channels["alerts"] == "C0ALERTS"
    history = web.conversations_history(channel="C0DISCOVERY")["messages"]
    assert any("both product suggestions and session management" in m["text"] for m in history)


def test_kubernetes_lists_the_running_backup(redis: Running) -> None:
    settings = kubernetes.client.Configuration(host=f"{redis.url}/k8s")
    settings.api_key = {"authorization": "Bearer sandbox-read"}
    with kubernetes.client.ApiClient(settings) as client:
        jobs = kubernetes.client.BatchV1Api(client).list_namespaced_job("production").items
        active = {j.metadata.owner_references[0].name for j in jobs if j.status.active}
        apps = kubernetes.client.AppsV1Api(client)
        replica_sets = apps.list_namespaced_replica_set(
            "production", label_selector="app.kubernetes.io/name=payments"
        ).items
    assert "redis-reco-backup" in active
    assert len(replica_sets) == 2


def test_datadog_shows_the_story(redis: Running) -> None:
    configuration = Configuration(host=f"{redis.url}/datadog")
    configuration.api_key = {"apiKeyAuth": "sandbox-api-key", "appKeyAuth": "sandbox-app-key"}
    with ApiClient(configuration) as client:
        now = int(time.time())
        query = "avg:redis.info.latency_ms{service:redis-reco,env:production}"
        series = MetricsApi(client).query_metrics(now - 600, now, query)["series"][0]
        monitor = MonitorsApi(client).get_monitor(1001)
    assert series["pointlist"][-1].value[1] == pytest.approx(2.3, abs=0.1)
    assert str(monitor["overall_state"]) == "Alert"


def test_pagerduty_knows_past_incidents(redis: Running) -> None:
    session = pdpyras.APISession("sandbox-pd-token")
    session.url = f"{redis.url}/pagerduty"
    titles = [i["title"] for i in session.iter_all("incidents", params={"date_range": "all"})]
    assert "Login failures: connection pool of auth exhausted" in titles


def test_no_api_tells_the_truth(redis: Running) -> None:
    headers = {"Authorization": "Bearer sandbox-read"}
    for path in ("/k8s/apis/batch/v1/cronjobs", "/k8s/api/v1/configmaps", "/k8s/api/v1/events"):
        request = urllib.request.Request(f"{redis.url}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read().decode()
        assert redis.sandbox.scenario.truth.cause not in text
        assert "acceptable" not in text


async def test_the_alert_comes_when_the_app_connects(redis: Running) -> None:
    titles: asyncio.Queue[str] = asyncio.Queue()

    async def listen(client: Any, request: SocketModeRequest) -> None:
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id))
        for attachment in request.payload.get("event", {}).get("attachments", []):
            titles.put_nowait(attachment["title"])

    web = AsyncWebClient(token="xoxb-sandbox", base_url=f"{redis.url}/slack/api/")
    client = SocketModeClient(app_token="xapp-sandbox", web_client=web)
    client.socket_mode_request_listeners.append(listen)
    await client.connect()
    try:
        title = await asyncio.wait_for(titles.get(), 30)
    finally:
        await client.close()
    assert title == "Triggered: [P3] Redis command latency is high on redis-reco"


def sandbox_process(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_stops_when_told_to_although_streams_are_open(number: signal.Signals) -> None:
    process = sandbox_process("--port", "0", "--scenario", "blip", "--no-alert")
    assert process.stdout is not None
    line = await asyncio.to_thread(process.stdout.readline)
    parts = dict(part.split("=", 1) for part in line.split() if "=" in part)
    assert line.startswith("sandbox ready")
    headers = {"Authorization": "Bearer sandbox-read"}
    try:
        async with aiohttp.ClientSession() as session:
            await session.get(f"{parts['page']}page/changes?user=U0ENGINEER")
            await session.get(f"{parts['k8s']}/api/v1/pods?watch=1", headers=headers)
            process.send_signal(number)
            assert await asyncio.to_thread(process.wait, 8) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait()


def test_it_lists_its_scenarios() -> None:
    output, _ = sandbox_process("--list").communicate(timeout=30)
    assert "blip: " in output
    assert "login-failure: " in output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", "0.0.0.0", "--port", "0"), "only listens on the loopback interface"),
        (("--scenario", "nothing", "--port", "0"), "there is no scenario 'nothing'"),
    ],
)
def test_it_says_why_it_does_not_start(arguments: tuple[str, ...], said: str) -> None:
    process = sandbox_process(*arguments)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert said in errors
    assert "Traceback" not in errors


def test_a_taken_port_is_said_plainly() -> None:
    with loopback_socket("127.0.0.1", 0) as taken:
        taken.listen()
        port = str(taken.getsockname()[1])
        process = sandbox_process("--port", port)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert f"cannot listen on port {port}" in errors


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_only_loopback_addresses_are_bound(host: str) -> None:
    with pytest.raises(NotLoopbackError):
        loopback_socket(host, 0)
