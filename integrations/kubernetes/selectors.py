"""Label selectors: whether they select, and how the API takes them."""

from __future__ import annotations

from agent.model import Json


def selects(selector: Json | None, labels: Json) -> bool:
    """Whether a label selector (plain, or with matchLabels and matchExpressions) selects these labels."""
    if not selector:
        return False
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        selector = {"matchLabels": selector}
    return all(labels.get(k) == v for k, v in (selector.get("matchLabels") or {}).items()) and all(
        _expression(e, labels) for e in selector.get("matchExpressions") or []
    )


def _expression(expression: Json, labels: Json) -> bool:
    key, values = str(expression.get("key")), expression.get("values") or []
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


def selector_text(selector: Json | None) -> str:
    """A workload's selector as the API takes it in a query."""
    selector = selector or {}
    parts = [f"{k}={v}" for k, v in (selector.get("matchLabels") or {}).items()]
    for e in selector.get("matchExpressions") or []:
        values = ",".join(e.get("values") or [])
        parts.append(
            {
                "In": f"{e.get('key')} in ({values})",
                "NotIn": f"{e.get('key')} notin ({values})",
                "Exists": f"{e.get('key')}",
                "DoesNotExist": f"!{e.get('key')}",
            }.get(str(e.get("operator")), "")
        )
    return ",".join(p for p in parts if p)
