"""authorization.k8s.io/v1: what may I do?"""

from __future__ import annotations

from typing import Any

from sandbox.kubernetes import errors
from sandbox.kubernetes.roles import Role

Manifest = dict[str, Any]
_API_VERSION = "authorization.k8s.io/v1"
_EVERYONE = ["get"]
_PUBLIC_PATHS = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/version"]


def review_access(role: Role, review: Manifest) -> Manifest:
    """Answer a SelfSubjectAccessReview; raises ApiError 422 when it asks nothing."""
    spec = review.get("spec") or {}
    asked = spec.get("resourceAttributes")
    if asked is None and spec.get("nonResourceAttributes") is None:
        cause = errors.Cause(
            "spec.resourceAttributes",
            "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must "
            "be specified",
        )
        raise errors.invalid("authorization.k8s.io", "SelfSubjectAccessReview", "", [cause])
    if asked is None:
        return _answer(review, {"allowed": _may_visit(spec["nonResourceAttributes"])})
    resource = asked.get("resource", "")
    if asked.get("subresource"):
        resource = f"{resource}/{asked['subresource']}"
    allowed = role.allows(asked.get("verb", ""), asked.get("group", ""), resource)
    status: dict[str, Any] = {"allowed": allowed}
    if allowed and resource in role.metadata_only:
        status["reason"] = "metadata only"
    return _answer(review, status)


def _may_visit(asked: Manifest) -> bool:
    path = asked.get("path", "")
    return asked.get("verb") == "get" and any(
        path == known or (known.endswith("*") and path.startswith(known[:-1]))
        for known in _PUBLIC_PATHS
    )


def review_rules(role: Role, review: Manifest) -> Manifest:
    """Answer a SelfSubjectRulesReview with every rule of the role."""
    status = {
        "resourceRules": [rule.as_json() for rule in role.rules],
        "nonResourceRules": [{"verbs": _EVERYONE, "nonResourceURLs": _PUBLIC_PATHS}],
        "incomplete": False,
    }
    return _answer(review, status)


def review_self(role: Role) -> Manifest:
    """Answer a SelfSubjectReview (``kubectl auth whoami``)."""
    groups = ["system:authenticated"]
    if role.username.startswith("system:serviceaccount:"):
        namespace = role.username.split(":")[2]
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", *groups]
    return {
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"creationTimestamp": None},
        "status": {"userInfo": {"username": role.username, "groups": groups}},
    }


def _answer(review: Manifest, status: Manifest) -> Manifest:
    return {
        "kind": review.get("kind", "SelfSubjectAccessReview"),
        "apiVersion": _API_VERSION,
        "metadata": {"creationTimestamp": None},
        "spec": review.get("spec") or {},
        "status": status,
    }
