"""One probe per connection: each says how it stands and, where it does not work, what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from importlib import resources
from typing import Any

from agent.model import Json
from agent.redaction import redact
from bot.settings import (
    DatadogSettings,
    GithubSettings,
    KnowledgeSettings,
    KubernetesSettings,
    ModelSettings,
    PagerDutySettings,
    Settings,
    SlackSettings,
)
from integrations.probes import Probe

_CALL_SECONDS = 8
_MANIFEST = "install the app from bot/slack/manifest.yaml (docs/connecting.md)"


async def database(settings: Settings) -> list[Probe]:
    """It can be reached (or, embedded, started), and how its schema stands."""
    from sqlalchemy.exc import SQLAlchemyError

    from agent.errors import SrebotError

    try:
        detail = await asyncio.to_thread(_database_state, settings)
    except (SQLAlchemyError, SrebotError) as error:
        remedy = "check that PostgreSQL runs and that DATABASE_URL is right, or leave it empty"
        cause = getattr(error, "orig", None) or error
        return [_failed("database", first_line(cause), remedy)]
    return [_fine("database", detail)]


def _database_state(settings: Settings) -> str:
    from agent.store import migrate
    from agent.store.engine import normalise
    from bot.runtime import reachable

    with reachable(settings.database, settings.bot) as url:
        current, newest = migrate.status(url)
        place = normalise(url)
    configured = settings.database.url.get_secret_value()
    where = f"{place.host or 'local'}/{place.database}" if configured else "embedded"
    if current == newest:
        return f"{where}, schema {current}"
    return f"{where}, schema {current or 'empty'}: brought to {newest} when srebot starts"


async def slack(settings: SlackSettings) -> list[Probe]:
    """The bot token and its scopes, the way that events come in, and the alert channels."""
    import aiohttp
    from slack_sdk.errors import SlackApiError
    from slack_sdk.web.async_client import AsyncWebClient

    token = settings.bot_token.get_secret_value()
    if not token:
        return [_failed("slack token", "not set", f"{_MANIFEST} and set SLACK_BOT_TOKEN")]
    web = AsyncWebClient(token, base_url=settings.api_url, timeout=_CALL_SECONDS)
    try:
        me = await web.auth_test()
    except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
        remedy = f"{_MANIFEST} and set its SLACK_BOT_TOKEN (xoxb-...)"
        return [_failed("slack token", _slack_reason(error), remedy)]
    headers = {str(k).lower(): str(v) for k, v in me.headers.items()}
    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")}
    events, channels = await asyncio.gather(
        _slack_events(web, settings), _slack_channels(web, settings.alert_channels)
    )
    named = _fine("slack token", f"{me.get('user')} in {me.get('team')}")
    return [named, *_slack_scopes(granted), events, *channels]


def _slack_scopes(granted: set[str]) -> Iterable[Probe]:
    import yaml

    manifest = yaml.safe_load((resources.files("bot.slack") / "manifest.yaml").read_text())
    for scope in manifest["oauth_config"]["scopes"]["bot"]:
        if scope in granted:
            yield _fine(f"slack {scope}", "granted")
        else:
            remedy = f"add the bot scope {scope} to the app and install it again"
            yield _failed(f"slack {scope}", "missing", remedy)


async def _slack_events(web: Any, settings: SlackSettings) -> Probe:
    """Socket Mode's token can open a connection (none is made), or HTTP mode has its secret."""
    import aiohttp
    from slack_sdk.errors import SlackApiError

    token = settings.app_token.get_secret_value()
    if not token and settings.signing_secret.get_secret_value():
        return _fine("slack events", "over HTTP, checked by the signing secret")
    if not token:
        remedy = "set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for HTTP"
        return _failed("slack events", "no way for events to come in", remedy)
    try:
        await web.apps_connections_open(app_token=token)
    except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
        remedy = "set SLACK_APP_TOKEN (xapp-...) to an app-level token with connections:write, and switch Socket Mode on"
        return _failed("slack events", _slack_reason(error), remedy)
    return _fine("slack events", "Socket Mode")


