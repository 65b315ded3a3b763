"""Secrets are struck from text and data; what is needed to reason is kept."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.redaction import redact, redact_data

SECRETS = [
    "postgres://app:hunter2secret@db:5432/main",
    "redis://:hunter2secret@redis-reco:6379/0",
    "Authorization: Bearer hunter2secret",
    "authorization: Token token=hunter2secret",
    "password=hunter2secret",
    "PASSWORD: 'hunter2secret'",
    "DB_PASSWORD=hunter2secret",
    '{"db_password": "hunter2secret", "user": "app"}',
    r"{\"api_key\": \"hunter2secret\"}",
    '{"name": "JWT_SECRET", "value": "hunter2secret"}',
    "--client-secret=hunter2secret",
    "export AUTH_TOKEN=hunter2secret",
    "https://hooks.slack.com/services/T0/B0/hunter2secret",
    "key xoxb-12345-hunter2secret leaked",
    "key sk-proj-hunter2secrethunter2secret",
    "AKIAHUNTER2SECRET123 AKIAABCDEFGHIJKLMNOP hunter2secret"[21:41],
    "-----BEGIN RSA PRIVATE KEY-----\nhunter2secret\n-----END RSA PRIVATE KEY-----",
    "eyJhbGciOiJI.eyJodW50ZXIy.hunter2secret",
    "PGPASSWORD=hunter2secret psql -h db",
    "dbPassword: hunter2secret",
    '{"masterPassword": "hunter2secret"}',
    "SMTP_PASS=hunter2secret",
    "REDISCLI_AUTH=hunter2secret redis-cli ping",
    "pg_dump --password hunter2secret",
    "requirepass hunter2secret",
    "Authorization: Token hunter2secret",
    "postgres://app:p@hunter2secret@db:5432/main",
    "sk_live_hunter2secret",
    "whsec_hunter2secrethunter2secret",
    "https://hunter2secret@github.com/shop/infra.git",
    "app:hunter2secret@tcp(db:3306)/shop",
    "DefaultEndpointsProtocol=https;AccountKey=hunter2secret==;EndpointSuffix=x",
    "Endpoint=sb://x/;SharedAccessKey=hunter2secret",
    "password: |\n  hunter2secret",
    "dbPassword: >-\n    hunter2secret",
    "JWT_SECRET: hunter2secret",
    "SECRET_KEY_BASE: hunter2secret",
    "SMTP_PASS: 'hunter2secret'",
    "redis-cli -h redis-reco -a hunter2secret ping",
    "mysqldump -h db -u root -phunter2secret shop",
    "curl -s -u admin:hunter2secret https://x",
]
HARMLESS = [
    "connection pool 95/100, latency 5x",
    "first_pass=3, basic_auth=true",
    "http://cart:8080/?owner=ada",
    "usage: login --password --host db",
    '{"secret": "auth-db", "key": "password"}',
    "secretName: auth-db",
    "tokens: 1200, prompt_tokens=350",
    "password authentication failed for user app",
    "http://cart.production.svc:8080/items?limit=5",
    "git clone https://git.example/shop.git",
    "https://user@git.example/shop.git",
    "mysql -h db -p shop",
    "curl -s -u admin https://x",
    "AUTH_TOKEN: null",
    "at 2026-11-24T03:00:00Z: unexpected token: }",
    "image: registry/app@sha256:0123456789abcdef",
]


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_are_struck(text: str) -> None:
    assert "hunter2secret" not in redact(text)
    assert "AKIAABCDEFGHIJKLMNOP" not in redact(text)
    assert "[redacted]" in redact(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_is_kept(text: str) -> None:
    assert redact(text) == text


def test_where_a_connection_goes_is_kept() -> None:
    assert redact("postgres://app:pw@db:5432/main") == "postgres://app:[redacted]@db:5432/main"


def test_redacted_json_is_still_json() -> None:
    raw = json.dumps({"password": "x", "env": [{"name": "API_KEY", "value": "y"}], "n": 1})
    assert json.loads(redact(raw)) == {
        "password": "[redacted]",
        "env": [{"name": "API_KEY", "value": "[redacted]"}],
        "n": 1,
    }


def test_data_are_struck_by_name_and_references_kept() -> None:
    data = {
        "env": {
            "DB_PASSWORD": {"value": "hunter2"},
            "API_TOKEN": {"secret": "api", "key": "token-file"},
            "CACHE": {"value": "redis://:hunter2@redis:6379"},
        },
        "list": [{"name": "JWT_SECRET", "value": "hunter2"}],
        "secrets": ["auth-db"],
        "prompt_tokens": 5,
        "token": "hunter2",
    }
    kept = redact_data(data)
    assert "hunter2" not in json.dumps(kept)
    assert kept["env"]["API_TOKEN"] == {"secret": "api", "key": "token-file"}
    assert kept["secrets"] == ["auth-db"]
    assert kept["prompt_tokens"] == 5


@example("0:" + "0" * 200 + "@tcp(@tcp(")
@example("://a:" + "0" * 500 + "@b@c")
@given(
    st.text() | st.lists(st.sampled_from([*SECRETS, *HARMLESS, '"', "'", " ", "\n"])).map("".join)
)
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@pytest.mark.parametrize(
    "piece",
    [
        "password=",
        '"',
        "://a",
        "eyJaaaaaaaa.",
        "-----BEGIN PRIVATE KEY-----",
        "a_",
        '"name":"',
        "a b ",
        "artif ",
        "aws key ",
        "azure A",
        "ibm_key=",
        "BEGIN PRIVATE KEY",
        "a@b.",
        "+1 4",
        "DE12 3",
        "4111 ",
    ],
)
def test_it_stays_fast_on_hostile_text(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    started = time.process_time()
    redact(text)
    assert time.process_time() - started < 2.0
