"""What a reasoner may ask the cluster about the ways between workloads, and about what scales and protects them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import Field

from agent.errors import AccessDenied, NotFound
from agent.model import Json, Reading
from agent.tools import tool
from integrations.kubernetes import connectivity_text as text
from integrations.kubernetes import objects
from integrations.kubernetes.certificates import certificate_data, ingress_data
from integrations.kubernetes.client import KubernetesClient
from integrations.kubernetes.history import last_write
from integrations.kubernetes.lines import event_data
from integrations.kubernetes.masked import safe
from integrations.kubernetes.policies import policy_data
from integrations.kubernetes.resources import WORKLOADS
from integrations.kubernetes.selectors import selects
from integrations.kubernetes.services import service_data
from integrations.text import iso, lines, parse_time, raw, window_of

Namespace = Annotated[str, Field(description="Kubernetes namespace, such as production")]
_NAMESPACE_NAME = "kubernetes.io/metadata.name"
_AROUND = ("EndpointSlice", "NetworkPolicy", "Ingress", "Certificate")
_SCALED = ("Deployment", "StatefulSet", "DaemonSet")


class KubernetesConnectivity:
    """Read tools on Services, policies, certificates, autoscalers and disruption budgets."""

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client

    @tool("kubernetes", cost_seconds=0.6)
    async def kubernetes_network(
        self,
        namespace: Namespace,
        service: Annotated[str, Field(description="a Service or workload; empty: all")] = "",
    ) -> Reading:
        """Services with selector, ports and ready endpoints, what NetworkPolicies admit, TLS certificates' expiry;
        those in trouble first."""
        unseen: set[str] = set()
        (services, workloads, labels), around = await asyncio.gather(
            asyncio.gather(
                self._client.list("Service", namespace),
                self._client.list_all(WORKLOADS, namespace),
                self._labels_of(namespace),
            ),
            asyncio.gather(*(self._client.list_seen(k, namespace, unseen) for k in _AROUND)),
        )
        slices, policies, ingresses, certificates = around
        seen = None if "endpointslices" in unseen else slices
        data = {
            "services": [service_data(s, seen, workloads) for s in services],
            "policies": [policy_data(p, workloads, labels) for p in policies],
            "ingresses": [ingress_data(i) for i in ingresses],
            "certificates": [certificate_data(c, workloads, ingresses) for c in certificates],
            "unseen": sorted(unseen),
        }
        if service:
            data = _only(data, service)
        kinds = "services,endpointslices,networkpolicies,ingresses,certificates"
        return Reading(
            source="kubernetes",
            query=f"kubectl -n {namespace} get {kinds}" + (f" | grep {service}" if service else ""),
            observation=lines(text.network_lines(data)) or f"no Services in {namespace}",
            data=data,
            raw=_raw([*services, *slices, *policies, *ingresses, *certificates]),
            window=window_of(0),
        )

    @tool("kubernetes", cost_seconds=0.5)
    async def kubernetes_autoscaling(
        self,
        namespace: Namespace,
        name: Annotated[str, Field(description="a workload; empty: all")] = "",
    ) -> Reading:
        """Autoscalers with bounds, metrics, conditions and Events; disruption budgets with how many pods are healthy,
        wanted and may go."""
        unseen: set[str] = set()
        scalers, budgets, workloads, events = await asyncio.gather(
            self._client.list_seen("HorizontalPodAutoscaler", namespace, unseen),
            self._client.list_seen("PodDisruptionBudget", namespace, unseen),
            self._client.list_all(_SCALED, namespace),
            self._events_of("HorizontalPodAutoscaler", namespace),
        )
        found_scalers = [_scaler_data(s) for s in scalers]
        found_budgets = [_budget_data(b, workloads) for b in budgets]
        if name:
            found_scalers = [s for s in found_scalers if name in (s["name"], s["workload"])]
            found_budgets = [b for b in found_budgets if name in (b["name"], *b["protects"])]
        names = {s["name"] for s in found_scalers}
        data = {
            "autoscalers": found_scalers,
            "budgets": found_budgets,
            "events": [e for e in events if str(e["object"]).partition("/")[2] in names],
            "unseen": sorted(unseen),
        }
        return Reading(
            source="kubernetes",
            query=f"kubectl -n {namespace} describe hpa,pdb {name}".rstrip(),
            observation=lines(text.autoscaling_lines(data))
            or f"no autoscaler and no disruption budget{f' of {name}' if name else ''}",
            data=data,
            raw=_raw([*scalers, *budgets]),
            window=window_of(0),
        )

    async def _labels_of(self, namespace: str) -> Json:
        try:
            found = await self._client.get("Namespace", "", namespace)
        except (AccessDenied, NotFound):
            return {_NAMESPACE_NAME: namespace}
        return {_NAMESPACE_NAME: namespace, **(found["metadata"].get("labels") or {})}

    async def _events_of(self, kind: str, namespace: str) -> list[Json]:
        try:
            found = await self._client.list(
                "Event", namespace, fields=f"involvedObject.kind={kind}"
            )
        except AccessDenied:
            return []
        events = [event_data(e) for e in found]
        for event in events:
            event["at"] = iso(parse_time(event["at"]))
        return sorted(events, key=lambda e: (e["type"] != "Warning", str(e["at"])))


def _raw(items: Iterable[Json]) -> str:
    return raw([safe(i) for i in items])


def _only(data: Json, name: str) -> Json:
    """What concerns a Service or workload: policies that isolate it, certificates that it serves."""
    services = [s for s in data["services"] if name == s["name"] or name in s["selects"]]
    names = {name, *(s["name"] for s in services), *(w for s in services for w in s["selects"])}
    return {
        **data,
        "services": services,
        "policies": [p for p in data["policies"] if names & set(p["isolates"])],
        "ingresses": [i for i in data["ingresses"] if names & set(i["services"])],
        "certificates": [c for c in data["certificates"] if names & set(c["served_by"])],
    }


def _scaler_data(hpa: Json) -> Json:
    target, status = hpa.get("spec", {}).get("scaleTargetRef", {}), hpa.get("status", {})
    changed_at, changed_by = last_write(hpa)
    return {
        **objects.autoscaler_data(hpa),
        "workload": target.get("name"),
        "workload_kind": target.get("kind"),
        "conditions": objects.conditions_data(hpa),
        "last_scaled_at": iso(parse_time(status.get("lastScaleTime"))),
        "changed_at": changed_at,
        "changed_by": changed_by,
    }


def _budget_data(budget: Json, workloads: Sequence[Json]) -> Json:
    selector = budget.get("spec", {}).get("selector")
    changed_at, changed_by = last_write(budget)
    protected = [
        objects.name_of(w)
        for w in workloads
        if selects(selector, objects.pod_template(w).get("metadata", {}).get("labels") or {})
    ]
    return {
        **objects.budget_data(budget),
        "protects": protected,
        "changed_at": changed_at,
        "changed_by": changed_by,
    }
