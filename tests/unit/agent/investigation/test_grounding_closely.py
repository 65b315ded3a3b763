"""How closely a fact has to fit: another statistic, reading of a unit, second, direction or record carries no sentence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.investigation.grounding import Pool, unfounded, ungrounded
from agent.model import Check, Json, Reading, Step
from tests.unit.agent.investigation.house import NOW


def pool(data: Json, observation: str = "") -> Pool:
    reading = Reading(source="datadog", query="q", observation=observation, data=data)
    return Pool.of(
        [
            Step(
                number=1,
                round=0,
                check=Check(tool="t"),
                reading=reading,
                started_at=NOW - timedelta(hours=9),
            )
        ]
    )


MEMORY = {
    "series": [
        {
            "metric": "redis.mem.used",
            "unit": "bytes",
            "last": 11_400_000_000,
            "baseline": 10_831_000_000,
            "minimum": 10_310_000_000,
            "maximum": 12_771_000_000,
            "mean": 11_123_000_000,
        }
    ]
}
CALLS = {
    "calls": [
        {"caller": "cart", "callee": "cart-db", "count": 40, "p95_seconds": 0.0121},
        {"caller": "gateway", "callee": "cart", "count": 40, "p95_seconds": 0.2219},
        {"caller": "gateway", "callee": "session", "count": 40, "p95_seconds": 0.0171},
    ],
    "operations": [
        {"service": "cart", "name": "cart", "p95_seconds": 0.2213, "p50_seconds": 0.1174},
        {"service": "cart-db", "name": "cart-db", "p95_seconds": 0.0533, "p50_seconds": 0.0071},
    ],
}
PODS = {
    "pods": [
        {"name": "auth-1", "node": "ip-1", "started_at": "2026-11-24T02:10:25Z"},
        {"name": "auth-2", "node": "ip-2", "started_at": "2026-11-24T02:10:41Z"},
    ]
}
POD_LINES = "pod auth-1 on ip-1 started 02:10\npod auth-2 on ip-2 started 02:10"
EVENTS = {
    "events": [
        {"object": "auth-rs", "count": 3, "message": "Created pod: auth-9"},
        {"object": "auth-9", "count": 8, "message": "Back-off restarting"},
    ]
}
SIZES = {"growth_bytes": 4.562, "deadline_seconds": 600, "wait_seconds": 3}
SHARES = {"last": 52.0, "baseline": 50.0}

CARRIED = [
    ("redis holds 11.4 GB", MEMORY),
    ("redis peaked at 12.8 GB", MEMORY),
    ("redis was up to 12.77 GB", MEMORY),
    ("it averages 11.1 GB", MEMORY),
    ("it never fell below 10.3 GB", MEMORY),
    ("redis holds 10.6 GiB, its baseline is 10.1 GiB", MEMORY),
    ("redis holds 10.6 GB, its baseline is 10.1 GB", MEMORY),
    ("cart calls cart-db in 12.1 ms", CALLS),
    ("cart takes 221 ms, cart-db takes 53 ms", CALLS),
    ("cart takes 221 ms, because cart-db is slow", CALLS),
    ("half of what cart asks of cart-db takes 117 ms", CALLS),
    ('auth-rs has 3 events "Created pod: auth-9"', EVENTS),
    ("the deadline is 600", SIZES),
    ("it grows by 5, which is 4.562 bytes", SIZES),
    ("52 is 4 % above its baseline", SHARES),
    ("it is at 104 % of its baseline", SHARES),
]
NOT_CARRIED = [
    ("redis holds 12.8 GB", MEMORY),
    ("redis holds 11.1 GB", MEMORY),
    ("redis holds 10.3 GB", MEMORY),
    ("redis holds 11.4 GB, its baseline is 10.1 GB", MEMORY),
    ("cart calls cart-db in 221 ms", CALLS),
    ("cart calls cart-db in 53.3 ms", CALLS),
    ('auth-rs has 8 events "Created pod: auth-9"', EVENTS),
    ("5 of them run", SIZES),
    ("3 pods wait", SIZES),
    ("52 is 104 % above its baseline", SHARES),
    ("it is at 4 % of its baseline", SHARES),
    ("it is 4 % below its baseline", SHARES),
    ("it is at 52x", SHARES),
]


@pytest.mark.parametrize(("sentence", "data"), CARRIED)
def test_what_fits_is_kept(sentence: str, data: Json) -> None:
    assert ungrounded(sentence, pool(data)) == ()


@pytest.mark.parametrize(("sentence", "data"), NOT_CARRIED)
def test_what_fits_by_chance_is_found_out(sentence: str, data: Json) -> None:
    assert ungrounded(sentence, pool(data))


def test_a_line_tells_which_statistic_a_number_is() -> None:
    told = pool({}, "redis.latency [milliseconds] last 1.972, min 0.803, max 2.313, mean 1.121")
    assert ungrounded("latency is 1.97 ms", told) == ()
    assert ungrounded("latency is at most 2.31 ms", told) == ()
    assert ungrounded("latency is 2.31 ms", told)
    assert ungrounded("latency is 1.12 ms", told)


def test_seconds_are_held_against_seconds_where_any_are_known() -> None:
    told = pool(PODS, POD_LINES)
    assert ungrounded("auth-1 was started at 02:10:25", told) == ()
    assert ungrounded("auth-1 was started at 02:10", told) == ()
    assert ungrounded("auth-1 was started at 02:10:41", told)
    assert ungrounded("auth-1 was started at 02:10:00", pool({}, POD_LINES)) == ()


@pytest.mark.parametrize(
    "advice",
    ["Raise the limit of redis to 24 GiB", "Have a look, then cautiously scale it to 24 GiB"],
)
def test_a_verb_of_advice_proposes(advice: str) -> None:
    assert unfounded(advice, pool({"name": "redis"})) == ()


@pytest.mark.parametrize(
    "advice",
    ["Have a look, because redis reaches its limit of 24 GiB", "Is redis in a run of 24 GiB?"],
)
def test_a_noun_of_advice_tells(advice: str) -> None:
    assert unfounded(advice, pool({"name": "redis"})) == ("24 GiB",)


def test_a_share_is_of_two_values_of_one_measure() -> None:
    told = pool({"limit_bytes": 200, "took_seconds": 50, "failed": 3, "asked": 12})
    assert ungrounded("3 of 12 failed, which is 25 %", told) == ()
    assert ungrounded("it took 50 s for 200 bytes, which is 25 %", told)
