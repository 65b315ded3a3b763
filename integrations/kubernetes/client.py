"""The cluster's API through the official client's transport, with objects as plain JSON.

Plain JSON because what is shown, stored as evidence and patched is the object as the server gave it; typed models drop
what they do not know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import urllib3
from kubernetes import config as kubeconfig
from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration
from kubernetes.client.exceptions import ApiException

from agent.errors import AccessDenied, NotFound
from agent.model import Json
from integrations.calls import REQUEST_SECONDS, Rejected, Vendor
from integrations.kubernetes.answers import (
    failure_of,
    object_of,
    refused_by_budget,
    with_kind,
    without_values,
)
from integrations.kubernetes.resources import Resource, resource

T = TypeVar("T")

STRATEGIC_MERGE = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
_PAGE = 500
_SMALL_PAGE = 100
"""Objects of a page of a scan, in which many pages may be under way: about 1 MB as text."""
GONE = 410
"""The status of a page or a watch that begins at a version which the server has forgotten."""
_RESTARTS = 3
_LIMIT = 16
"""Requests at the same time."""
_WATCHES = 64
"""Connections that watches hold open beside them: one for each kind in each place."""
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_METADATA_EVENTS = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"


def configure(
    *,
    host: str = "",
    token: str = "",
    certificate_authority: str = "",
    verify: bool = True,
    kubeconfig_path: str = "",
    context: str = "",
) -> Configuration:
    """How to reach a cluster: an explicit host and token, else this Pod's service account, else a kubeconfig.

    A kubeconfig that is named (path or context) goes before the service account.

    Raises:
        kubernetes.config.ConfigException: there is no usable kubeconfig or service account.
    """
    settings = Configuration()
    if host:
        settings.host = host.rstrip("/")
        settings.api_key = {"authorization": f"Bearer {token}"} if token else {}
        settings.ssl_ca_cert = certificate_authority or None
        settings.verify_ssl = verify
    elif not (kubeconfig_path or context) and _SERVICE_ACCOUNT.exists():
        kubeconfig.load_incluster_config(  # type: ignore[no-untyped-call]
            client_configuration=settings
        )
    else:
        kubeconfig.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=kubeconfig_path or None,
            context=context or None,
            client_configuration=settings,
        )
    settings.retries = False
    settings.connection_pool_maxsize = _LIMIT + _WATCHES
    return settings


class Listed(NamedTuple):
    """A list as of one version of the cluster."""

    items: Sequence[Any]
    version: str
    """From where a watch goes on."""


class KubernetesClient:
    """Reads and patches objects; every method raises ``agent.errors.ToolError`` when the cluster gives nothing."""

    def __init__(
        self, settings: Configuration, *, dashboard: str = "", limit: int = _LIMIT
    ) -> None:
        self._api = ApiClient(settings)
        self._vendor = Vendor("Kubernetes", failure_of, limit=limit)
        self.dashboard = dashboard.rstrip("/")

    def link(self, kind: str, namespace: str, name: str) -> str:
        """The object's page on the configured dashboard; empty when none is configured."""
        if not self.dashboard:
            return ""
        return f"{self.dashboard}/#/{kind.lower()}/{namespace}/{name}?namespace={namespace}"

    async def get(self, kind: str, namespace: str, name: str) -> Json:
        """One object; of a Secret no values."""
        found = resource(kind)
        answer = await self._vendor.read(
            f"{found.kind} {namespace}/{name}" if namespace else f"{found.kind} {name}",
            self._request,
            "GET",
            found.path(namespace, name),
            permission=f"`get` on `{found.plural}`",
        )
        item = object_of(answer)
        return without_values(item) if found.kind == "Secret" else item

    async def list(
        self, kind: str, namespace: str = "", *, selector: str = "", fields: str = ""
    ) -> list[Json]:
        """All objects of a kind, in one namespace or in all; of Secrets only the metadata is ever asked for."""
        found = resource(kind)
        query = {"labelSelector": selector, "fieldSelector": fields, "limit": str(_PAGE)}
        items: list[Json] = []
        while True:
            answer = object_of(await self._list_page(found, namespace, query))
            items += [with_kind(i, found) for i in answer.get("items", [])]
            query["continue"] = answer.get("metadata", {}).get("continue") or ""
            if not query["continue"]:
                return items

    async def listed(self, kind: str, convert: Callable[[Json], T], namespace: str = "") -> Listed:
        """All objects of a kind, each converted as its page is read, so that no more than a page is held in full.

        A list whose continuation expires (410) is begun anew.

        Args:
            kind: of the objects.
            convert: called in a thread with each object.
            namespace: empty for all.
        """
        for attempt in range(1, _RESTARTS + 1):
            try:
                return await self._listed(resource(kind), convert, namespace)
            except Rejected as error:
                if error.status_code != GONE or attempt == _RESTARTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _listed(
        self, found: Resource, convert: Callable[[Json], T], namespace: str
    ) -> Listed:
        query = {"limit": str(_SMALL_PAGE)}
        items: Sequence[T] = ()
        while True:
            some, metadata = await self._vendor.read(
                f"{found.plural} in {namespace}" if namespace else found.plural,
                self._converted_page,
                found,
                namespace,
                query,
                convert,
                permission=f"`list` on `{found.plural}`",
            )
            items = [*items, *some]
            query["continue"] = metadata.get("continue") or ""
            if not query["continue"]:
                return Listed(items, str(metadata.get("resourceVersion") or ""))

    def _converted_page(
        self, found: Resource, namespace: str, query: dict[str, str], convert: Callable[[Json], T]
    ) -> tuple[Sequence[T], Json]:
        page = object_of(self._request("GET", found.path(namespace), **_list_terms(found, query)))
        items = [convert(with_kind(i, found)) for i in page.get("items") or []]
        return items, page.get("metadata") or {}

    def open_watch(
        self, kind: str, namespace: str, version: str, *, seconds: int, silence_seconds: float
    ) -> urllib3.HTTPResponse:
        """Begin a watch: one JSON event a line until the server ends it. Blocks; call it in a thread of its own.

        Args:
            kind: of the objects.
            namespace: empty for all.
            version: the resourceVersion from which to go on.
            seconds: after which the server ends it.
            silence_seconds: without any event or bookmark, after which reading it fails.

        Raises:
            ApiException: the server refuses; 410 when it has forgotten that version.
        """
        found = resource(kind)
        query = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
        }
        accept = _METADATA_EVENTS if found.kind == "Secret" else "application/json"
        waiting = (REQUEST_SECONDS[0], silence_seconds)
        answer = self._send(
            "GET", found.path(namespace), query=query, accept=accept, timeout=waiting
        )
        response: urllib3.HTTPResponse = answer.response
        return response

    async def list_all(self, kinds: Sequence[str], namespace: str = "") -> Sequence[Json]:
        """The objects of several kinds, asked for at once."""
        lists = await asyncio.gather(*(self.list(kind, namespace) for kind in kinds))
        return [item for found in lists for item in found]

    async def list_seen(
        self, kind: str, namespace: str = "", unseen: set[str] | None = None
    ) -> Sequence[Json]:
        """All objects of a kind; none where the cluster does not know it or does not show it, which ``unseen`` notes."""
        try:
            return await self.list(kind, namespace)
        except NotFound:
            return []
        except AccessDenied:
            if unseen is not None:
                unseen.add(resource(kind).plural)
            return []

    async def log(self, namespace: str, pod: str, **query: str) -> str:
        """A container's log as text; ``query`` as in the API (container, sinceSeconds, previous, tailLines...)."""
        answer = await self._vendor.read(
            f"log of pod {namespace}/{pod}",
            self._request,
            "GET",
            resource("Pod").path(namespace, pod, "log"),
            query={k: v for k, v in query.items() if v},
            accept="text/plain, */*",
            permission="`get` on `pods/log`",
        )
        return answer.decode("utf-8", "replace")

    async def patch(
        self,
        kind: str,
        namespace: str,
        name: str,
        body: Any,
        *,
        dry_run: bool = False,
        content_type: str = STRATEGIC_MERGE,
    ) -> Json:
        """Patch an object once, or try the patch without storing it."""
        found = resource(kind)
        query = {"fieldManager": "srebot", "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        answer = await self._vendor.write(
            f"a patch of {found.kind} {namespace}/{name}",
            self._request,
            "PATCH",
            found.path(namespace, name),
            query=query,
            body=body,
            content_type=content_type,
            permission=f"`patch` on `{found.plural}` to the write credential",
        )
        return object_of(answer)

    async def evict(
        self, namespace: str, pod: str, options: Json, *, dry_run: bool = False
    ) -> None:
        """Ask for a pod to go, as its disruption budgets allow, or try that without its going.

        Args:
            namespace: of the pod.
            pod: its name.
            options: of the deletion (preconditions, gracePeriodSeconds).
            dry_run: only try.

        Raises:
            Refused: a disruption budget forbids it.
        """
        found = resource("Pod")
        tried: Json = {"dryRun": ["All"]} if dry_run else {}
        await self._vendor.write(
            f"an eviction of pod {namespace}/{pod}",
            self._request,
            "POST",
            found.path(namespace, pod, "eviction"),
            query={"dryRun": "All"} if dry_run else None,
            body={
                "apiVersion": "policy/v1",
                "kind": "Eviction",
                "metadata": {"name": pod, "namespace": namespace},
                "deleteOptions": {**options, **tried},
            },
            permission="`create` on `pods/eviction` to the write credential",
        )

    async def may(self, verb: str, kind: str, namespace: str = "", part: str = "") -> bool:
        """Whether this credential may do that (SelfSubjectAccessReview)."""
        found = resource(kind)
        attributes = {
            "verb": verb,
            "group": found.group,
            "resource": found.plural,
            "subresource": part,
            "namespace": namespace,
        }
        answer = await self._vendor.read(
            "its own permissions",
            self._request,
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            body={
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": {k: v for k, v in attributes.items() if v}},
            },
        )
        return bool(object_of(answer).get("status", {}).get("allowed"))

    async def version(self) -> str:
        """The server's version, such as ``v1.34.1``."""
        answer = await self._vendor.read("its version", self._request, "GET", "/version")
        return str(object_of(answer).get("gitVersion", "unknown"))

    def close(self) -> None:
        """Close connections and threads."""
        self._vendor.close()
        self._api.close()  # type: ignore[no-untyped-call]

    async def _list_page(self, found: Resource, namespace: str, query: dict[str, str]) -> bytes:
        return await self._vendor.read(
            f"{found.plural} in {namespace}" if namespace else found.plural,
            self._request,
            "GET",
            found.path(namespace),
            **_list_terms(found, query),
            permission=f"`list` on `{found.plural}`",
        )

    def _request(self, method: str, path: str, **terms: Any) -> bytes:
        return self._send(method, path, **terms).read()  # type: ignore[no-any-return]

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: Any = None,
        accept: str = "application/json",
        content_type: str = "application/json",
        timeout: tuple[float, float] = REQUEST_SECONDS,
    ) -> Any:
        """The response with its body unread; a refusal is raised."""
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = content_type
        request = self._api.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        response: Any = self._api.call_api(*request, _request_timeout=timeout)
        if not 200 <= response.status < 300:
            data = response.read().decode("utf-8", "replace")
            error = ApiException(http_resp=response, body=data)
            raise refused_by_budget(error) or error
        return response


def _list_terms(found: Resource, query: dict[str, str]) -> dict[str, Any]:
    """Of a list its query and form: of Secrets only the metadata is ever asked for."""
    accept = _METADATA_ONLY if found.kind == "Secret" else "application/json"
    return {"query": {k: v for k, v in query.items() if v}, "accept": accept}
