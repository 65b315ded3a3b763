"""However a password is written into a setting, no part of it comes out of inference."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.knowledge.inference import Workload, endpoints_in, shared_variables

# Pieces that would be noticed anywhere: hosts, ports and databases of the templates below share no letters with them.
_PIECE = st.text(st.sampled_from("QZXqzx79"), min_size=3, max_size=8)
_MARKS = st.text(st.sampled_from("@/:?#%&=+,;'\"<>()[]{}!$*~^|\\` .-"), min_size=1, max_size=3)
PASSWORDS = st.lists(st.tuples(_PIECE, _MARKS), min_size=1, max_size=5).map(
    lambda pairs: "".join(p + m for p, m in pairs) + pairs[0][0]
)

URLS = [
    "postgres://app:{}@auth-db.production.svc:5432/auth",
    "postgresql+asyncpg://app:{}@auth-db/auth?sslmode=disable",
    "jdbc:mysql://app:{}@orders-db:3306/orders",
    "rediss://:{}@redis-reco:6380/0",
    "mongodb://app:{}@m1:27017,m2:27017/cart",
    "mongodb+srv://app:{}@cart.mongo.internal/cart",
    "amqp://guest:{}@rabbitmq/cart",
    "https://deploy:{}@catalog:8443/v1",
    "app:{}@tcp(orders-db:3306)/orders?parseTime=true",
]
QUERIES = [
    "postgres://auth-db/auth?user=app&password={}",
    "jdbc:postgresql://auth-db:5432/auth?password={}&ssl=true",
    "jdbc:sqlserver://orders-db:1433;databaseName=orders;password={}",
    "redis://redis-reco:6379?password={}",
]


def secret_pieces(password: str) -> set[str]:
    return set(re.findall(r"[QZXqzx79]{3,}", password))


def leaked(password: str, setting: str) -> set[str]:
    env = {"SETTING": setting, "DB_HOST": "auth-db"}
    workloads = [Workload(f"p/service/{n}", n, "p", env) for n in ("cart", "auth")]
    out = f"{endpoints_in(env)} {endpoints_in(setting)} {shared_variables(workloads)}".lower()
    return {p for p in secret_pieces(password) if p.lower() in out}


@pytest.mark.parametrize("template", URLS)
@given(password=PASSWORDS)
@settings(deadline=None)
@example(password="QQQ/ZZZ@XXX")
@example(password="777/ZZZ")
@example(password="QQQ,ZZZ:7979")
@example(password="QQQ ZZZ:7979 @XXX")
@example(password="QQQ?ZZZ=XXX@QQQ")
@example(password='QQQ"ZZZ@XXX:799')
def test_a_raw_password_in_a_url(template: str, password: str) -> None:
    assert leaked(password, template.format(password)) == set()


@pytest.mark.parametrize("template", URLS)
@given(password=PASSWORDS)
@settings(deadline=None)
def test_a_percent_encoded_password_in_a_url_hides_nothing_else(
    template: str, password: str
) -> None:
    setting = template.format(quote(password, safe=""))
    assert leaked(password, setting) == set()
    assert endpoints_in(setting)


@given(password=PASSWORDS)
@settings(deadline=None)
def test_a_raw_password_in_a_url_within_json(password: str) -> None:
    config = {"dsn": f"postgres://app:{password}@auth-db/auth", "mail": "team@example.com"}
    assert leaked(password, json.dumps(config)) == set()


@pytest.mark.parametrize("template", QUERIES)
@given(password=PASSWORDS)
@settings(deadline=None)
def test_a_password_in_a_query(template: str, password: str) -> None:
    assert leaked(password, template.format(password)) == set()


@given(password=PASSWORDS)
@settings(deadline=None)
def test_a_quoted_password_in_a_libpq_string(password: str) -> None:
    escaped = password.replace("\\", "\\\\").replace("'", "\\'")
    setting = f"host=auth-db port=5432 dbname=auth user=app password='{escaped}'"
    assert leaked(password, setting) == set()
    assert [e.host for e in endpoints_in(setting)] == ["auth-db"]


@given(password=PASSWORDS.map(lambda p: re.sub(r"[\s'\\]", "", p)))
@settings(deadline=None)
def test_a_bare_password_in_a_libpq_string(password: str) -> None:
    assert leaked(password, f"password={password} host=auth-db dbname=auth") == set()


@pytest.mark.parametrize("name", ["DB_PASSWORD", "PGPASSWORD", "AUTH_TOKEN", "STRIPE_API_KEY"])
@given(password=PASSWORDS)
@settings(deadline=None)
def test_a_variable_named_like_a_secret(name: str, password: str) -> None:
    env = {name: f"{password}:7979"}
    workloads = [Workload(f"p/service/{n}", n, "p", env) for n in ("cart", "auth")]
    assert endpoints_in(env) == [] and shared_variables(workloads) == []
