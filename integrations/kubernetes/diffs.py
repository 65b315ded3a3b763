"""Objects before and after a change, as unified diffs of their YAML that people read on a phone."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import yaml

from agent.model import Json
from integrations.kubernetes import objects
from integrations.kubernetes.masked import safe

_CONTEXT = 1
"""Lines around a change."""


def diff(before: Json, after: Json) -> str:
    """Unified diff of the objects' YAML, bookkeeping left out and secrets masked."""
    path = f"{before['kind']}/{objects.namespace_of(before)}/{objects.name_of(before)}"
    return "\n".join(
        [
            *difflib.unified_diff(
                _yaml(before),
                _yaml(after),
                f"{path} (now)",
                f"{path} (proposed)",
                n=_CONTEXT,
                lineterm="",
            ),
            "",
        ]
    ).lstrip("\n")


def _yaml(item: Json) -> Sequence[str]:
    return yaml.safe_dump(safe(objects.pruned(item)), sort_keys=True, width=120).splitlines()
