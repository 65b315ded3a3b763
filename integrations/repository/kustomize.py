"""Kustomizations, evaluated without the binary: resources, namespace, names, images, replicas, generators, patches.

What leads outside of the repository (URLs, ``..`` above its root) is left out, and so are plugins and functions.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from agent.model import Json
from integrations.repository.documents import NotYaml, documents
from integrations.repository.manifests import Manifest, manifests_in, placed, shaped
from integrations.repository.patches import json_patched, merged
from integrations.repository.snapshot import Snapshot

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_DEEPEST = 12
_MOST_BUILDS = 5_000
_MOST_OBJECTS = 20_000
_SCALABLE = ("Deployment", "StatefulSet")
_WORKLOAD_LISTS = ("containers", "initContainers")


class Kustomize:
    """The kustomizations of a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._found: dict[str, tuple[str, Json]] = {}
        for path in snapshot.files:
            folder, _, name = path.rpartition("/")
            if name in NAMES and (data := self._read(path)) is not None:
                self._found[folder] = (path, data)
        self._builds = 0
        self._objects = 0
        self.used: set[str] = set()
        """Paths of files that a kustomization takes in; they are not facts by themselves."""

    def manifests(self) -> list[Manifest]:
        """What the kustomizations that no other takes in become."""
        taken = {
            path
            for folder, (_, data) in self._found.items()
            for path in self._entries(folder, data)
        }
        roots = [f for f in sorted(self._found) if f not in taken]
        return [placed(m) for root in roots for m in self._build(root, ())]

    def _read(self, path: str) -> Json | None:
        try:
            found = documents(path, self._snapshot.files[path])
        except NotYaml:
            return None
        return found[0].data if len(found) == 1 and isinstance(found[0].data, dict) else None

    def _entries(self, folder: str, data: Json) -> Iterator[str]:
        """The paths within the repository that a kustomization takes in."""
        for field in ("resources", "bases", "components"):
            for entry in _texts(data.get(field)):
                if (path := _within(folder, entry)) is not None:
                    yield path

    def _build(self, folder: str, way: tuple[str, ...]) -> list[Manifest]:
        self._builds += 1
        if folder in way or len(way) > _DEEPEST or self._builds > _MOST_BUILDS:
            return []
        path, data = self._found[folder]
        found: list[Manifest] = []
        for entry in dict.fromkeys(self._entries(folder, data)):
            if entry in self._found:
                found += self._build(entry, (*way, folder))
            elif entry in self._snapshot.files:
                self.used.add(entry)
                found += manifests_in(entry, self._snapshot.files[entry])
            self._objects += len(found)
            if self._objects > _MOST_OBJECTS:
                return []
        found += self._generated(path, data)
        found = self._patched(folder, data, found)
        return [m for m in (_transformed(m, data, path) for m in found) if m is not None]

    def _generated(self, path: str, data: Json) -> Iterator[Manifest]:
        for entry in _mappings(data.get("configMapGenerator")):
            values = dict(v.split("=", 1) for v in _texts(entry.get("literals")) if "=" in v)
            item = {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": entry.get("name"), "namespace": entry.get("namespace")},
                "data": values,
            }
            if (good := shaped(item)) is not None:
                yield Manifest(good, path, 1, path)

    def _patched(self, folder: str, data: Json, found: list[Manifest]) -> list[Manifest]:
        for patch, target in self._patches(folder, data):
            found = [
                m._replace(item=_with(m.item, patch)) if _meant(m, patch, target) else m
                for m in found
            ]
        return found

    def _patches(self, folder: str, data: Json) -> Iterator[tuple[Any, Json]]:
        """Each patch with the target that it names; a strategic merge names it in its own body."""
        given = [*_mappings(data.get("patches")), *_mappings(data.get("patchesJson6902"))]
        given += [
            {"patch": p} if "\n" in p else {"path": p}
            for p in _texts(data.get("patchesStrategicMerge"))
        ]
        for entry in given:
            target = entry.get("target")
            text, path = entry.get("patch"), _within(folder, str(entry.get("path") or ""))
            if not isinstance(text, str) and path in self._snapshot.files:
                self.used.add(str(path))
                text = self._snapshot.files[str(path)]
            try:
                for document in documents("", text) if isinstance(text, str) else []:
                    yield document.data, target if isinstance(target, dict) else {}
            except NotYaml:
                continue


def _with(item: Json, patch: Any) -> Json:
    changed = json_patched(item, patch) if isinstance(patch, list) else merged(item, patch)
    return shaped(changed) or item


def _meant(manifest: Manifest, patch: Any, target: Json) -> bool:
    if not target and isinstance(patch, dict):
        target = {"kind": patch.get("kind"), **_mapping(patch.get("metadata"))}
        if not target.get("name"):
            return False
    wanted = {k: target[k] for k in ("kind", "name", "namespace") if target.get(k)}
    own = {"kind": manifest.kind, "name": manifest.name, "namespace": manifest.namespace}
    return bool(wanted) and all(
        own[k] == v or (k == "namespace" and not own[k]) for k, v in wanted.items()
    )


def _transformed(manifest: Manifest, data: Json, path: str) -> Manifest | None:
    """The object in its kustomization's namespace, with its prefix, images and replicas."""
    item = dict(manifest.item)
    metadata = dict(item["metadata"])
    if isinstance(data.get("namespace"), str):
        metadata["namespace"] = data["namespace"]
    before = str(metadata["name"])
    metadata["name"] = f"{data.get('namePrefix') or ''}{before}{data.get('nameSuffix') or ''}"
    item["metadata"] = metadata
    for entry in _mappings(data.get("replicas")):
        meant = entry.get("name") == before and item["kind"] in _SCALABLE
        if meant and isinstance(entry.get("count"), int):
            item["spec"] = {**_mapping(item.get("spec")), "replicas": entry["count"]}
    images = {str(i.get("name")): i for i in _mappings(data.get("images"))}
    good = shaped(_with_images(item, images) if images else item)
    return manifest._replace(item=good, overlay=path) if good is not None else None


def _with_images(value: Any, images: dict[str, Json]) -> Any:
    if isinstance(value, dict):
        return {
            k: [_with_image(c, images) for c in v]
            if k in _WORKLOAD_LISTS and isinstance(v, list)
            else _with_images(v, images)
            for k, v in value.items()
        }
    return value


def _with_image(container: Any, images: dict[str, Json]) -> Any:
    if not isinstance(container, dict) or not isinstance(container.get("image"), str):
        return container
    name, _, digest = container["image"].partition("@")
    head, slash, tail = name.rpartition("/")
    tail, _, tag = tail.partition(":")
    change = images.get(head + slash + tail)
    if change is None:
        return container
    found = str(change.get("newName") or head + slash + tail)
    if change.get("digest"):
        return {**container, "image": f"{found}@{change['digest']}"}
    tag = str(change.get("newTag") or tag)
    end = f":{tag}" if tag else f"@{digest}" if digest else ""
    return {**container, "image": found + end}


def _within(folder: str, entry: str) -> str | None:
    """A path of the repository; None for URLs and what lies outside."""
    if not entry or "://" in entry or entry.startswith(("/", "git@")) or "?" in entry:
        return None
    path = posixpath.normpath(posixpath.join(folder, entry))
    return None if path.startswith("..") else "" if path == "." else path


def _texts(value: Any) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _mappings(value: Any) -> list[Json]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _mapping(value: Any) -> Json:
    return value if isinstance(value, dict) else {}
