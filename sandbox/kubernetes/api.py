"""The Kubernetes REST API as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.kubernetes import authorization, discovery, errors
from sandbox.kubernetes.authentication import authenticated
from sandbox.kubernetes.controllers import Controllers
from sandbox.kubernetes.deleting import delete_many, delete_one, evict
from sandbox.kubernetes.logs import read_log
from sandbox.kubernetes.reading import read_many, read_one
from sandbox.kubernetes.requests import flag, parse_target, read_object
from sandbox.kubernetes.roles import Role
from sandbox.kubernetes.scaling import patch_scale, read_scale, replace_scale
from sandbox.kubernetes.server import Backend, Call, failure
from sandbox.kubernetes.store import ObjectStore
from sandbox.kubernetes.watching import watch
from sandbox.kubernetes.writing import create, patch, replace
from sandbox.world.ports import World

Endpoint = Callable[[Request, Backend, Role], Awaitable[Response]]
Handler = Callable[[Call], Awaitable[Response]]
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

_COLLECTION: dict[str, Handler] = {"GET": read_many, "POST": create, "DELETE": delete_many}
_ITEM: dict[str, Handler] = {
    "GET": read_one,
    "PUT": replace,
    "PATCH": patch,
    "DELETE": delete_one,
}
_SUBRESOURCES: dict[str, dict[str, Handler]] = {
    "status": {"GET": read_one, "PUT": replace, "PATCH": patch},
    "scale": {"GET": read_scale, "PUT": replace_scale, "PATCH": patch_scale},
    "log": {"GET": read_log},
    "eviction": {"POST": evict},
}


def create_app(
    store: ObjectStore,
    world: World,
    tokens: Mapping[str, Role],
    controllers: Controllers | None = None,
) -> Starlette:
    """The API server over ``store``, with logs, events and pod health from ``world``.

    Mount it anywhere. Its lifespan drives the controllers; an application that mounts it should
    enter ``app.router.lifespan_context(app)`` in its own lifespan, else controllers act only when
    requests come in. They are at ``app.state.controllers``.
    """
    controllers = controllers or Controllers(store, world)
    backend = Backend(store, world, controllers, tokens)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with controllers.running():
            yield

    app = Starlette(routes=_routes(backend), lifespan=lifespan)
    app.state.controllers = controllers
    return app


def _routes(backend: Backend) -> list[Route]:
    def guarded(path: str, endpoint: Endpoint, methods: list[str] | None = None) -> Route:
        async def answer(request: Request) -> Response:
            try:
                role = authenticated(request, backend.tokens)
                backend.controllers.advance(backend.world.now())
                return await endpoint(request, backend, role)
            except errors.ApiError as error:
                return failure(error)

        return Route(path, answer, methods=methods or ["GET"])

    return [
        *(Route(f"/{name}", _healthy) for name in ("healthz", "livez", "readyz")),
        Route("/version", _version),
        Route("/version/", _version),
        guarded("/api", _api_versions),
        guarded("/apis", _api_groups),
        guarded("/api/v1", _api_resources),
        guarded("/apis/{group}", _api_group),
        guarded("/apis/{group}/{version}", _api_resources),
        guarded("/openapi/v3", _openapi_index),
        guarded("/openapi/v3/{path:path}", _openapi_document),
        guarded("/apis/{group}/v1/selfsubject{what}", _review, ["POST"]),
        guarded("/api/{version}/{rest:path}", _resources, _METHODS),
        guarded("/apis/{group}/{version}/{rest:path}", _resources, _METHODS),
        guarded("/{rest:path}", _nothing_here, _METHODS),
    ]


async def _healthy(_: Request) -> Response:
    return PlainTextResponse("ok")


async def _version(_: Request) -> Response:
    return JSONResponse(discovery.VERSION)


async def _api_versions(_: Request, __: Backend, ___: Role) -> Response:
    return JSONResponse(discovery.api_versions())


async def _api_groups(_: Request, __: Backend, ___: Role) -> Response:
    return JSONResponse(discovery.api_groups())


async def _api_group(request: Request, _: Backend, __: Role) -> Response:
    return _found(discovery.api_group(request.path_params["group"]))


async def _api_resources(request: Request, _: Backend, __: Role) -> Response:
    parameters = request.path_params
    group_version = "/".join([parameters["group"], parameters["version"]]) if parameters else "v1"
    return _found(discovery.api_resources(group_version))


async def _openapi_index(_: Request, __: Backend, ___: Role) -> Response:
    return JSONResponse(discovery.openapi_index())


async def _openapi_document(request: Request, _: Backend, __: Role) -> Response:
    return _found(discovery.openapi_document(request.path_params["path"]))


async def _nothing_here(_: Request, __: Backend, ___: Role) -> Response:
    raise errors.page_not_found()


def _found(document: dict[str, Any] | None) -> Response:
    if document is None:
        raise errors.page_not_found()
    return JSONResponse(document)


async def _review(request: Request, _: Backend, role: Role) -> Response:
    group, what = request.path_params["group"], request.path_params["what"]
    body = await read_object(request)
    match group, what:
        case "authorization.k8s.io", "accessreviews":
            return JSONResponse(authorization.review_access(role, body), 201)
        case "authorization.k8s.io", "rulesreviews":
            return JSONResponse(authorization.review_rules(role, body), 201)
        case "authentication.k8s.io", "reviews":
            return JSONResponse(authorization.review_self(role), 201)
    raise errors.page_not_found()


async def _resources(request: Request, backend: Backend, role: Role) -> Response:
    parameters = request.path_params
    target = parse_target(parameters.get("group", ""), parameters["version"], parameters["rest"])
    call = Call(backend, request, target, role)
    if request.method == "GET" and not target.subresource and flag(request, "watch"):
        return await watch(call)
    if target.subresource:
        handlers = _SUBRESOURCES[target.subresource]
    else:
        handlers = _ITEM if target.name else _COLLECTION
    handler = handlers.get(request.method)
    if handler is None:
        raise errors.method_not_allowed()
    return await handler(call)
