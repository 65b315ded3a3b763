"""The vendors' clients, tools, builders and fixes, for as many vendors as are configured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import structlog

from agent.errors import SrebotError
from agent.ports import ChangeRequests, Fixer, GraphBuilder, GraphWatcher, Indicators, OnCall, Pager
from bot.settings import KubernetesSettings, Settings

if TYPE_CHECKING:
    from integrations.kubernetes.client import KubernetesClient

_log = structlog.get_logger(__name__)


@dataclass
class Vendors:
    """What the configured vendors give."""

    toolsets: list[object] = field(default_factory=list)
    builders: list[GraphBuilder] = field(default_factory=list)
    watchers: list[GraphWatcher] = field(default_factory=list)
    indicators: Indicators | None = None
    fixer: Fixer | None = None
    requests: ChangeRequests | None = None
    pager: Pager | None = None
    on_call: OnCall | None = None


def connect(settings: Settings) -> Vendors:
    """Build the clients of the configured vendors; a vendor without a credential is left out, and said in the log."""
    found = Vendors()
    parts: tuple[tuple[str, Callable[[Settings, Vendors], bool]], ...] = (
        ("kubernetes", _kubernetes),
        ("github", _github),
        ("datadog", _datadog),
        ("pagerduty", _pagerduty),
    )
    for name, add in parts:
        if not add(settings, found):
            _log.warning("vendor_not_configured", vendor=name)
    return found


def kubernetes_client(
    settings: KubernetesSettings, *, write: bool = False
) -> KubernetesClient | None:
    """The client with the read or the write credential; None when there is no such credential."""
    from kubernetes.config import ConfigException

    from integrations.kubernetes.client import KubernetesClient, configure

    token = settings.write_token if write else settings.read_token
    context = settings.write_context if write else settings.context
    if token.get_secret_value() and not settings.api_url:
        name = "KUBERNETES_WRITE_TOKEN" if write else "KUBERNETES_READ_TOKEN"
        raise SrebotError(
            f"{name} is set without KUBERNETES_API_URL, and a kubeconfig brings its own credential: "
            "set the address as well, or name a context instead of the token."
        )
    if write and not (token.get_secret_value() or context):
        return None
    try:
        return KubernetesClient(
            configure(
                host=settings.api_url,
                token=token.get_secret_value(),
                certificate_authority=settings.ca_file,
                context=context,
            )
        )
    except ConfigException:
        return None


def _kubernetes(settings: Settings, found: Vendors) -> bool:
    client = kubernetes_client(settings.kubernetes)
    if client is None:
        return False
    from integrations.kubernetes.fixes import KubernetesFixer
    from integrations.kubernetes.graph import KubernetesGraph
    from integrations.kubernetes.tools import KubernetesTools
    from integrations.kubernetes.watch import KubernetesWatch

    found.toolsets.append(KubernetesTools(client))
    found.builders.append(KubernetesGraph(client, settings.kubernetes.namespaces))
    if settings.knowledge.watch_kubernetes:
        found.watchers.append(KubernetesWatch(client, settings.kubernetes.namespaces))
    if (writer := kubernetes_client(settings.kubernetes, write=True)) is not None:
        found.fixer = KubernetesFixer(writer, settings.kubernetes.namespaces)
    return True


def _github(settings: Settings, found: Vendors) -> bool:
    """After the cluster's, whose fixer tries each change before it is put up."""
    given = settings.github
    cluster = kubernetes_client(settings.kubernetes)
    if not (given.token.get_secret_value() and given.repository) or cluster is None:
        return False
    from integrations.github.client import GithubClient
    from integrations.github.cluster import LiveObjects
    from integrations.github.requests import GithubRequests

    client = GithubClient(
        given.token.get_secret_value(), given.repository, given.api_url, given.base_branch
    )
    found.requests = GithubRequests(
        client,
        LiveObjects(cluster),
        found.fixer,
        partial(_record_of, settings.bot.public_url),
        settings.kubernetes.namespaces,
    )
    return True


def _record_of(pages: str, investigation: int) -> str:
    """Where people read the record; empty where the pages are not for others."""
    return f"{pages.rstrip('/')}/investigations/{investigation}" if pages else ""


def _datadog(settings: Settings, found: Vendors) -> bool:
    keys = settings.datadog
    if not (keys.api_key.get_secret_value() and keys.app_key.get_secret_value()):
        return False
    from integrations.datadog.client import DatadogClient
    from integrations.datadog.graph import DatadogGraph
    from integrations.datadog.indicators import DatadogIndicators
    from integrations.datadog.ranking import DatadogRanking
    from integrations.datadog.tools import DatadogTools

    client = DatadogClient(
        keys.api_key.get_secret_value(),
        keys.app_key.get_secret_value(),
        site=keys.site,
        host=keys.api_url,
    )
    found.toolsets += [DatadogTools(client), DatadogRanking(client)]
    found.builders.append(DatadogGraph(client, settings.kubernetes.namespaces))
    found.indicators = DatadogIndicators(client)
    return True


def _pagerduty(settings: Settings, found: Vendors) -> bool:
    given = settings.pagerduty
    if not given.token.get_secret_value():
        return False
    from integrations.pagerduty.client import PagerDutyClient
    from integrations.pagerduty.graph import PagerDutyGraph
    from integrations.pagerduty.oncall import PagerDutyOnCall
    from integrations.pagerduty.pager import PagerDutyPager
    from integrations.pagerduty.tools import PagerDutyTools

    client = PagerDutyClient(
        given.token.get_secret_value(),
        sender=given.from_email,
        url=given.api_url,
        events_url=given.events_url,
        routing_keys={name: key.get_secret_value() for name, key in given.routing_keys.items()},
    )
    found.toolsets.append(PagerDutyTools(client))
    found.builders.append(PagerDutyGraph(client))
    found.on_call = PagerDutyOnCall(client)
    if given.from_email or given.routing_keys:
        found.pager = PagerDutyPager(client)
    return True
