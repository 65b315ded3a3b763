"""The cluster as entities and relations: read object by object, tied through indexes, kept up with what changes.

``reading`` makes a small ``Record`` of each object, ``linking`` says what a record contributes to the graph, ``cluster``
works out again just the contributions that a changed object can touch.
"""

from integrations.kubernetes.graph.builder import ORIGIN, KubernetesGraph

__all__ = ["ORIGIN", "KubernetesGraph"]
