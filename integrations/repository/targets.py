"""What an address in a setting means as an entity, under the key that the live cluster gives it."""

from __future__ import annotations

from agent.knowledge.inference import Endpoint
from integrations.kubernetes.graph.outside import entity_outside
from integrations.repository.facts import Facts


def target_of(facts: Facts, endpoint: Endpoint, namespace: str) -> str:
    """The key of the thing, which is added to the facts: outside of the cluster by its host, else the Service of that name.

    Args:
        facts: where it is added.
        endpoint: the address.
        namespace: of the workload whose setting it is.
    """
    outside = entity_outside(endpoint)
    if outside is not None:
        return facts.entity(outside.name, outside.kind, properties=outside.properties)
    return facts.entity(endpoint.service, "service", endpoint.namespace or namespace)