async def _slack_channels(web: Any, wanted: Iterable[str]) -> list[Probe]:
    from agent.errors import ToolError
    from integrations.slack_history import call

    known: dict[str, Json] = {}
    cursor = ""
    try:
        while True:
            page = await call(
                web,
                "conversations.list",
                types="public_channel,private_channel",
                exclude_archived="true",
                limit=1000,
                cursor=cursor,
            )
            for channel in page.get("channels", []):
                known |= {str(channel.get("name")): channel, str(channel["id"]): channel}
            cursor = page.get("response_metadata", {}).get("next_cursor") or ""
            if not cursor:
                break
    except ToolError as error:
        return [_failed("slack channels", first_line(error), "grant channels:read to the app")]
    return [_slack_channel(name.lstrip("#"), known) for name in wanted]


def _slack_channel(name: str, known: dict[str, Json]) -> Probe:
    title = f"slack alert channel {name}"
    if name not in known:
        remedy = "correct SLACK_ALERT_CHANNELS, or invite the bot if the channel is private"
        return _failed(title, "there is no such channel that the bot can see", remedy)
    if known[name].get("is_member"):
        return _fine(title, "the bot is in it")
    if known[name].get("is_private"):
        return _failed(title, "the bot is not in it", f"type /invite @srebot in #{name}")
    return _fine(title, "public: the bot joins it when it starts")


def _slack_reason(error: Exception) -> str:
    from slack_sdk.errors import SlackApiError

    if isinstance(error, SlackApiError):
        return f"Slack says {error.response.get('error')}"
    return f"Slack cannot be reached ({type(error).__name__})"


async def model(settings: ModelSettings) -> list[Probe]:
    """The endpoint knows the model; an endpoint that lists none is asked for a short completion."""
    import openai

    key = settings.api_key.get_secret_value()
    if not key:
        return [_fine("model", "not configured: the rules reasoner does all the thinking")]
    client = openai.AsyncOpenAI(
        api_key=key, base_url=settings.base_url, timeout=_CALL_SECONDS, max_retries=0
    )
    try:
        async with client:
            return [await _model_known(client, settings)]
    except openai.AuthenticationError:
        return [_failed("model", "the key is refused", "set OPENAI_API_KEY to a valid key")]
    except openai.OpenAIError as error:
        remedy = "check OPENAI_BASE_URL and OPENAI_MODEL; until then the rules reasoner works"
        return [_failed("model", first_line(error), remedy)]


async def _model_known(client: Any, settings: ModelSettings) -> Probe:
    import openai

    try:
        names = {listed.id async for listed in client.models.list()}
    except openai.NotFoundError:
        messages = [{"role": "user", "content": "Answer with the one word: ok"}]
        await client.chat.completions.create(model=settings.model, messages=messages)
        return _fine("model", f"{settings.model} answers")
    if settings.model in names:
        return _fine("model", f"{settings.model} is there")
    detail = f"the endpoint does not list {settings.model}"
    return _warned("model", detail, f"set OPENAI_MODEL to one of: {', '.join(sorted(names)[:8])}")


async def kubernetes(settings: KubernetesSettings) -> list[Probe]:
    """The read credential may read all that is needed, and no more."""
    from bot.vendors import kubernetes_client
    from integrations.kubernetes.probe import probe

    client = kubernetes_client(settings)
    if client is None:
        remedy = "set KUBERNETES_API_URL and KUBERNETES_READ_TOKEN, or KUBECONFIG"
        return [_warned("kubernetes", "not configured: srebot is blind to the cluster", remedy)]
    found = await probe(client)
    if not found[0].ok:
        return found
    verbs = [verb for verb in ("get", "list") if await client.may(verb, "Secret")]
    if verbs:
        detail = (
            f"the read credential may {' and '.join(verbs)} Secrets, so it can read their values"
        )
        remedy = "take secrets out of its role (deploy/kubernetes/read.yaml)"
        found.append(_warned("kubernetes secrets", detail, remedy))
    return found


