"""What settings name beyond the cluster: managed databases, buckets, other companies' APIs."""

from __future__ import annotations

import ipaddress

from agent.knowledge.inference import Endpoint
from agent.model import Entity

_PUBLIC = frozenset(
    {"com", "net", "org", "io", "dev", "app", "cloud", "ai", "co", "eu", "de", "uk"}
)
"""Under these a name of two labels is a host; otherwise its second label is a namespace of the cluster."""
_WITHIN = frozenset({"svc", "local", "localdomain", "localhost", "cluster"})


def entity_outside(endpoint: Endpoint) -> Entity | None:
    """The thing behind an address outside the cluster; None for the cluster's own names and for bare web addresses.

    It never holds more than host, scheme and port, so no credential can be in it.
    """
    if endpoint.kind != "bucket" and not _is_outside(endpoint):
        return None
    properties = {"outside": True, "scheme": endpoint.scheme, "port": endpoint.port}
    return Entity(
        name=endpoint.host,
        kind=endpoint.kind,
        properties={k: v for k, v in properties.items() if v},
    )


def _is_outside(endpoint: Endpoint) -> bool:
    try:
        address = ipaddress.ip_address(endpoint.host)
    except ValueError:
        labels = endpoint.host.split(".")
        if len(labels) < 2 or labels[-1] in _WITHIN or "svc" in labels[1:3]:
            return False
        return len(labels) > 2 or labels[1] in _PUBLIC
    # An address tells what is there only where its scheme does.
    return endpoint.kind != "service" and not (address.is_loopback or address.is_link_local)
