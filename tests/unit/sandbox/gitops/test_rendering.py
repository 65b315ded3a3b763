"""Overlays as ``kustomize build`` would print them."""

from __future__ import annotations

import pytest

from sandbox.gitops.rendering import RenderError, Rendering

DEPLOYMENT = b"""\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart}
spec:
  template:
    spec:
      containers:
      - {name: cart, image: registry.example/cart, resources: {limits: {memory: 1Gi, cpu: "1"}}}
"""


def built(kustomization: bytes, **more: bytes) -> dict[str, object]:
    files = {
        "base/kustomization.yaml": b"resources: [deployment.yaml]",
        "base/deployment.yaml": DEPLOYMENT,
        "overlay/kustomization.yaml": b"resources: [../base]\n" + kustomization,
        **{f"overlay/{name}.yaml": text for name, text in more.items()},
    }
    (found,) = Rendering(files).build("overlay")
    return found


def test_namespace_images_and_replicas_are_the_overlays() -> None:
    found = built(
        b"namespace: production\n"
        b"images: [{name: registry.example/cart, newTag: '2'}]\n"
        b"replicas: [{name: cart, count: 4}]\n"
    )
    assert found["metadata"] == {"name": "cart", "namespace": "production"}
    spec = found["spec"]
    assert isinstance(spec, dict)
    assert spec["replicas"] == 4
    assert spec["template"]["spec"]["containers"][0]["image"] == "registry.example/cart:2"


@pytest.mark.parametrize("place", ["file", "inline", "json"])
def test_patches_are_merged_by_the_lists_keys(place: str) -> None:
    patch = (
        b"kind: Deployment\nmetadata: {name: cart}\nspec: {template: {spec: {containers: "
        b"[{name: cart, resources: {limits: {memory: 2Gi}}}]}}}\n"
    )
    operations = b"[{op: replace, path: /spec/template/spec/containers/0/resources/limits/memory, value: 2Gi}]"
    given = {
        "file": b"patches: [{path: more.yaml}]\n",
        "inline": b"patches:\n- patch: |\n    " + patch.replace(b"\n", b"\n    "),
        "json": b"patches:\n- target: {kind: Deployment, name: cart}\n  patch: |\n    "
        + operations,
    }[place]
    spec = built(given, more=patch)["spec"]
    assert isinstance(spec, dict)
    (container,) = spec["template"]["spec"]["containers"]
    assert container["resources"] == {"limits": {"memory": "2Gi", "cpu": "1"}}


def test_what_cannot_be_read_is_not_half_applied() -> None:
    with pytest.raises(RenderError):
        built(b"patches: [{path: missing.yaml}]\n")
    with pytest.raises(RenderError):
        Rendering({}).build("overlay")