async def kubernetes_writes(settings: KubernetesSettings) -> list[Probe]:
    """The write credential is another one, and may do what fixes need."""
    from bot.vendors import kubernetes_client
    from integrations.kubernetes.probe import probe_writes

    client = kubernetes_client(settings, write=True)
    if client is None:
        return [_fine("kubernetes write credential", "none: srebot proposes and cannot apply")]
    found = await asyncio.gather(*(probe_writes(client, n) for n in settings.namespaces))
    probes = [probe for part in found for probe in part]
    read, write = settings.read_token.get_secret_value(), settings.write_token.get_secret_value()
    same_context = settings.write_context and settings.write_context == settings.context
    if (write and write == read) or same_context:
        detail = "the read credential and the write credential are the same"
        remedy = "give reading a credential that cannot write (deploy/kubernetes/read.yaml)"
        probes.append(_warned("kubernetes write credential", detail, remedy))
    return probes


async def datadog(settings: DatadogSettings) -> list[Probe]:
    """The keys are valid and see what is needed."""
    keys = settings.api_key.get_secret_value(), settings.app_key.get_secret_value()
    if not any(keys):
        remedy = "set DD_API_KEY and DD_APP_KEY"
        detail = "not configured: srebot sees no metrics, logs or traces"
        return [_warned("datadog", detail, remedy)]
    if not all(keys):
        missing = "DD_APP_KEY" if keys[0] else "DD_API_KEY"
        return [_failed("datadog", f"{missing} is missing", f"set {missing}: both are needed")]
    from integrations.datadog.client import DatadogClient
    from integrations.datadog.probe import probe

    return await probe(DatadogClient(*keys, site=settings.site, host=settings.api_url))


async def pagerduty(settings: PagerDutySettings) -> list[Probe]:
    """The token is valid and sees what is needed."""
    token = settings.token.get_secret_value()
    if not token:
        detail = "not configured: srebot sees no incidents and nobody on call"
        return [_warned("pagerduty", detail, "set PAGERDUTY_TOKEN")]
    from integrations.pagerduty.client import PagerDutyClient
    from integrations.pagerduty.probe import probe

    return await probe(PagerDutyClient(token, url=settings.api_url, events_url=settings.events_url))


async def github(settings: GithubSettings) -> list[Probe]:
    """The token may put up pull requests on the GitOps repository."""
    token = settings.token.get_secret_value()
    if not token and not settings.repository:
        return []
    if not (token and settings.repository):
        missing = "GITHUB_REPOSITORY" if token else "GITHUB_TOKEN"
        return [_failed("github", f"{missing} is missing", f"set {missing}: both are needed")]
    from integrations.github.client import GithubClient
    from integrations.github.probe import probe

    branch = settings.base_branch
    return await probe(GithubClient(token, settings.repository, settings.api_url, branch))


async def repositories(settings: KnowledgeSettings) -> list[Probe]:
    """Each repository can be read."""
    if not settings.repositories:
        return []
    from integrations.repository.probe import probe

    return await probe(settings.repositories, settings.repository_token.get_secret_value())


async def sources(settings: Settings) -> list[Probe]:
    """There is something to look at."""
    from bot.vendors import kubernetes_client

    has_cluster = kubernetes_client(settings.kubernetes) is not None
    if has_cluster or settings.datadog.api_key.get_secret_value():
        return []
    remedy = "connect Kubernetes or Datadog (docs/connecting.md)"
    return [_failed("sources", "there is nothing that srebot could look at", remedy)]


def first_line(error: Exception) -> str:
    """An exception's message in one line, without secrets."""
    lines = redact(str(error)).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:300]


def _fine(name: str, detail: str) -> Probe:
    return Probe(name=name, ok=True, detail=detail)


def _warned(name: str, detail: str, remedy: str) -> Probe:
    return Probe(name=name, ok=True, warning=True, detail=detail, remedy=remedy)


def _failed(name: str, detail: str, remedy: str) -> Probe:
    return Probe(name=name, ok=False, detail=detail, remedy=remedy)
