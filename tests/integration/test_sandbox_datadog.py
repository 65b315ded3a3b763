"""The Datadog sandbox as Datadog's own client sees it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException, ForbiddenException, NotFoundException
from datadog_api_client.v1.api.authentication_api import AuthenticationApi
from datadog_api_client.v1.api.events_api import EventsApi as EventsApiV1
from datadog_api_client.v1.api.hosts_api import HostsApi
from datadog_api_client.v1.api.metrics_api import MetricsApi as MetricsApiV1
from datadog_api_client.v1.api.monitors_api import MonitorsApi
from datadog_api_client.v2.api.events_api import EventsApi
from datadog_api_client.v2.api.logs_api import LogsApi
from datadog_api_client.v2.api.metrics_api import MetricsApi
from datadog_api_client.v2.api.service_definition_api import ServiceDefinitionApi
from datadog_api_client.v2.api.spans_api import SpansApi
from datadog_api_client.v2.model.events_list_request import EventsListRequest
from datadog_api_client.v2.model.events_query_filter import EventsQueryFilter
from datadog_api_client.v2.model.formula_limit import FormulaLimit
from datadog_api_client.v2.model.logs_aggregate_request import LogsAggregateRequest
from datadog_api_client.v2.model.logs_aggregation_function import LogsAggregationFunction
from datadog_api_client.v2.model.logs_compute import LogsCompute
from datadog_api_client.v2.model.logs_compute_type import LogsComputeType
from datadog_api_client.v2.model.logs_group_by import LogsGroupBy
from datadog_api_client.v2.model.logs_list_request import LogsListRequest
from datadog_api_client.v2.model.logs_list_request_page import LogsListRequestPage
from datadog_api_client.v2.model.logs_query_filter import LogsQueryFilter
from datadog_api_client.v2.model.logs_sort import LogsSort
from datadog_api_client.v2.model.metrics_aggregator import MetricsAggregator
from datadog_api_client.v2.model.metrics_data_source import MetricsDataSource
from datadog_api_client.v2.model.metrics_scalar_query import MetricsScalarQuery
from datadog_api_client.v2.model.metrics_timeseries_query import MetricsTimeseriesQuery
from datadog_api_client.v2.model.query_formula import QueryFormula
from datadog_api_client.v2.model.query_sort_order import QuerySortOrder
from datadog_api_client.v2.model.scalar_formula_query_request import ScalarFormulaQueryRequest
from datadog_api_client.v2.model.scalar_formula_request import ScalarFormulaRequest
from datadog_api_client.v2.model.scalar_formula_request_attributes import (
    ScalarFormulaRequestAttributes,
)
from datadog_api_client.v2.model.scalar_formula_request_queries import ScalarFormulaRequestQueries
from datadog_api_client.v2.model.scalar_formula_request_type import ScalarFormulaRequestType
from datadog_api_client.v2.model.service_definition_schema_versions import (
    ServiceDefinitionSchemaVersions,
)
from datadog_api_client.v2.model.spans_list_request import SpansListRequest
from datadog_api_client.v2.model.spans_list_request_attributes import SpansListRequestAttributes
from datadog_api_client.v2.model.spans_list_request_data import SpansListRequestData
from datadog_api_client.v2.model.spans_list_request_type import SpansListRequestType
from datadog_api_client.v2.model.spans_query_filter import SpansQueryFilter
from datadog_api_client.v2.model.timeseries_formula_query_request import (
    TimeseriesFormulaQueryRequest,
)
from datadog_api_client.v2.model.timeseries_formula_request import TimeseriesFormulaRequest
from datadog_api_client.v2.model.timeseries_formula_request_attributes import (
    TimeseriesFormulaRequestAttributes,
)
from datadog_api_client.v2.model.timeseries_formula_request_queries import (
    TimeseriesFormulaRequestQueries,
)
from datadog_api_client.v2.model.timeseries_formula_request_type import (
    TimeseriesFormulaRequestType,
)

from sandbox.datadog.api import create_app
from sandbox.rate_limit import RateLimit
from tests.unit.sandbox.datadog.fake_world import NOW, FakeWorld
from tests.unit.sandbox.datadog.serving import served

END = int(NOW.timestamp())
START = END - 3600
KEYS = {"apiKeyAuth": "sandbox-api-key", "appKeyAuth": "sandbox-app-key"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served("/datadog", create_app(FakeWorld())) as url:
        yield url


@pytest.fixture
def client(address: str) -> Iterator[ApiClient]:
    with ApiClient(Configuration(host=address, api_key=KEYS)) as api_client:
        yield api_client


def client_with(address: str, **keys: str) -> ApiClient:
    return ApiClient(Configuration(host=address, api_key=keys))


class TestKeys:
    def test_a_valid_api_key_alone_validates(self, address: str) -> None:
        client = client_with(address, apiKeyAuth="sandbox-api-key")
        assert AuthenticationApi(client).validate().valid is True

    @pytest.mark.parametrize(
        "keys",
        [
            {},
            {"apiKeyAuth": "sandbox-api-key"},
            {"apiKeyAuth": "sandbox-api-key", "appKeyAuth": "wrong"},
            {"apiKeyAuth": "wrong", "appKeyAuth": "sandbox-app-key"},
        ],
    )
    def test_anything_else_is_forbidden(self, address: str, keys: dict[str, str]) -> None:
        with pytest.raises(ForbiddenException) as refused:
            MonitorsApi(client_with(address, **keys)).list_monitors()
        assert refused.value.body["errors"] == ["Forbidden"]

    def test_the_client_backs_off_by_the_rate_limit_headers(self) -> None:
        app = create_app(FakeWorld(), RateLimit(requests=2, period_seconds=1))
        with served("/datadog", app) as url:
            configuration = Configuration(host=url, api_key=KEYS)
            api = AuthenticationApi(ApiClient(configuration))
            for _ in range(2):
                api.validate()
            with pytest.raises(ApiException) as refused:
                api.validate()
            assert refused.value.status == 429
            assert refused.value.headers["x-ratelimit-remaining"] == "0"
            configuration.enable_retry = True
            assert AuthenticationApi(ApiClient(configuration)).validate().valid is True


class TestMetrics:
    def test_v1_query_gives_one_series_per_group(self, client: ApiClient) -> None:
        answer = MetricsApiV1(client).query_metrics(
            START, END, "avg:cpu{service:cart,!env:staging} by {host}"
        )
        assert {(s.scope, s.pointlist[0].value[1]) for s in answer.series} == {
            ("host:web-1", 10.0),
            ("host:web-2", 30.0),
        }
        assert {s.interval for s in answer.series} == {20}

    def test_v1_query_of_an_unknown_metric_is_empty(self, client: ApiClient) -> None:
        assert MetricsApiV1(client).query_metrics(START, END, "avg:nothing{*}").series == []

    def test_v1_query_refuses_what_it_cannot_parse(self, client: ApiClient) -> None:
        with pytest.raises(ApiException) as refused:
            MetricsApiV1(client).query_metrics(START, END, "avg:cpu{service:cart")
        assert refused.value.status == 400
        assert "Error parsing query" in refused.value.body["errors"][0]

    def test_units_come_with_the_series(self, client: ApiClient) -> None:
        answer = MetricsApiV1(client).query_metrics(START, END, "avg:redis.mem.used{*}")
        assert answer.series[0].unit[0].name == "byte"

    def test_v2_timeseries_evaluates_formulas(self, client: ApiClient) -> None:
        answer = MetricsApi(client).query_timeseries_data(
            timeseries_request(
                "errors / hits * 100",
                errors="sum:trace.http.request.errors{service:cart}",
                hits="sum:trace.http.request.hits{service:cart}",
            )
        )
        attributes = answer.data.attributes
        assert set(attributes.values.value[0].value) == {5.0}
        assert len(attributes.times.value) == len(attributes.values.value[0].value)

    def test_v2_scalar_gives_a_column_per_group_and_formula(self, client: ApiClient) -> None:
        answer = MetricsApi(client).query_scalar_data(
            ScalarFormulaQueryRequest(
                data=ScalarFormulaRequest(
                    type=ScalarFormulaRequestType.SCALAR_REQUEST,
                    attributes=ScalarFormulaRequestAttributes(
                        _from=START * 1000,
                        to=END * 1000,
                        formulas=[
                            QueryFormula(
                                formula="a",
                                limit=FormulaLimit(count=2, order=QuerySortOrder.DESC),
                            )
                        ],
                        queries=ScalarFormulaRequestQueries(
                            [
                                MetricsScalarQuery(
                                    aggregator=MetricsAggregator.AVG,
                                    data_source=MetricsDataSource.METRICS,
                                    name="a",
                                    query="avg:cpu{*} by {host}",
                                )
                            ]
                        ),
                    ),
                )
            )
        )
        hosts, numbers = answer.data.attributes.columns
        assert hosts.values == [["db-1"], ["web-3"]]
        assert numbers.values == [90.0, 50.0]

    @pytest.mark.filterwarnings("ignore:list_metrics is deprecated")
    def test_the_catalogue(self, client: ApiClient) -> None:
        v1, v2 = MetricsApiV1(client), MetricsApi(client)
        assert v1.list_active_metrics(START, tag_filter="env:staging").metrics == ["cpu"]
        assert v1.get_metric_metadata("redis.mem.used").unit == "byte"
        assert v1.list_metrics("metrics:redis").results.metrics == ["redis.mem.used"]
        listed = v2.list_tag_configurations(filter_tags="service:auth AND env:production").data
        assert [metric.id for metric in listed] == ["cpu", "trace.http.request.hits"]
        tags = v2.list_tags_by_metric_name("cpu").data.attributes.tags
        assert "host:web-1" in tags and "service:cart" in tags

    def test_pages_of_metrics(self, client: ApiClient) -> None:
        listed = MetricsApi(client).list_tag_configurations_with_pagination(page_size=2)
        assert len({metric.id for metric in listed}) == 6

    def test_an_unknown_metric_is_not_found(self, client: ApiClient) -> None:
        with pytest.raises(NotFoundException):
            MetricsApiV1(client).get_metric_metadata("no.such")


def timeseries_request(formula: str, **queries: str) -> TimeseriesFormulaQueryRequest:
    return TimeseriesFormulaQueryRequest(
        data=TimeseriesFormulaRequest(
            type=TimeseriesFormulaRequestType.TIMESERIES_REQUEST,
            attributes=TimeseriesFormulaRequestAttributes(
                _from=START * 1000,
                to=END * 1000,
                formulas=[QueryFormula(formula=formula)],
                queries=TimeseriesFormulaRequestQueries(
                    [
                        MetricsTimeseriesQuery(
                            data_source=MetricsDataSource.METRICS, name=name, query=query
                        )
                        for name, query in queries.items()
                    ]
                ),
            ),
        )
    )


class TestMonitors:
    def test_states_follow_the_telemetry(self, client: ApiClient) -> None:
        states = {m.id: str(m.overall_state) for m in MonitorsApi(client).list_monitors()}
        assert states == {1: "Alert", 2: "Warn", 3: "Alert", 4: "No Data", 5: "OK", 6: "Alert"}

    def test_list_filters(self, client: ApiClient) -> None:
        api = MonitorsApi(client)
        assert [m.id for m in api.list_monitors(monitor_tags="team:payments")] == [5]
        assert [m.id for m in api.list_monitors(tags="env:production")] == [1, 2]
        assert [m.id for m in api.list_monitors(name="cpu BY")] == [3]
        assert [m.id for m in api.list_monitors(page=1, page_size=2)] == [3, 4]

    def test_group_states(self, client: ApiClient) -> None:
        found = MonitorsApi(client).get_monitor(3, group_states="all")
        groups = {name: str(group.status) for name, group in found.state.groups.items()}
        assert groups == {"host:web-1": "OK", "host:web-2": "OK", "host:web-3": "Alert"}
        assert found.multi is True

    def test_search(self, client: ApiClient) -> None:
        found = MonitorsApi(client).search_monitors(query='status:Alert tag:"service:cart"')
        assert {monitor.id for monitor in found.monitors} == {1, 3, 6}
        assert found.metadata.total_count == 3
        assert found.monitors[0].last_triggered_ts is not None

    def test_an_unknown_monitor_is_not_found(self, client: ApiClient) -> None:
        with pytest.raises(NotFoundException) as refused:
            MonitorsApi(client).get_monitor(999)
        assert refused.value.body["errors"] == ["Monitor not found"]


class TestLogs:
    def test_search_pages_through_every_match_once(self, client: ApiClient) -> None:
        request = LogsListRequest(
            filter=LogsQueryFilter(query="service:cart", _from="now-1h", to="now"),
            page=LogsListRequestPage(limit=4),
            sort=LogsSort.TIMESTAMP_ASCENDING,
        )
        logs = list(LogsApi(client).list_logs_with_pagination(body=request))
        times = [log.attributes.timestamp for log in logs]
        assert len({log.id for log in logs}) == 15
        assert times == sorted(times)

    def test_get_form(self, client: ApiClient) -> None:
        found = LogsApi(client).list_logs_get(
            filter_query='status:error "connection pool" -service:auth',
            filter_from=NOW - timedelta(hours=1),
            filter_to=NOW,
        )
        assert [log.attributes.attributes["age"] for log in found.data] == [5, 15, 25]

    def test_aggregate_counts_by_facet(self, client: ApiClient) -> None:
        answer = LogsApi(client).aggregate_logs(
            LogsAggregateRequest(
                compute=[
                    LogsCompute(aggregation=LogsAggregationFunction.COUNT),
                    LogsCompute(
                        aggregation=LogsAggregationFunction.COUNT,
                        type=LogsComputeType.TIMESERIES,
                        interval="10m",
                    ),
                ],
                filter=LogsQueryFilter(query="status:error", _from="now-1h", to="now"),
                group_by=[LogsGroupBy(facet="service")],
            )
        )
        buckets = {bucket.by["service"]: bucket.computes for bucket in answer.data.buckets}
        assert {name: computes["c0"] for name, computes in buckets.items()} == {
            "auth": 3,
            "cart": 3,
        }

    @pytest.mark.parametrize("query", ["(service:cart", "service:", "@age:>many", '"open'])
    def test_a_malformed_query_is_refused(self, client: ApiClient, query: str) -> None:
        with pytest.raises(ApiException) as refused:
            LogsApi(client).list_logs(body=LogsListRequest(filter=LogsQueryFilter(query=query)))
        assert refused.value.status == 400
        assert "filter.query" in refused.value.body["errors"][0]


class TestSpansAndEvents:
    def test_spans_search(self, client: ApiClient) -> None:
        attributes = SpansListRequestAttributes(
            filter=SpansQueryFilter(query="service:cart status:error", _from="now-1h", to="now")
        )
        data = SpansListRequestData(attributes=attributes, type=SpansListRequestType.SEARCH_REQUEST)
        found = SpansApi(client).list_spans(body=SpansListRequest(data=data))
        assert [span.attributes.span_id for span in found.data] == ["3", "6"]
        assert found.data[0].attributes.custom["duration"] == 300_000_000

    def test_spans_get_form(self, client: ApiClient) -> None:
        found = SpansApi(client).list_spans_get(filter_query="@duration:>=500000000")
        assert [span.attributes.span_id for span in found.data] == ["5", "6"]

    def test_events_v1(self, client: ApiClient) -> None:
        api = EventsApiV1(client)
        events = api.list_events(END - 7200, END, tags="env:production").events
        assert [event.title for event in events] == ["Deploy cart 1.2"]
        assert api.get_event(events[0].id).event.text == "image cart:1.2"

    def test_events_v2(self, client: ApiClient) -> None:
        api = EventsApi(client)
        wanted = EventsQueryFilter(query="service:auth", _from="now-7d", to="now")
        found = api.search_events(body=EventsListRequest(filter=wanted)).data
        assert [event.attributes.attributes.title for event in found] == ["Deploy auth 7"]
        assert len(api.list_events(filter_from="now-7d").data) == 2


class TestCatalogue:
    def test_service_definitions(self, client: ApiClient) -> None:
        api = ServiceDefinitionApi(client)
        version = ServiceDefinitionSchemaVersions.V2_2
        listed = api.list_service_definitions_with_pagination(page_size=3, schema_version=version)
        assert [each.id for each in listed] == ["auth", "backup", "cart", "redis"]
        schema = api.get_service_definition("cart").data.attributes.schema
        assert (schema.team, schema.tier, schema.languages) == ("payments", "1", ["go"])

    def test_unknown_service_definition(self, client: ApiClient) -> None:
        with pytest.raises(NotFoundException):
            ServiceDefinitionApi(client).get_service_definition("nothing")

    def test_hosts(self, client: ApiClient) -> None:
        found = HostsApi(client).list_hosts(filter="host:web")
        assert [(host.name, host.metrics.cpu) for host in found.host_list] == [("web-1", 12.5)]
        assert HostsApi(client).get_host_totals().total_up == 1

    def test_service_dependencies(self, client: ApiClient) -> None:
        # The client has no method for this beta endpoint, so its generic call is used.
        def get(path: str) -> object:
            headers = {"DD-API-KEY": KEYS["apiKeyAuth"], "DD-APPLICATION-KEY": KEYS["appKeyAuth"]}
            return client.call_api(
                path,
                "GET",
                query_params=[("env", "production")],
                header_params=headers,
                response_type=(dict,),
                return_http_data_only=True,
            )

        everything = get("/api/v1/service_dependencies")
        assert everything == {
            "cart": {"calls": ["auth", "redis"]},
            "auth": {"calls": []},
            "redis": {"calls": []},
        }
        one = get("/api/v1/service_dependencies/redis")
        assert one == {"name": "redis", "calls": [], "called_by": ["cart"]}
