"""Kubernetes objects with their secrets masked, whole enough to be kept as evidence."""

from __future__ import annotations

from typing import Any

from agent.model import Json
from integrations.masking import mask_setting, mask_settings, mask_text

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The whole object as text, in which secrets cannot be told by where they stand."""


def safe(item: Json) -> Json:
    """The object as it was, without managedFields and the copy that ``kubectl apply`` leaves in an annotation, with
    secrets in environment and ConfigMap values masked."""
    metadata = {k: v for k, v in item["metadata"].items() if k != "managedFields"}
    if metadata.get("annotations"):
        metadata["annotations"] = {
            k: v for k, v in metadata["annotations"].items() if k != LAST_APPLIED
        }
    kept: Json = {**item, "metadata": metadata}
    if kept.get("kind") == "ConfigMap":
        kept["data"] = mask_settings(kept.get("data") or {})
    masked: Json = _masked(kept)
    return masked


def _masked(node: Any) -> Any:
    """Mask ``{name, value}`` pairs (environment variables) and passwords in any string."""
    if isinstance(node, dict):
        if isinstance(node.get("value"), str) and isinstance(node.get("name"), str):
            return {**node, "value": mask_setting(node["name"], node["value"])}
        return {k: _masked(v) for k, v in node.items()}
    if isinstance(node, list):
        return [_masked(v) for v in node]
    return mask_text(node) if isinstance(node, str) else node
