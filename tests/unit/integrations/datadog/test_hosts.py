"""Hosts as entities."""

from __future__ import annotations

from agent.model import Json
from integrations.datadog.graph.hosts import host_entity


def host(name: str, *tags: str, apps: tuple[str, ...] = ()) -> Json:
    return {"name": name, "apps": list(apps), "tags_by_source": {"Datadog": list(tags)}}


def test_a_node_goes_by_the_name_that_kubernetes_gives_it() -> None:
    found = host_entity(host("ip-10-0-1-11-shop", "kube_cluster_name:shop"), "https://dd/infra")
    assert found.key == "-/node/ip-10-0-1-11"
    assert found.properties["also_known_as"] == ["ip-10-0-1-11-shop"]
    assert found.properties["cluster"] == "shop"


def test_a_machine_outside_any_cluster_is_a_host() -> None:
    assert host_entity(host("bastion-1"), "https://dd/infra").key == "-/host/bastion-1"
