"""JSON schemas of what a model hands in, as short as strict mode lets them be.

The tool list goes with every call, so its bytes count as often as the model is asked.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from agent.model import Json

_NOISE = frozenset(
    {"title", "default", "pattern", "minLength", "maxItems", "minItems", "minimum", "maximum"}
)
"""What validation knows anyway; strict mode refuses some of it."""


def function(name: str, model: type[BaseModel]) -> Json:
    """A tool of the Chat Completions API whose arguments are ``model``, in strict mode."""
    schema = model.model_json_schema()
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": (model.__doc__ or name).strip(),
            "strict": True,
            "parameters": _short(schema, schema.get("$defs", {}), named=False),
        },
    }


def _short(node: Any, definitions: Json, *, named: bool) -> Any:
    """The schema with references written out; ``named``: the keys are names of properties, not of the schema's words."""
    if isinstance(node, list):
        return [_short(n, definitions, named=False) for n in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node and not named:
        node = {**definitions[node["$ref"].rpartition("/")[2]], **node}
    kept = {
        key: _short(value, definitions, named=key == "properties" and not named)
        for key, value in node.items()
        if named or key not in _NOISE | {"$ref", "$defs"}
    }
    if kept.get("type") == "object" and not named:
        kept.pop("description", None)
        kept["required"] = list(kept["properties"])
    return kept
