"""Reading a request: what it is about, in which form the answer is wanted, what the body says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import yaml
from starlette.requests import Request

from sandbox.kubernetes import errors, protobuf
from sandbox.kubernetes.resources import Resource, by_path

_ITEM_SUBRESOURCES_OF_NAMESPACES = ("status", "finalize")
_JSON = "application/json"
_YAML = "application/yaml"


@dataclass(frozen=True)
class Target:
    """What a path names: a resource, perhaps in a namespace, perhaps one object or a part of it."""

    resource: Resource
    namespace: str | None
    """None means all namespaces, or a cluster-scoped resource."""
    name: str = ""
    subresource: str = ""

    @property
    def store_namespace(self) -> str:
        """The namespace part of the store's key."""
        return self.namespace or ""

    @property
    def permission(self) -> str:
        """The resource as RBAC rules name it: ``pods/log``."""
        plural = self.resource.plural
        return f"{plural}/{self.subresource}" if self.subresource else plural

    def missing(self) -> errors.ApiError:
        """The 404 for the object that the path names."""
        return errors.not_found(self.resource.group, self.resource.plural, self.name)


def parse_target(group: str, version: str, rest: str) -> Target:
    """Read what follows ``/api/v1`` or ``/apis/<group>/<version>``; raises ApiError 404."""
    parts = [part for part in rest.split("/") if part]
    namespace: str | None = None
    within = len(parts) > 2 and parts[0] == "namespaces"
    if within and parts[2] not in _ITEM_SUBRESOURCES_OF_NAMESPACES:
        namespace, parts = parts[1], parts[2:]
    if not 1 <= len(parts) <= 3:
        raise errors.page_not_found()
    resource = by_path(group, version, parts[0])
    name, subresource = [*parts[1:], "", ""][:2]
    if resource is None or (namespace is not None and not resource.namespaced):
        raise errors.page_not_found()
    if name and resource.namespaced and namespace is None:
        raise errors.page_not_found()
    if subresource and subresource not in resource.subresources:
        raise errors.page_not_found()
    return Target(resource, namespace, name, subresource)


@dataclass(frozen=True)
class Wanted:
    """The form of the answer: whole objects, their metadata, or a table."""

    form: str = "object"
    """``object``, ``metadata`` or ``table``."""

    @property
    def hides_contents(self) -> bool:
        """Whether nothing but metadata (and printed columns) leaves the server."""
        return self.form != "object"


def wanted_form(request: Request) -> Wanted:
    """Negotiate by the Accept header; raises ApiError 406 when nothing fits."""
    accept = request.headers.get("accept", "*/*") or "*/*"
    for clause in accept.split(","):
        media, *parameters = [part.strip() for part in clause.split(";")]
        if media not in (_JSON, "*/*", "application/*"):
            continue
        options = dict(part.split("=", 1) for part in parameters if "=" in part)
        shape = options.get("as", "")
        if shape == "Table":
            return Wanted("table")
        if shape.startswith("PartialObjectMetadata"):
            return Wanted("metadata")
        if not shape:
            return Wanted()
    message = "only the following media types are accepted: application/json"
    raise errors.ApiError(406, "NotAcceptable", message)


def content_type(request: Request) -> str:
    """The body's media type, without parameters."""
    return request.headers.get("content-type", _JSON).split(";")[0].strip()


async def read_body(request: Request, accepted: tuple[str, ...] = (_JSON, _YAML)) -> Any:
    """The body as data; raises ApiError 415 (media type) or 400 (cannot be read)."""
    media = content_type(request)
    if media not in accepted:
        raise errors.unsupported_media_type(media, accepted)
    raw = await request.body()
    try:
        body = yaml.safe_load(raw) if "yaml" in media else json.loads(raw)
        json.dumps(body, ensure_ascii=False, default=str).encode()  # no lone surrogates
    except (ValueError, yaml.YAMLError) as error:
        raise errors.bad_request(f"the body could not be read: {error!r}") from error
    return body


async def read_object(request: Request) -> dict[str, Any]:
    """The body as one object; raises ApiError 400 when it is none."""
    if content_type(request) == protobuf.MEDIA_TYPE:
        return protobuf.decode_object(await request.body())
    body = await read_body(request)
    if not isinstance(body, dict):
        raise errors.bad_request("the body must be one object")
    return body


def flag(request: Request, name: str, default: bool = False) -> bool:
    """A boolean query parameter."""
    value = request.query_params.get(name)
    return default if value is None else value.lower() in ("true", "1", "")


def number(request: Request, name: str) -> int | None:
    """A non-negative whole query parameter, None if absent; raises ApiError 400."""
    value = request.query_params.get(name)
    if value is None or value == "":
        return None
    if not value.isdecimal():
        raise errors.bad_request(f'strconv.ParseInt: parsing "{value}": invalid syntax ({name})')
    return int(value)


def is_dry_run(request: Request, body: Any = None) -> bool:
    """Whether nothing may be stored; raises ApiError 400 for a value other than ``All``."""
    values = request.query_params.getlist("dryRun")
    if isinstance(body, dict):
        values = values + list(body.get("dryRun") or ())
    if any(value != "All" for value in values):
        raise errors.bad_request(f"Unsupported value for dryRun: {values}")
    return bool(values)


def field_manager(request: Request) -> str:
    """Who writes: the query parameter, or the user agent's first word."""
    agent = request.headers.get("user-agent", "unknown").split("/")[0]
    return request.query_params.get("fieldManager") or agent[:128] or "unknown"
