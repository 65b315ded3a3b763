"""Hosts: the cluster's nodes under their own name, and machines outside it."""

from __future__ import annotations

from agent.model import Entity, Json

_NODE_TAGS = ("node", "kube_node")
_FACTS = {
    "region": "region",
    "availability-zone": "zone",
    "instance-type": "instance_type",
    "kube_cluster_name": "cluster",
    "env": "environment",
}


def host_entity(host: Json, link: str) -> Entity:
    """A host as an entity: kind ``node`` when it belongs to a cluster, else ``host``.

    Agents on Kubernetes report a node as its name, with the cluster's name behind it where they know it. Its load is left out: it changes by the minute, and the metrics have it.
    """
    tags = _tags(host)
    cluster = tags.get("kube_cluster_name", "")
    reported = str(host.get("name") or host.get("host_name"))
    node = next((tags[t] for t in _NODE_TAGS if t in tags), "")
    if not node and (cluster or "kubernetes" in (host.get("apps") or [])):
        node = reported.removesuffix(f"-{cluster}") if cluster else reported
    name = node or reported
    aliases = sorted({reported, *map(str, host.get("aliases") or [])} - {name})
    platform = (host.get("meta") or {}).get("platform")
    properties: Json = {
        "platform": platform,
        "apps": sorted(host.get("apps") or []),
        "also_known_as": aliases,
        "datadog_link": f"{link}?filter={name}",
        **{fact: tags[tag] for tag, fact in _FACTS.items() if tag in tags},
    }
    return Entity(
        name=name,
        kind="node" if node else "host",
        properties={k: v for k, v in properties.items() if v},
    )


def _tags(host: Json) -> dict[str, str]:
    by_source = host.get("tags_by_source") or {}
    pairs = (tag.partition(":") for tags in by_source.values() for tag in tags)
    return {key: value for key, _, value in pairs if value}
