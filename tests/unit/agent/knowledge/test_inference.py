"""What dependencies can be read from settings, and that secrets in them are never kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.knowledge.inference import Endpoint, endpoints_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "postgres://app:hunter2@auth-db.production.svc:5432/auth?sslmode=disable",
            Endpoint("postgresql", "auth-db.production.svc", 5432, "auth"),
        ),
        ("jdbc:postgresql://orders-db/orders", Endpoint("postgresql", "orders-db", 5432, "orders")),
        ("rediss://:s3cret@redis-reco:6380/0", Endpoint("redis", "redis-reco", 6380, "0")),
        ("amqp://guest:guest@rabbitmq/cart", Endpoint("amqp", "rabbitmq", 5672, "cart")),
        ("http://catalog:8080/v1/items", Endpoint("http", "catalog", 8080, "")),
        ("postgresql+asyncpg://u:p@db/x", Endpoint("postgresql", "db", 5432, "x")),
        ("host=pg port=5433 dbname=x password=zzz", Endpoint("postgresql", "pg", 5433, "x")),
        ("redis-cli -h x; BGSAVE on redis-reco:6379", Endpoint("redis", "redis-reco", 6379, "")),
    ],
)
def test_an_endpoint_is_read_from_each_common_form(text: str, expected: Endpoint) -> None:
    assert endpoints_in(text) == [expected]


def test_hosts_and_ports_in_separate_variables_belong_together() -> None:
    settings = {"REDIS_HOST": "redis-reco", "REDIS_PORT": "6379", "REDIS_PASSWORD": "abc:123"}
    assert endpoints_in(settings) == [Endpoint("redis", "redis-reco", 6379)]


def test_several_brokers_are_several_endpoints() -> None:
    found = endpoints_in({"KAFKA_BROKERS": "k1:9092,k2:9092"})
    assert [(e.scheme, e.host) for e in found] == [("kafka", "k1"), ("kafka", "k2")]


def test_ordinary_settings_name_no_endpoint() -> None:
    assert endpoints_in({"TZ": "UTC", "AT": "12:30", "IMAGE": "shop/auth:1.4.2", "N": "5"}) == []


def test_loopback_is_nobody() -> None:
    assert endpoints_in({"URL": "http://localhost:8080", "B": "127.0.0.1:6379"}) == []


def test_a_cluster_host_tells_service_and_namespace() -> None:
    [endpoint] = endpoints_in("http://session.production.svc.cluster.local:8080")
    assert (endpoint.service, endpoint.namespace, endpoint.kind) == (
        "session",
        "production",
        "service",
    )


_SECRET = st.text(st.sampled_from("abcXYZ0189%._~-"), min_size=6, max_size=20)


@given(user=_SECRET, password=_SECRET.map(lambda s: f"PW{s}PW"))
def test_credentials_are_never_kept(user: str, password: str) -> None:
    found = endpoints_in({"DSN": f"postgres://{user}:{password}@auth-db:5432/auth"})
    assert found == [Endpoint("postgresql", "auth-db", 5432, "auth")]
    assert password not in repr(found)


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    assert all(e.host for e in endpoints_in(text))
