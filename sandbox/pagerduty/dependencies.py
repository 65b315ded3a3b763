"""Business services and what stands on what."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.pagerduty import parameters
from sandbox.pagerduty.directory import Directory, business_id, made_id
from sandbox.pagerduty.errors import NotFound
from sandbox.pagerduty.incidents import views_of
from sandbox.pagerduty.views import Json


def list_business_services(request: Request) -> Response:
    """``GET /business_services``."""
    names = sorted(parameters.directory_of(request).company.business_services)
    return parameters.page(request, "business_services", names, views_of(request).business_service)


def get_business_service(request: Request) -> Response:
    """``GET /business_services/{id}``."""
    name = parameters.directory_of(request).business_service(request.path_params["id"])
    if name is None:
        raise NotFound
    return JSONResponse({"business_service": views_of(request).business_service(name)})


def of_business_service(request: Request) -> Response:
    """``GET /service_dependencies/business_services/{id}``: the services that it stands on."""
    directory = parameters.directory_of(request)
    name = directory.business_service(request.path_params["id"])
    if name is None:
        raise NotFound
    return JSONResponse({"relationships": _business_relations(directory, name)})


def of_technical_service(request: Request) -> Response:
    """``GET /service_dependencies/technical_services/{id}``: both what it stands on and what stands on it."""
    directory = parameters.directory_of(request)
    service = directory.service(request.path_params["id"])
    if service is None:
        raise NotFound
    relations = [
        _relation(_technical(supporting.pagerduty_id), _technical(dependent.pagerduty_id))
        for dependent in directory.services
        for supporting in directory.services
        if supporting.name in dependent.depends_on
        and service.name in (supporting.name, dependent.name)
    ]
    relations += [
        relation
        for name in directory.company.business_services
        for relation in _business_relations(directory, name)
        if relation["supporting_service"]["id"] == service.pagerduty_id
    ]
    return JSONResponse({"relationships": relations})


def _business_relations(directory: Directory, name: str) -> list[Json]:
    dependent = {"id": business_id(name), "type": "business_service_reference"}
    names = directory.company.business_services[name]
    services = [directory.service_by_name(each) for each in names]
    return [_relation(_technical(s.pagerduty_id), dependent) for s in services if s is not None]


def _technical(service_id: str) -> dict[str, str]:
    return {"id": service_id, "type": "technical_service_reference"}


def _relation(supporting: dict[str, str], dependent: dict[str, str]) -> Json:
    return {
        "id": made_id("D", supporting["id"], dependent["id"]),
        "type": "service_dependency",
        "supporting_service": supporting,
        "dependent_service": dependent,
    }


ROUTES = [
    Route("/business_services", list_business_services, methods=["GET"]),
    Route("/business_services/{id}", get_business_service, methods=["GET"]),
    Route("/service_dependencies/business_services/{id}", of_business_service, methods=["GET"]),
    Route("/service_dependencies/technical_services/{id}", of_technical_service, methods=["GET"]),
]
