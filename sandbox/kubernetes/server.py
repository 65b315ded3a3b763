"""What every handler works with: the cluster behind the API and one authenticated call to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.kubernetes import errors
from sandbox.kubernetes.controllers import Controllers
from sandbox.kubernetes.requests import Target, wanted_form
from sandbox.kubernetes.roles import Role
from sandbox.kubernetes.store import ObjectStore
from sandbox.world.ports import World

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Backend:
    """The cluster behind the API."""

    store: ObjectStore
    world: World
    controllers: Controllers
    tokens: Mapping[str, Role]


@dataclass(frozen=True)
class Call:
    """One authenticated request about one target."""

    backend: Backend
    request: Request
    target: Target
    role: Role

    @property
    def store(self) -> ObjectStore:
        """The cluster's objects."""
        return self.backend.store

    def permit(self, verb: str) -> None:
        """Raise ApiError 403 unless the role may do ``verb`` on the target."""
        target = self.target
        resource = target.resource
        if not self.role.allows(verb, resource.group, target.permission):
            raise self._forbidden(verb, "")
        hidden = resource.plural in self.role.metadata_only and verb in ("list", "watch")
        if hidden and not self._hides_contents():
            raise self._forbidden(verb, ": this role sees metadata only")

    def _hides_contents(self) -> bool:
        include = self.request.query_params.get("includeObject", "Metadata")
        return wanted_form(self.request).hides_contents and include != "Object"

    def _forbidden(self, verb: str, more: str) -> errors.ApiError:
        target = self.target
        where = f' in the namespace "{target.namespace}"' if target.namespace else ""
        scope = where or " at the cluster scope"
        why = (
            f'User "{self.role.username}" cannot {verb} resource "{target.permission}" '
            f'in API group "{target.resource.group}"{scope}{more}'
        )
        return errors.forbidden(target.resource.group, target.resource.plural, target.name, why)

    def existing(self) -> Manifest:
        """The object that the path names; raises ApiError 404."""
        target = self.target
        found = self.store.get(target.resource.kind, target.store_namespace, target.name)
        if found is None:
            raise target.missing()
        return found


def success(target: Target, uid: str = "") -> Manifest:
    """A ``metav1.Status`` that says the thing was done."""
    details = {
        "name": target.name,
        "group": target.resource.group,
        "kind": target.resource.plural,
        "uid": uid,
    }
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }


def failure(error: errors.ApiError) -> JSONResponse:
    """The answer to a refused request."""
    return JSONResponse(error.status(), error.code)
