"""Scopes: which tag sets the braces of a metric query let through."""

from __future__ import annotations

import pytest

from sandbox.datadog.metrics.scope import parse_scope

WEB = {"host": "web-1", "env": "production", "service": "cart"}
DATABASE = {"host": "db-1", "env": "staging", "service": "cart"}


@pytest.mark.parametrize(
    ("scope", "web", "database"),
    [
        ("*", True, True),
        ("env:production", True, False),
        ("host:web-*", True, False),
        ("host:*b-1", True, True),
        ("service:cart,!env:staging", True, False),
        ("env:production OR host:db-1", True, True),
        ("service:cart AND NOT host:db-*", True, False),
        ("service:auth OR (service:cart AND env:staging)", False, True),
        ("env IN (staging, development)", False, True),
        ("env NOT IN (staging,development)", True, False),
        ("zone:*", False, False),
        ("host", True, True),
    ],
)
def test_scope(scope: str, web: bool, database: bool) -> None:
    condition = parse_scope(scope).condition
    assert (condition.matches(WEB), condition.matches(DATABASE)) == (web, database)


def test_only_plain_conjunctions_are_left_to_the_world() -> None:
    assert parse_scope("a:b,c:d*").plain_tags() == {"a": "b", "c": "d*"}
    assert parse_scope("*").plain_tags() == {}
    for scope in ("!a:b", "a:b OR c:d", "a:*b", "a:b,a:c", "a"):
        assert parse_scope(scope).plain_tags() is None


def test_the_world_narrows_by_what_every_tag_set_in_scope_has() -> None:
    scope = parse_scope("a:b AND (c:d OR e:f) AND NOT g:h AND i:j*")
    assert scope.required_tags() == {"a": "b", "i": "j*"}
    assert parse_scope("a:b OR c:d").required_tags() == {}
