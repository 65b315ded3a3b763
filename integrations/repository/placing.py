"""The namespaces of objects that do not name one: charts, and manifests that are applied with ``-n``."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from agent.model import Entity
from integrations.repository.manifests import Manifest

_MOST_NAMESPACES = 8


def placed_as_known(manifests: Sequence[Manifest], known: Iterable[Entity]) -> Iterator[Manifest]:
    """The objects, those without a namespace once for each in which the graph knows their workloads.

    What is declared together (a chart, a folder) is installed together: where its Deployment runs, there its ConfigMap is.
    Objects of which nothing is known stay without a namespace.
    """
    places: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entity in known:
        if entity.namespace:
            places[entity.kind, entity.name].add(entity.namespace)
    together: dict[str, set[str]] = defaultdict(set)
    for manifest in manifests:
        if not manifest.namespace:
            together[_group(manifest)] |= places[manifest.kind.lower(), manifest.name]
    for manifest in manifests:
        namespaces = sorted(together[_group(manifest)])[:_MOST_NAMESPACES]
        if manifest.namespace or not namespaces:
            yield manifest
        else:
            yield from (_within(manifest, n) for n in namespaces)


def _group(manifest: Manifest) -> str:
    return manifest.overlay or posixpath.dirname(manifest.path)


def _within(manifest: Manifest, namespace: str) -> Manifest:
    metadata = {**manifest.item["metadata"], "namespace": namespace}
    return manifest._replace(item={**manifest.item, "metadata": metadata})
