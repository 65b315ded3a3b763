"""The sandbox's repository, as srebot reads it over Git."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.routing import Mount

from agent.model import Entity
from integrations.repository.graph import RepositoryGraph
from sandbox.git.api import PATH, create_app
from sandbox.git.repository import build_repository
from sandbox.world.company import load_company
from tests.unit.sandbox.slack.server import serving


async def known(kinds: object) -> tuple[Entity, ...]:
    return (
        Entity(
            name="notifications",
            kind="deployment",
            namespace="production",
            environment="production",
        ),
    )


async def test_overlays_charts_terraform_and_runbooks_become_facts() -> None:
    now = datetime.now(UTC)
    repository = build_repository(load_company(now), now)
    app = Starlette(routes=[Mount("/git", create_app(repository))])
    async with serving(app) as root:
        seen = await RepositoryGraph([f"{root}/git{PATH}"], known=known).build()
    ties = {(r.source, r.kind, r.target): r for r in seen.relations}
    cache = ties["production/service/session", "depends_on", "production/service/redis-reco"]
    assert "/blob/" in cache.evidence and "overlays/production/" in cache.evidence
    assert (
        "production/deployment/notifications",
        "configured_by",
        "production/configmap/notifications-config",
    ) in ties
    assert ("-/team/payments", "owns", "-/database/orders-archive") in ties
    books = [t for t in ties if t[1] == "documents" and "/runbook/" in t[0]]
    assert {"production/service/auth", "production/service/redis-reco"} <= {b[2] for b in books}
    managed = {
        e.key: e.properties["managed_by"] for e in seen.entities if "managed_by" in e.properties
    }
    path = "kubernetes/base/redis-reco/statefulset.yaml"
    assert managed["production/statefulset/redis-reco"]["path"] == path
