"""The doctor against the sandbox's vendors and a real database: with good credentials and with wrong ones."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr
from rich.console import Console

from bot import doctor, probes
from bot.settings import (
    BotSettings,
    DatabaseSettings,
    DatadogSettings,
    KubernetesSettings,
    ModelSettings,
    PagerDutySettings,
    Settings,
    SlackSettings,
)
from integrations.probes import Probe
from sandbox.serving import running
from tests.openai_server import KEY, MODEL, OpenAiServer


@pytest.fixture(scope="module")
def company() -> Iterator[str]:
    with running("blip", posts_alerts=False) as sandbox:
        yield sandbox.url


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No .env file and no kubeconfig of this machine takes part."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))


def settings(url: str, database_url: str, **changes: Any) -> Settings:
    given: dict[str, Any] = {
        "slack": slack(url),
        "model": ModelSettings(api_key=SecretStr("")),
        "kubernetes": kubernetes(url),
        "datadog": DatadogSettings(
            api_key=SecretStr("sandbox-api-key"),
            app_key=SecretStr("sandbox-app-key"),
            api_url=f"{url}/datadog",
        ),
        "pagerduty": PagerDutySettings(
            token=SecretStr("sandbox-pd-token"), api_url=f"{url}/pagerduty"
        ),
        "bot": BotSettings(),
        "database": DatabaseSettings(url=SecretStr(database_url)),
    }
    return Settings(**(given | changes))


def slack(url: str, **changes: Any) -> SlackSettings:
    given = {
        "bot_token": SecretStr("xoxb-sandbox"),
        "app_token": SecretStr("xapp-sandbox"),
        "api_url": f"{url}/slack/api/",
        "alert_channels": ("alerts",),
    }
    return SlackSettings(**(given | changes))


def kubernetes(url: str, **changes: Any) -> KubernetesSettings:
    given = {
        "api_url": f"{url}/k8s",
        "read_token": SecretStr("sandbox-read"),
        "write_token": SecretStr("sandbox-write"),
        "namespaces": ("production",),
    }
    return KubernetesSettings(**(given | changes))


def failed(found: list[Probe]) -> list[str]:
    return [probe.name for probe in found if not probe.ok]


def named(found: list[Probe], name: str) -> Probe:
    return next(probe for probe in found if probe.name == name)


class TestEverything:
    async def test_good_credentials_pass(self, company: str, database_url: str) -> None:
        found = await doctor.examine(settings(company, database_url))
        assert [p for p in found if not p.ok] == []
        assert doctor.exit_code(found) == 0
        vendors = {probe.name.split()[0] for probe in found}
        assert {"database", "slack", "model", "kubernetes", "datadog", "pagerduty"} <= vendors

    async def test_wrong_credentials_fail_each_with_what_to_do(
        self, company: str, database_url: str
    ) -> None:
        wrong = SecretStr("a-wrong-credential-nobody-may-see")
        unreachable = SecretStr("postgresql://u:wrong-password@127.0.0.1:1/srebot")
        found = await doctor.examine(
            settings(
                company,
                database_url,
                slack=slack(company, bot_token=wrong),
                kubernetes=kubernetes(company, read_token=wrong, write_token=wrong),
                datadog=DatadogSettings(api_key=wrong, app_key=wrong, api_url=f"{company}/datadog"),
                pagerduty=PagerDutySettings(token=wrong, api_url=f"{company}/pagerduty"),
                database=DatabaseSettings(url=unreachable),
            )
        )
        assert {name.split()[0] for name in failed(list(found))} == {
            "database",
            "slack",
            "kubernetes",
            "datadog",
            "pagerduty",
        }
        assert all(probe.remedy for probe in found if not probe.ok)
        assert doctor.exit_code(found) == 1
        text = io.StringIO()
        doctor.show(found, Console(file=text, width=160))
        assert "nobody-may-see" not in text.getvalue()
        assert "wrong-password" not in text.getvalue()

    async def test_nothing_configured_names_what_is_missing(
        self, database_url: str, company: str
    ) -> None:
        found = await doctor.examine(
            settings(
                company,
                database_url,
                slack=SlackSettings(bot_token=SecretStr("")),
                kubernetes=KubernetesSettings(),
                datadog=DatadogSettings(),
                pagerduty=PagerDutySettings(),
            )
        )
        assert failed(list(found)) == ["slack token", "sources"]


class TestDatabase:
    async def test_an_empty_one_is_brought_up_when_srebot_starts(
        self, empty_database_url: str
    ) -> None:
        (found,) = await probes.database(settings("http://x", empty_database_url))
        assert found.ok and "when srebot starts" in found.detail

    async def test_the_embedded_one_is_tried(self, tmp_path: Path) -> None:
        bot = BotSettings(
            data_folder=Path("/tmp") / f"srebot-{tmp_path.parent.name}-{tmp_path.name}"
        )
        (found,) = await probes.database(settings("http://x", "", bot=bot))
        assert found.ok and found.detail.startswith("embedded")


class TestSlack:
    async def test_an_unknown_channel_and_one_without_the_bot(self, company: str) -> None:
        found = await probes.slack(slack(company, alert_channels=("#nowhere", "alerts")))
        assert failed(found) == ["slack alert channel nowhere"]

    async def test_a_wrong_app_token(self, company: str) -> None:
        found = await probes.slack(slack(company, app_token=SecretStr("xapp-wrong")))
        assert failed(found) == ["slack events"]
        assert "connections:write" in named(found, "slack events").remedy

    async def test_http_mode_needs_the_signing_secret(self, company: str) -> None:
        http = slack(company, app_token=SecretStr(""), signing_secret=SecretStr("s3cret"))
        assert failed(await probes.slack(http)) == []
        neither = slack(company, app_token=SecretStr(""), signing_secret=SecretStr(""))
        assert failed(await probes.slack(neither)) == ["slack events"]


class TestKubernetes:
    async def test_a_read_credential_that_can_write_is_a_warning(self, company: str) -> None:
        found = await probes.kubernetes(kubernetes(company, read_token=SecretStr("sandbox-write")))
        assert named(found, "kubernetes read-only").warning
        assert failed(found) == []

    async def test_a_write_credential_that_cannot_write_fails(self, company: str) -> None:
        weak = kubernetes(company, write_token=SecretStr("sandbox-read"))
        found = await probes.kubernetes_writes(weak)
        assert "kubernetes patch deployments in production" in failed(found)
        assert named(found, "kubernetes write credential").warning  # it is the read credential

    async def test_no_write_credential_is_fine(self, company: str) -> None:
        (found,) = await probes.kubernetes_writes(kubernetes(company, write_token=SecretStr("")))
        assert found.ok and not found.warning


class TestDatadog:
    async def test_one_key_of_two_is_not_enough(self) -> None:
        (found,) = await probes.datadog(DatadogSettings(api_key=SecretStr("key-without-app")))
        assert not found.ok and "DD_APP_KEY" in found.remedy


class TestModel:
    def settings(self, url: str, key: str = KEY) -> ModelSettings:
        return ModelSettings(api_key=SecretStr(key), base_url=url, model=MODEL)

    async def test_an_endpoint_without_a_list_is_asked_for_a_word(self) -> None:
        async with OpenAiServer() as server:
            server.say(content="ok")
            (found,) = await probes.model(self.settings(server.url))
        assert found.ok and found.detail == f"{MODEL} answers"

    async def test_a_refused_key_is_not_shown(self) -> None:
        async with OpenAiServer() as server:
            (found,) = await probes.model(self.settings(server.url, "sk-wrong-wrong-wrong-wrong"))
        assert not found.ok and "OPENAI_API_KEY" in found.remedy
        assert "sk-wrong" not in found.detail

    async def test_a_model_that_the_endpoint_does_not_list_is_a_warning(self) -> None:
        async def listed(_: web.Request) -> web.Response:
            return web.json_response(
                {"object": "list", "data": [{"id": "other", "object": "model"}]}
            )

        app = web.Application()
        app.router.add_get("/v1/models", listed)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        try:
            (found,) = await probes.model(self.settings(f"http://{host}:{port}/v1"))
        finally:
            await runner.cleanup()
        assert found.ok and found.warning and "other" in found.remedy


async def test_a_connection_that_hangs_ends_in_time(
    company: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "EACH_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        model = ModelSettings(api_key=SecretStr(KEY), base_url=url)
        found = await doctor._bounded("model", probes.model(model))
    assert failed(found) == ["model"] and "within 1 s" in found[0].detail
