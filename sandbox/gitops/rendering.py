"""What an overlay of the repository declares, as ``kustomize build`` would print it.

Of Kustomize what the company uses: resources, namespace, labels, images, replicas, and patches of both kinds.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from sandbox.kubernetes.patches import json_patch, strategic_merge

Manifest = dict[str, Any]
_KUSTOMIZATION = "kustomization.yaml"


class RenderError(ValueError):
    """The repository declares nothing that could be applied; the text says why."""


class Rendering:
    """The files of one commit.

    Args:
        files: path -> content.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def build(self, folder: str) -> list[Manifest]:
        """The objects of a folder with a kustomization.

        Raises:
            RenderError: something in it can't be read.
        """
        try:
            return self._build(folder)
        except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise RenderError(f"{folder}: {error}") from error

    def _build(self, folder: str) -> list[Manifest]:
        (kustomization,) = self._documents(f"{folder}/{_KUSTOMIZATION}")
        found: list[Manifest] = []
        for entry in kustomization.get("resources") or ():
            path = posixpath.normpath(f"{folder}/{entry}")
            is_folder = f"{path}/{_KUSTOMIZATION}" in self._files
            found += self._build(path) if is_folder else self._documents(path)
        for patch, target in self._patches(folder, kustomization):
            found = [_patched(m, patch, target) for m in found]
        return [_transformed(m, kustomization) for m in found]

    def _patches(self, folder: str, kustomization: Manifest) -> Iterator[tuple[Any, Manifest]]:
        for entry in kustomization.get("patches") or ():
            inline = entry.get("patch")
            path = posixpath.normpath(f"{folder}/{entry.get('path')}")
            documents = yaml.safe_load_all(inline) if inline else self._documents(path)
            for document in documents:
                own = {} if isinstance(document, list) else _named(document)
                yield document, entry.get("target") or own

    def _documents(self, path: str) -> list[Any]:
        return [d for d in yaml.safe_load_all(self._files[path]) if d is not None]


def _named(document: Manifest) -> Manifest:
    return {"kind": document["kind"], "name": document["metadata"]["name"]}


def _patched(manifest: Manifest, patch: Any, target: Manifest) -> Manifest:
    own = _named(manifest)
    if any(own.get(k) != v for k, v in target.items() if k in ("kind", "name")):
        return manifest
    if isinstance(patch, list):
        return json_patch(manifest, patch)
    return strategic_merge(manifest["kind"], manifest, patch)


def _transformed(manifest: Manifest, kustomization: Manifest) -> Manifest:
    made = dict(manifest)
    made["metadata"] = dict(made["metadata"])
    if kustomization.get("namespace"):
        made["metadata"]["namespace"] = kustomization["namespace"]
    for entry in kustomization.get("replicas") or ():
        if entry["name"] == made["metadata"]["name"] and "replicas" in _scalable(made):
            made["spec"] = {**made["spec"], "replicas": entry["count"]}
    images = {i["name"]: i for i in kustomization.get("images") or ()}
    with_images: Manifest = _with_images(made, images)
    return with_images


def _scalable(manifest: Manifest) -> Manifest:
    """The spec of what has a number of replicas."""
    kinds = ("Deployment", "StatefulSet", "ReplicaSet")
    spec: Manifest = {"replicas": 1, **manifest.get("spec", {})}
    return spec if manifest["kind"] in kinds else {}


def _with_images(node: Any, images: Mapping[str, Manifest]) -> Any:
    if isinstance(node, list):
        return [_with_images(n, images) for n in node]
    if not isinstance(node, dict):
        return node
    made = {k: _with_images(v, images) for k, v in node.items()}
    if isinstance(made.get("image"), str) and "name" in made:
        name, _, tag = made["image"].partition(":")
        told = images.get(name)
        if told:
            tag = str(told.get("newTag") or tag)
            made["image"] = f"{told.get('newName') or name}:{tag}"
    return made
