"""The smallest edit of a repository for each kind of change; tried on the company's own files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.errors import Refused
from agent.model import Change, ChangeKind, Entity, Json
from integrations.github.declared import declaration_of, manager_of, with_file
from integrations.github.drafting import Draft, draft_of, wanted_of
from integrations.repository.folder import read_folder
from integrations.repository.snapshot import Snapshot
from sandbox.git.repository import FOLDER

MEBIBYTE = 2**20
OVERLAY = "kubernetes/overlays/production/kustomization.yaml"
LIVE: Json = {
    "kind": "Deployment",
    "metadata": {"name": "notifications", "namespace": "production"},
    "spec": {
        "replicas": 2,
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "notifications",
                        "image": "registry.sundial.example/notifications:1.18.1",
                        "resources": {"limits": {"memory": "512Mi"}, "requests": {}},
                    }
                ]
            }
        },
    },
}


@pytest.fixture(scope="module")
def company() -> Snapshot:
    # Without what no change is made in, for speed.
    found = read_folder(FOLDER)
    kept = (
        "kubernetes/overlays/",
        "kubernetes/base/cart/",
        "kubernetes/base/redis-reco/",
        "charts/",
    )
    files = {p: t for p, t in found.files.items() if p.startswith(kept)}
    return replace(found, files=files)


def drafted(
    snapshot: Snapshot,
    kind: ChangeKind,
    name: str,
    target: str = "deployment",
    namespace: str = "production",
    live: Json | None = None,
    **arguments: Any,
) -> Draft:
    entity = Entity(name=name, kind=target, namespace=namespace)
    declaration = declaration_of(snapshot, entity, live)
    assert declaration is not None
    item = live or declaration.manifest.item
    return draft_of(
        declaration, wanted_of(Change(kind=kind, target=entity, arguments=arguments), item)
    )


def changed(draft: Draft) -> list[str]:
    """The changed lines of the diff."""
    lines = draft.diff.splitlines()
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


@pytest.mark.parametrize(
    ("kind", "name", "target", "arguments", "path", "lines"),
    [
        (
            ChangeKind.REPLICAS,
            "cart",
            "deployment",
            {"replicas": 5},
            OVERLAY,
            ["-  count: 3", "+  count: 5"],
        ),
        (
            ChangeKind.IMAGE,
            "cart",
            "deployment",
            {"image": "registry.sundial.example/cart:4.6.2"},
            OVERLAY,
            ["-  newTag: 4.6.3", "+  newTag: 4.6.2"],
        ),
        (
            ChangeKind.CONFIG_VALUE,
            "cart-config",
            "configmap",
            {"key": "REDIS_POOL_SIZE", "value": "60"},
            "kubernetes/overlays/production/configmaps.yaml",
            ["-  REDIS_POOL_SIZE: '50'", "+  REDIS_POOL_SIZE: '60'"],
        ),
    ],
)
def test_a_value_is_changed_where_the_overlay_decides_it(
    company: Snapshot,
    kind: ChangeKind,
    name: str,
    target: str,
    arguments: Json,
    path: str,
    lines: list[str],
) -> None:
    draft = drafted(company, kind, name, target, **arguments)
    assert draft.edit.path == path
    assert changed(draft) == lines


def test_what_a_base_decides_for_all_environments_is_patched_in_the_one(company: Snapshot) -> None:
    draft = drafted(company, ChangeKind.RESOURCES, "cart", memory_bytes=1536 * MEBIBYTE)
    assert draft.edit.path == OVERLAY
    assert draft.edit.text.startswith(company.files[OVERLAY])
    assert "memory limit of cart: 1Gi -> 1536Mi" in draft.summary
    after = with_file(company, OVERLAY, draft.edit.text)
    for place, limit in (("production", "1536Mi"), ("staging", "1Gi"), ("development", "1Gi")):
        entity = Entity(name="cart", kind="deployment", namespace=place)
        found = declaration_of(after, entity)
        assert found is not None
        (container,) = found.manifest.item["spec"]["template"]["spec"]["containers"]
        assert container["resources"]["limits"]["memory"] == limit


def test_a_patch_of_its_own_is_edited_the_next_time(company: Snapshot) -> None:
    first = drafted(company, ChangeKind.RESOURCES, "cart", memory_bytes=1536 * MEBIBYTE)
    later = with_file(company, first.edit.path, first.edit.text)
    second = drafted(later, ChangeKind.RESOURCES, "cart", memory_bytes=2048 * MEBIBYTE)
    assert [line.split() for line in changed(second)] == [
        ["-", "memory:", "1536Mi"],
        ["+", "memory:", "2Gi"],
    ]


def test_the_way_back_of_an_edit_restores_the_file(company: Snapshot) -> None:
    there = drafted(company, ChangeKind.REPLICAS, "cart", replicas=5)
    after = with_file(company, there.edit.path, there.edit.text)
    back = drafted(after, ChangeKind.REPLICAS, "cart", **there.way_back.arguments)
    assert back.edit.text == company.files[OVERLAY]


def test_a_patch_file_of_the_overlay_is_edited_in_place(company: Snapshot) -> None:
    draft = drafted(
        company,
        ChangeKind.RESOURCES,
        "redis-reco",
        "statefulset",
        "development",
        memory_bytes=2048 * MEBIBYTE,
    )
    assert draft.edit.path == "kubernetes/overlays/development/small-redis.yaml"
    assert not [line for line in changed(draft) if line.startswith("-")]


def test_a_charts_value_goes_into_the_file_of_its_environment(company: Snapshot) -> None:
    draft = drafted(company, ChangeKind.REPLICAS, "notifications", live=LIVE, replicas=4)
    assert draft.edit.path == "charts/notifications/values-production.yaml"
    assert changed(draft) == ["-replicaCount: 2", "+replicaCount: 4"]
    draft = drafted(
        company, ChangeKind.RESOURCES, "notifications", live=LIVE, memory_bytes=768 * MEBIBYTE
    )
    assert changed(draft) == ["+resources:", "+  limits:", "+    memory: 768Mi"]


def test_a_value_that_environments_share_is_not_changed_for_one_of_them(company: Snapshot) -> None:
    with pytest.raises(Refused, match="several environments share"):
        drafted(
            company,
            ChangeKind.REPLICAS,
            "notifications",
            namespace="staging",
            live=LIVE,
            replicas=4,
        )


def test_bounds_hold_for_pull_requests_too(company: Snapshot) -> None:
    with pytest.raises(Refused, match="number of replicas"):
        drafted(company, ChangeKind.REPLICAS, "cart", replicas=0)


def test_what_files_cannot_say_is_refused(company: Snapshot) -> None:
    with pytest.raises(Refused, match="cannot be said"):
        drafted(company, ChangeKind.RESTART, "cart")


def test_what_is_declared_already_is_no_change(company: Snapshot) -> None:
    with pytest.raises(Refused, match="says so already"):
        drafted(company, ChangeKind.REPLICAS, "cart", replicas=3)


@pytest.mark.parametrize(
    ("metadata", "manager"),
    [
        ({"annotations": {"argocd.argoproj.io/tracking-id": "a:apps/Deployment:b/c"}}, "Argo CD"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}, "Flux"),
        ({"labels": {"helm.toolkit.fluxcd.io/name": "apps"}}, "Flux"),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, "Helm"),
        ({"labels": {"app.kubernetes.io/managed-by": "kubectl"}}, ""),
        ({}, ""),
    ],
)
def test_who_applies_an_object_is_seen_by_its_marks(metadata: Json, manager: str) -> None:
    assert manager_of({"metadata": metadata}) == manager
