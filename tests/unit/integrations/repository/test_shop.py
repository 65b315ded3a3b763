"""What is learned from the shop's repository: Kustomize, Helm, Terraform, plain YAML, runbooks and notes."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.knowledge.facts import Seen
from agent.model import Entity, Relation
from integrations.repository.graph import RepositoryGraph

SHOP = Path(__file__).parent / "shop"
KNOWN = (
    Entity(name="payments", namespace="production", environment="production"),
    Entity(name="orders-db", namespace="production", environment="production"),
    Entity(name="orders-db", namespace="staging", environment="staging"),
    Entity(name="basket", kind="team"),
)


async def known(kinds: object) -> tuple[Entity, ...]:
    return KNOWN


@pytest.fixture(scope="module")
def seen() -> Seen:
    import asyncio

    return asyncio.run(RepositoryGraph([str(SHOP)], known=known).build())


@pytest.fixture
def entities(seen: Seen) -> dict[str, Entity]:
    return {e.key: e for e in seen.entities}


@pytest.fixture
def relations(seen: Seen) -> dict[tuple[str, str, str], Relation]:
    return {(r.source, r.kind, r.target): r for r in seen.relations}


Entities = dict[str, Entity]
Relations = dict[tuple[str, str, str], Relation]


def test_an_overlay_is_what_is_declared_and_its_base_alone_is_not(entities: Entities) -> None:
    cart = entities["production/deployment/cart"].properties
    assert cart["declared"] == {"replicas": 6, "images": ["registry.example.com/shop/cart:4.2.0"]}
    assert cart["managed_by"] == {
        "repository": str(SHOP),
        "path": "apps/base/cart.yaml",
        "overlay": "apps/overlays/production/kustomization.yaml",
    }
    assert "-/deployment/cart" not in entities
    assert entities["staging/deployment/stg-cart"].properties["declared"]["replicas"] == 2
    redis = entities["production/statefulset/redis-cart"].properties["declared"]
    assert redis["images"] == ["redis:7.4"]  # by a JSON patch


@pytest.mark.parametrize(
    ("source", "kind", "target", "confidence", "place"),
    [
        ("service/cart", "runs", "deployment/cart", 0.8, "apps/base/cart.yaml:2"),
        ("service/cart", "depends_on", "service/redis-cart", 0.72, "apps/base/cart.yaml:23"),
        ("service/cart", "depends_on", "service/payments", 0.72, "apps/base/cart.yaml"),
        ("service/cart", "depends_on", "service/catalog", 0.72, "kustomization.yaml:16"),
        ("deployment/cart", "configured_by", "configmap/cart-config", 0.8, "cart.yaml:27"),
        ("poddisruptionbudget/cart", "protects", "deployment/cart", 0.8, "cart.yaml:37"),
        ("service/checkout", "runs", "deployment/checkout", 0.6, "deployment.yaml"),
        ("service/checkout", "depends_on", "service/orders-db", 0.54, "deployment.yaml"),
        ("cronjob/redis-cart-backup", "depends_on", "service/redis-cart", 0.72, "backup.yml:14"),
        ("service/checkout", "calls", "service/payments", 0.55, "docs/architecture.md:3"),
        ("service/payments", "depends_on", "service/orders-db", 0.275, "docs/architecture.md:3"),
    ],
)
def test_a_tie_within_production(
    relations: Relations, source: str, kind: str, target: str, confidence: float, place: str
) -> None:
    relation = relations[f"production/{source}", kind, f"production/{target}"]
    assert relation.holds
    assert relation.confidence == pytest.approx(confidence)
    assert place in relation.evidence
    assert relation.origin == "repository"


@pytest.mark.parametrize(
    ("source", "kind", "target"),
    [
        ("-/team/basket", "owns", "production/service/cart"),
        ("-/team/orders", "owns", "-/database/orders-production"),
        ("production/cronjob/orders-export", "depends_on", "-/database/orders-production"),
        ("production/cronjob/orders-export", "depends_on", "-/bucket/shop-order-archive"),
        ("-/monitor/cart: error rate", "watches", "production/service/cart"),
        ("-/escalation_policy/Basket", "escalates", "production/service/cart"),
        ("-/runbook/runbooks-cart", "documents", "production/service/cart"),
    ],
)
def test_a_tie_beyond_the_cluster(
    relations: Relations, source: str, kind: str, target: str
) -> None:
    assert (source, kind, target) in relations


def test_a_sentence_that_denies_is_kept_as_a_denial(relations: Relations) -> None:
    denied = relations["production/service/cart", "depends_on", "production/service/orders-db"]
    assert not denied.holds
    assert denied.evidence.startswith("runbooks/cart.md:7")


def test_a_runbook_is_an_entity_with_its_steps(entities: Entities) -> None:
    book = entities["-/runbook/runbooks-cart"].properties
    assert book["title"] == "Cart is slow"
    assert book["headings"] == ["Cart is slow", "First look", "Mend it"]
    assert book["steps"][:2] == ["Open the dashboard.", "Look at kubectl -n production top pod."]
    assert book["links"] == ["https://app.example.com/d/cart"]


def test_no_secret_of_the_repository_comes_along(seen: Seen) -> None:
    text = seen.model_dump_json()
    assert "s3cr3t" not in text and "hunter2" not in text and "Pa@ss" not in text


def test_code_in_a_document_states_nothing(seen: Seen) -> None:
    assert not [r for r in seen.relations if r.target.endswith("/nothing")]


async def test_properties_stay_the_same_from_commit_to_commit(seen: Seen) -> None:
    assert "commit" not in str([e.properties for e in seen.entities])
