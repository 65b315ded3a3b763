"""A repository's facts, kept in the graph and asked for."""

from __future__ import annotations

from pathlib import Path

from agent.knowledge.scan import scan_one
from agent.store.repository import Store
from integrations.repository.graph import RepositoryGraph

SHOP = Path(__file__).parents[1] / "unit" / "integrations" / "repository" / "shop"


async def test_what_code_and_runbooks_say_can_be_asked_for(store: Store) -> None:
    builder = RepositoryGraph([str(SHOP)], known=store.graph.entities)
    first = await scan_one(builder, store.graph)
    assert (first.problem, first.entities > 15, first.relations > 20) == ("", True, True)

    [belief] = await store.graph.belief("production/service/cart", "production/service/redis-cart")
    assert belief.said_by[0].evidence.startswith("apps/base/cart.yaml:23")
    near = await store.graph.neighbourhood("production/service/cart", hops=1)
    assert {"runbooks-cart", "redis-cart", "basket"} <= {e.name for e in near.entities}
    deployment = await store.graph.get("production/deployment/cart")
    assert deployment is not None
    assert deployment.properties["managed_by"]["path"] == "apps/base/cart.yaml"


async def test_prose_speaks_of_what_the_graph_knows_by_the_second_scan(store: Store) -> None:
    builder = RepositoryGraph([str(SHOP)], known=store.graph.entities)
    await scan_one(builder, store.graph)
    await scan_one(builder, store.graph)
    [denied] = await store.graph.belief("production/service/cart", "production/service/orders-db")
    assert not denied.said_by[0].holds
