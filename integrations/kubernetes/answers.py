"""What the API server answers, and its refusals in plain terms."""

from __future__ import annotations

import json

import urllib3
from kubernetes.client.exceptions import ApiException

from agent.errors import Refused
from agent.model import Json
from integrations.calls import Failure, seconds_of
from integrations.kubernetes.resources import Resource

_TOO_MANY_REQUESTS = 429
_BUDGET = "DisruptionBudget"
"""Type of the cause that an eviction names which a PodDisruptionBudget forbids."""


def object_of(data: bytes) -> Json:
    """The object that an answer holds."""
    answer = json.loads(data)
    return answer if isinstance(answer, dict) else {}


def with_kind(item: Json, found: Resource) -> Json:
    """An item of a list with the kind that only the list names; of a Secret no values."""
    kept: Json = {"apiVersion": found.api, "kind": found.kind, **item}
    return without_values(kept) if found.kind == "Secret" else kept


def without_values(secret: Json) -> Json:
    """What may be known of a Secret; ``kubectl apply`` repeats its values in an annotation."""
    kept = {k: v for k, v in secret.items() if k not in ("data", "stringData")}
    metadata = {k: v for k, v in secret.get("metadata", {}).items() if k != "annotations"}
    return {**kept, "kind": "Secret", "metadata": metadata}


def failure_of(error: Exception) -> Failure | None:
    """An exception of the client in plain terms; None for what is not the cluster's."""
    if isinstance(error, ApiException):
        headers = error.headers or {}
        return Failure(
            message_of(error), error.status or None, seconds_of(headers.get("Retry-After"))
        )
    if isinstance(error, (urllib3.exceptions.HTTPError, OSError)):
        return Failure(f"{type(error).__name__}: {error}")
    return None


def message_of(error: ApiException) -> str:
    """The message of the Status that the server answered with, else what there is."""
    try:
        return str(json.loads(error.body or "")["message"])
    except (ValueError, KeyError, TypeError):
        return str(error.body or error.reason or error)


def refused_by_budget(error: ApiException) -> Refused | None:
    """The refusal of an eviction by a disruption budget, which waiting does not cure as it does other 429s."""
    if error.status != _TOO_MANY_REQUESTS:
        return None
    try:
        causes = (json.loads(error.body or "").get("details") or {}).get("causes") or []
    except (ValueError, AttributeError):
        return None
    told = [str(c.get("message")) for c in causes if c.get("reason") == _BUDGET]
    return Refused(f"{message_of(error)} {' '.join(told)}.") if told else None
