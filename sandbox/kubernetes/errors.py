"""Failures of the API server, each of which is answered as a ``metav1.Status``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cause:
    """One field that is wrong: ``reason`` is a ``CauseType`` such as ``FieldValueInvalid``."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"

    def as_json(self) -> dict[str, str]:
        """The cause as ``metav1.StatusCause``."""
        return {"reason": self.reason, "message": self.message, "field": self.field}


class ApiError(Exception):
    """A request that the API server refuses; carries the HTTP code and the Status' reason."""

    def __init__(
        self, code: int, reason: str, message: str, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details or {}

    def status(self) -> dict[str, Any]:
        """The failure as a ``metav1.Status`` object."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if self.details:
            body["details"] = self.details
        return body


def _details(group: str, plural: str, name: str = "") -> dict[str, Any]:
    details = {"name": name, "group": group, "kind": plural}
    return {key: value for key, value in details.items() if value}


def qualified(group: str, plural: str) -> str:
    """``deployments.apps``, or just ``pods`` in the core group."""
    return f"{plural}.{group}" if group else plural


def bad_request(message: str) -> ApiError:
    """The request makes no sense (400)."""
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """No token, or one that nobody has issued (401)."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(group: str, plural: str, name: str, why: str) -> ApiError:
    """The user's role does not allow it (403)."""
    named = f' "{name}"' if name else ""
    message = f"{qualified(group, plural)}{named} is forbidden: {why}"
    return ApiError(403, "Forbidden", message, _details(group, plural, name))


def page_not_found() -> ApiError:
    """No such path or resource type (404)."""
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def not_found(group: str, plural: str, name: str) -> ApiError:
    """No object of that name (404)."""
    message = f'{qualified(group, plural)} "{name}" not found'
    return ApiError(404, "NotFound", message, _details(group, plural, name))


def already_exists(group: str, plural: str, name: str) -> ApiError:
    """An object of that name is there already (409)."""
    message = f'{qualified(group, plural)} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, _details(group, plural, name))


def conflict(group: str, plural: str, name: str, why: str) -> ApiError:
    """Someone else changed the object, or a precondition failed (409)."""
    message = f'Operation cannot be fulfilled on {qualified(group, plural)} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(group, plural, name))


STALE = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def apply_conflict(causes: Sequence[tuple[str, str]]) -> ApiError:
    """Server-side apply touches fields that other managers own (409); pairs of manager and field."""
    listed = [
        Cause(field, f'conflict with "{manager}"', "FieldManagerConflict").as_json()
        for manager, field in causes
    ]
    by_manager: dict[str, list[str]] = {}
    for manager, field in causes:
        by_manager.setdefault(manager, []).append(field)
    if len(causes) == 1:
        manager, field = causes[0]
        message = f'Apply failed with 1 conflict: conflict with "{manager}": {field}'
    else:
        parts = [
            f'conflicts with "{manager}":\n' + "\n".join(f"- {field}" for field in fields)
            for manager, fields in by_manager.items()
        ]
        message = f"Apply failed with {len(causes)} conflicts: " + "\n".join(parts)
    return ApiError(409, "Conflict", message, {"causes": listed})


def gone(message: str) -> ApiError:
    """The resourceVersion or continue token is older than what is kept (410)."""
    return ApiError(410, "Expired", message)


def too_large_version(wanted: int, current: int) -> ApiError:
    """The resourceVersion has not come yet (504)."""
    message = f"Too large resource version: {wanted}, current: {current}"
    return ApiError(504, "Timeout", message)


def invalid(group: str, kind: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """The object does not pass validation (422)."""
    told = [f"{cause.field}: {cause.message}" for cause in causes]
    joined = told[0] if len(told) == 1 else "[" + ", ".join(told) + "]"
    message = f'{qualified(group, kind)} "{name}" is invalid: {joined}'
    details = _details(group, kind, name) | {"causes": [cause.as_json() for cause in causes]}
    return ApiError(422, "Invalid", message, details)


def unsupported_media_type(content_type: str, accepted: Sequence[str]) -> ApiError:
    """The body is of a type that the server does not read (415)."""
    message = (
        f"the body of the request was in an unknown format - accepted media types include: "
        f"{', '.join(accepted)} (got {content_type!r})"
    )
    return ApiError(415, "UnsupportedMediaType", message)


def method_not_allowed() -> ApiError:
    """The resource does not support that verb (405)."""
    return ApiError(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
    )


def disruption_refused(budget: str, desired: int, healthy: int) -> ApiError:
    """An eviction that would break a PodDisruptionBudget (429)."""
    why = f"The disruption budget {budget} needs {desired} healthy pods and has {healthy} currently"
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    details = {"causes": [Cause("", why, "DisruptionBudget").as_json()]}
    return ApiError(429, "TooManyRequests", message, details)
