"""The service catalogue and the APM dependency map."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.datadog import parameters
from sandbox.datadog.errors import BadRequest, NotFound
from sandbox.world.ports import Company, Service, World

_SCHEMA_VERSION = "v2.2"
_TYPES = {"service": "web", "datastore": "db", "queue": "queue", "job": "custom"}
# Jobs run too briefly and without a tracer, so APM does not know them; catalogue entries do.
_TRACED_KINDS = {"service", "datastore", "queue"}


def list_definitions(request: Request) -> Response:
    """``GET /api/v2/services/definitions``."""
    arguments = request.query_params
    size = parameters.integer(arguments, "page[size]", 10, limit=1000)
    first = parameters.integer(arguments, "page[number]", 0) * size
    _check_schema_version(request)
    world = parameters.world_of(request)
    services = sorted(world.company.services, key=lambda service: service.name)
    return JSONResponse({"data": [_definition(world, s) for s in services[first : first + size]]})


def get_definition(request: Request) -> Response:
    """``GET /api/v2/services/definitions/{name}``."""
    _check_schema_version(request)
    world = parameters.world_of(request)
    for service in world.company.services:
        if service.name == request.path_params["name"]:
            return JSONResponse({"data": _definition(world, service)})
    raise NotFound("Not Found")


def all_dependencies(request: Request) -> Response:
    """``GET /api/v1/service_dependencies``: for each traced service, what it calls."""
    company = _traced(request)
    return JSONResponse({name: {"calls": sorted(calls)} for name, calls in company.items()})


def dependencies_of(request: Request) -> Response:
    """``GET /api/v1/service_dependencies/{name}``: what one service calls and is called by."""
    calls = _traced(request)
    name = request.path_params["name"]
    if name not in calls:
        raise NotFound(f"Service {name} not found")
    callers = sorted(caller for caller, called in calls.items() if name in called)
    return JSONResponse({"name": name, "calls": sorted(calls[name]), "called_by": callers})


def _traced(request: Request) -> dict[str, list[str]]:
    env = parameters.text(request.query_params, "env")
    if not env:
        raise BadRequest("The parameter 'env' is required")
    company = parameters.world_of(request).company
    traced = {s.name: s for s in company.services if s.kind in _TRACED_KINDS}
    return {
        name: [called for called in service.depends_on if called in traced]
        for name, service in traced.items()
    }


def _check_schema_version(request: Request) -> None:
    version = request.query_params.get("schema_version", _SCHEMA_VERSION)
    if version not in {"v1", "v2", "v2.1", "v2.2"}:
        raise BadRequest(f"invalid schema_version '{version[:20]}'")


def _definition(world: World, service: Service) -> dict[str, Any]:
    meta = {
        "origin": "github",
        "origin-detail": "service.datadog.yaml",
        "ingestion-source": "github",
        "ingested-schema-version": _SCHEMA_VERSION,
        "last-modified-time": parameters.iso(world.now().replace(hour=0, minute=0, second=0)),
        "github-html-url": service.repository,
        "warnings": [],
    }
    return {
        "id": service.name,
        "type": "service-definition",
        "attributes": {"meta": meta, "schema": _schema(world.company, service)},
    }


def _schema(company: Company, service: Service) -> dict[str, Any]:
    team = next((team for team in company.teams if team.handle == service.team), None)
    contacts = [
        {"type": "slack", "name": team.name, "contact": f"#{channel.name}"}
        for channel in company.channels
        if team and channel.name == f"team-{team.handle}"
    ]
    links = [
        {"name": name, "type": kind, "provider": "git", "url": url}
        for name, kind, url in (
            ("Runbook", "runbook", service.runbook),
            ("Source", "repo", service.repository),
        )
        if url
    ]
    integrations = {}
    if service.pagerduty_id:
        site = f"https://{company.name.lower()}.pagerduty.com"
        url = f"{site}/service-directory/{service.pagerduty_id}"
        integrations = {"pagerduty": {"service-url": url}}
    return {
        "schema-version": _SCHEMA_VERSION,
        "dd-service": service.name,
        "team": service.team,
        "description": service.description,
        "tier": str(service.tier),
        "lifecycle": "production",
        "type": _TYPES[service.kind],
        "languages": [service.language] if service.language else [],
        "application": company.name,
        "contacts": contacts,
        "links": links,
        "integrations": integrations,
        "tags": [f"tier:{service.tier}", f"team:{service.team}"],
    }


ROUTES = [
    Route("/api/v1/service_dependencies", all_dependencies, methods=["GET"]),
    Route("/api/v1/service_dependencies/{name}", dependencies_of, methods=["GET"]),
    Route("/api/v2/services/definitions", list_definitions, methods=["GET"]),
    Route("/api/v2/services/definitions/{name}", get_definition, methods=["GET"]),
]
