"""The endpoints that answer metric queries: v1 query, v2 timeseries and scalar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.datadog import parameters
from sandbox.datadog.errors import BadRequest
from sandbox.datadog.metrics.evaluate import Evaluator
from sandbox.datadog.metrics.interval import Grid, grid
from sandbox.datadog.metrics.metadata import describe
from sandbox.datadog.metrics.parser import parse_queries, parse_query
from sandbox.datadog.metrics.series import Series, Values, last_point, reduced
from sandbox.datadog.metrics.syntax import (
    Expression,
    MetricQuery,
    Name,
    metric_queries,
    rendered,
)
from sandbox.world.ports import World

_EARLIEST = timedelta(days=460)


def query_v1(request: Request) -> Response:
    """``GET /api/v1/query``: series of one or several comma-separated queries."""
    arguments = request.query_params
    start = parameters.seconds_time(arguments, "from")
    end = parameters.seconds_time(arguments, "to")
    text = parameters.text(arguments, "query")
    if not text.strip():
        raise BadRequest("The parameter 'query' is required")
    _check_window(start, end)
    expressions = parse_queries(text)
    points = grid(start, end, _explicit_interval(expressions))
    evaluator = Evaluator(parameters.world_of(request), points)
    series = [
        _series_v1(expression, index, each, points)
        for index, expression in enumerate(expressions)
        for each in evaluator.evaluate(expression)
        if not np.isnan(each.values).all()
    ]
    return JSONResponse(
        {
            "status": "ok",
            "res_type": "time_series",
            "resp_version": 1,
            "query": text,
            "from_date": parameters.to_ms(start),
            "to_date": parameters.to_ms(end),
            "series": series,
            "values": [],
            "times": [],
            "message": "",
            "group_by": sorted({key for e in expressions for key in _group_by(e)}),
        }
    )


async def timeseries(request: Request) -> Response:
    """``POST /api/v2/query/timeseries``: queries by name, and formulas over them."""
    body = await parameters.json_body(request)
    attributes = _attributes(body, "timeseries_request")
    return await run_in_threadpool(_timeseries, parameters.world_of(request), attributes)


async def scalar(request: Request) -> Response:
    """``POST /api/v2/query/scalar``: one number per group and formula."""
    body = await parameters.json_body(request)
    attributes = _attributes(body, "scalar_request")
    return await run_in_threadpool(_scalar, parameters.world_of(request), attributes)


def _timeseries(world: World, attributes: Mapping[str, Any]) -> Response:
    queries = _queries(attributes)
    interval = parameters.integer(attributes, "interval", 0) // 1000
    explicit = _explicit_interval(list(queries.values()))
    start, end = _window(attributes)
    points = grid(start, end, explicit or interval or None)
    evaluator = Evaluator(world, points, queries)
    series, values = [], []
    for index, (formula, limit) in enumerate(_formulas(attributes, queries)):
        for each in _limited(evaluator.evaluate(formula), limit):
            unit = _unit(_resolved(formula, queries))
            series.append({"group_tags": each.tag_set, "query_index": index, "unit": unit})
            values.append(_nullable(each.values))
    content = {"series": series, "times": points.times_ms, "values": values}
    return _answer("timeseries_response", content)


def _scalar(world: World, attributes: Mapping[str, Any]) -> Response:
    queries = _queries(attributes)
    aggregators = _scalar_aggregators(attributes)
    start, end = _window(attributes)
    points = grid(start, end, _explicit_interval(list(queries.values())))
    evaluator = Evaluator(world, points, queries)
    rows: dict[tuple[tuple[str, str], ...], dict[int, float]] = {}
    formulas = _formulas(attributes, queries)
    for index, (formula, limit) in enumerate(formulas):
        method = aggregators.get(formula.name, "avg") if isinstance(formula, Name) else "avg"
        for each in _limited(evaluator.evaluate(formula), limit):
            value = _aggregated(each.values, method)
            rows.setdefault(tuple(each.tags.items()), {})[index] = value
    return _answer("scalar_response", {"columns": _columns(rows, formulas, queries)})


def _columns(
    rows: Mapping[tuple[tuple[str, str], ...], Mapping[int, float]],
    formulas: list[tuple[Expression, Mapping[str, Any]]],
    queries: Mapping[str, Expression],
) -> list[dict[str, Any]]:
    keys = list(dict.fromkeys(key for group in rows for key, _ in group))
    groups = [
        {"name": key, "type": "group", "values": [[dict(group).get(key, "")] for group in rows]}
        for key in keys
    ]
    numbers = [
        {
            "name": rendered(formula),
            "type": "number",
            "values": _nullable(np.array([row.get(index, np.nan) for row in rows.values()])),
            "meta": {"unit": _unit(_resolved(formula, queries))},
        }
        for index, (formula, _) in enumerate(formulas)
    ]
    return groups + numbers


def _answer(kind: str, attributes: Mapping[str, Any]) -> Response:
    return JSONResponse({"data": {"type": kind, "attributes": attributes}})


def _attributes(body: Mapping[str, Any], kind: str) -> dict[str, Any]:
    data = parameters.section(body, "data")
    if data.get("type") != kind:
        raise BadRequest(f"input_validation_error(Field 'data.type' is invalid: must be '{kind}')")
    return parameters.section(data, "attributes")


def _window(attributes: Mapping[str, Any]) -> tuple[datetime, datetime]:
    start = parameters.milliseconds_time(attributes, "from")
    end = parameters.milliseconds_time(attributes, "to")
    _check_window(start, end)
    return start, end


def _check_window(start: datetime, end: datetime) -> None:
    if start >= end:
        raise BadRequest("The value provided for parameter 'from' must be before 'to'")
    if end - start > _EARLIEST:
        raise BadRequest("The time range is longer than metrics are kept")


def _queries(attributes: Mapping[str, Any]) -> dict[str, Expression]:
    """The named queries; an unnamed one is called by its position, ``a``, ``b``, ..."""
    raw = attributes.get("queries")
    if not isinstance(raw, list) or not raw:
        raise BadRequest("input_validation_error(Field 'queries' is invalid: must not be empty)")
    queries: dict[str, Expression] = {}
    for index, query in enumerate(raw):
        if not isinstance(query, dict) or query.get("data_source") != "metrics":
            raise BadRequest("input_validation_error(Field 'data_source' must be 'metrics')")
        name = parameters.text(query, "name", chr(ord("a") + index % 26))
        queries[name] = _metric_only(parameters.text(query, "query"))
    return queries


def _metric_only(text: str) -> Expression:
    """A query of v2, in which only formulas may refer to other queries."""
    expression = parse_query(text)
    if not metric_queries(expression):
        raise BadRequest(f"Error parsing query: \n unable to parse {text}: no metric in the query")
    return expression


def _formulas(
    attributes: Mapping[str, Any], queries: Mapping[str, Expression]
) -> list[tuple[Expression, Mapping[str, Any]]]:
    """Each formula with its limit; without formulas, each query by itself."""
    raw = attributes.get("formulas")
    if not raw:
        return [(Name(name), {}) for name in queries]
    if not isinstance(raw, list) or not all(isinstance(formula, dict) for formula in raw):
        raise BadRequest("input_validation_error(Field 'formulas' is invalid: must be a list)")
    return [
        (parse_query(parameters.text(f, "formula")), parameters.section(f, "limit")) for f in raw
    ]


def _limited(series: list[Series], limit: Mapping[str, Any]) -> list[Series]:
    if not limit:
        return series
    order: Literal["asc", "desc"] = "asc" if limit.get("order") == "asc" else "desc"
    sign = 1 if order == "asc" else -1
    ranked = sorted(series, key=lambda each: sign * np.nan_to_num(reduced(each.values, "avg")))
    return ranked[: parameters.integer(limit, "count", len(ranked))]


def _scalar_aggregators(attributes: Mapping[str, Any]) -> dict[str, str]:
    return {
        query.get("name", chr(ord("a") + index % 26)): str(query.get("aggregator", "avg"))
        for index, query in enumerate(attributes["queries"])
    }


def _aggregated(values: Values, method: str) -> float:
    match method:
        case "last":
            return last_point(values)
        case "l2norm":
            return float(np.sqrt(reduced(values**2, "sum")))
        case "area":
            return float(reduced(np.abs(values), "sum"))
        case "avg" | "mean" | "sum" | "min" | "max":
            return float(reduced(values, method))
    raise BadRequest(f"input_validation_error(Field 'aggregator' is invalid: '{method[:40]}')")


def _explicit_interval(expressions: list[Expression]) -> int | None:
    """The widest interval that a rollup of the request asks for."""
    rollups = [query.rollup for e in expressions for query in metric_queries(e)]
    return max((r.interval_seconds for r in rollups if r and r.interval_seconds), default=None)


def _group_by(expression: Expression) -> set[str]:
    return {key for query in metric_queries(expression) for key in query.group_by}


def _resolved(formula: Expression, queries: Mapping[str, Expression]) -> Expression:
    return queries.get(formula.name, formula) if isinstance(formula, Name) else formula


def _unit(expression: Expression) -> list[dict[str, Any] | None]:
    """The unit of a plain query; arithmetic and functions may change it, so it is not given."""
    unit = (
        describe(expression.metric).unit_object() if isinstance(expression, MetricQuery) else None
    )
    return [unit, None]


def _nullable(values: Values) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def _series_v1(expression: Expression, index: int, series: Series, points: Grid) -> dict[str, Any]:
    queries = metric_queries(expression)
    scope = ",".join(series.tag_set) or (queries[0].scope.text if queries else "*")
    pointlist = [
        [float(at), float(value)]
        for at, value in zip(points.times_ms, series.values, strict=True)
        if not np.isnan(value)
    ]
    plain = expression if isinstance(expression, MetricQuery) else None
    name = plain.metric if plain else rendered(expression)
    return {
        "metric": name,
        "display_name": name,
        "expression": rendered(expression),
        "aggr": plain.aggregator if plain else None,
        "scope": scope,
        "tag_set": series.tag_set,
        "query_index": index,
        "interval": points.interval_seconds,
        "length": len(pointlist),
        "start": int(pointlist[0][0]),
        "end": int(pointlist[-1][0]) + points.interval_seconds * 1000 - 1,
        "unit": _unit(expression),
        "pointlist": pointlist,
        "attributes": {},
    }


ROUTES = [
    Route("/api/v1/query", query_v1, methods=["GET"]),
    Route("/api/v2/query/timeseries", timeseries, methods=["POST"]),
    Route("/api/v2/query/scalar", scalar, methods=["POST"]),
]
