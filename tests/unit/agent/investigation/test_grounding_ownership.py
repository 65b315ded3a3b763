"""Whose number it is: what an answer says of one thing carries no sentence on another."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.investigation.grounding import Pool, unfounded, ungrounded
from agent.model import Check, Evidence, Json, Reading, Step
from tests.unit.agent.investigation.house import NOW


def step_of(data: Json, observation: str = "", number: int = 1, **arguments: str) -> Step:
    reading = Reading(source="datadog", query="q", observation=observation, data=data)
    check = Check(tool="t", arguments=arguments)
    return Step(
        number=number, round=0, check=check, reading=reading, started_at=NOW - timedelta(hours=9)
    )


def pool(data: Json, observation: str = "") -> Pool:
    return Pool.of([step_of(data, observation)])


PODS = {
    "pods": [
        {
            "name": "auth-1",
            "node": "ip-10-0-1-11",
            "restarts": 8,
            "started_at": "2026-11-24T02:10:00Z",
        },
        {
            "name": "auth-2",
            "node": "ip-10-0-1-12",
            "restarts": 3,
            "started_at": "2026-11-24T02:40:00Z",
        },
    ]
}
CALLS = {
    "calls": [
        {"caller": "cart", "callee": "redis-reco", "count": 41, "p95_seconds": 0.012},
        {"caller": "cart", "callee": "rabbitmq", "count": 17, "p95_seconds": 0.221},
    ]
}
LATENCY = {
    "series": [
        {"metric": "redis.latency", "unit": "milliseconds", "last": 2.297, "baseline": 0.801}
    ]
}
GROWTH = {"series": [{"unit": "bytes", "last": 12716890661, "slope_per_hour": 687001663}]}

CARRIED = [
    ("auth-1 was restarted 8 times", PODS),
    ("auth-2 runs on ip-10-0-1-12 since 02:40", PODS),
    ("the pods were restarted 8 and 3 times", PODS),
    ("17 calls went from cart to rabbitmq", CALLS),
    ("cart waits 12 ms for redis-reco", CALLS),
    ("latency is 2.30 ms, its baseline 0.80 ms", LATENCY),
    ("latency is 0.0023 s", LATENCY),
    ("it grows by 655 MiB an hour", GROWTH),
]
NOT_CARRIED = [
    ("auth-1 was restarted 3 times", PODS),
    ("auth-2 runs since 02:10", PODS),
    ("auth-2 has 8 restarts", PODS),
    ("41 calls went from cart to rabbitmq", CALLS),
    ("cart waits 221 ms for redis-reco", CALLS),
    ("latency is 2.30 s", LATENCY),
    ("latency is 2.30 ms, its baseline 2.30 ms", LATENCY),
    ("latency is 2.30 %", LATENCY),
    ("it grows by 687 MB a minute", GROWTH),
    ("auth-1 was restarted 8 %", PODS),
]


@pytest.mark.parametrize(("sentence", "data"), CARRIED)
def test_what_is_said_of_a_thing_is_kept(sentence: str, data: Json) -> None:
    assert ungrounded(sentence, pool(data)) == ()


@pytest.mark.parametrize(("sentence", "data"), NOT_CARRIED)
def test_anothers_value_unit_or_rate_is_found_out(sentence: str, data: Json) -> None:
    assert ungrounded(sentence, pool(data))


def test_lines_of_an_observation_are_of_the_things_that_they_name() -> None:
    lines = "pod auth-1 Running, restarts 8, cpu 41\npod auth-2 Running, restarts 3, cpu 17"
    assert ungrounded("auth-1 uses cpu 41", pool({}, lines)) == ()
    assert ungrounded("auth-1 uses cpu 17", pool({}, lines)) == ("17",)


def test_of_two_looks_that_differ_in_their_subject_one_counts() -> None:
    def look(service: str, value: float, number: int) -> Step:
        series = {"series": [{"last": value}]}
        return step_of(series, number=number, query=f"avg:pool.in_use{{service:{service}}}")

    both = Pool.of([look("cart", 23.0, 1), look("session", 28.0, 2)])
    assert ungrounded("cart holds 23 connections", both) == ()
    assert ungrounded("cart holds 28 connections", both) == ("28",)
    assert ungrounded("cart and session hold 23 and 28 connections", both) == ()


def test_a_span_between_two_moments_of_one_thing_is_known() -> None:
    data = {
        "jobs": [
            {
                "name": "auth-report-1",
                "started_at": "2026-11-24T02:16:00Z",
                "finished_at": "2026-11-24T02:28:40Z",
            }
        ]
    }
    for told in ("12 minutes", "13 min", "760 s", "12m40s"):
        assert ungrounded(f"auth-report-1 ran for {told}", pool(data)) == (), told
    assert ungrounded("auth-report-1 ran for 15 minutes", pool(data)) == ("15 minutes",)


@pytest.mark.parametrize(
    "said",
    [
        "02:16 UTC",
        "03:16 CET",
        "2:16 am",
        "02:16:00",
        "2026-11-24 02:16",
        "02:16 on 24 Nov",
        "11-24 02:16",
    ],
)
def test_a_time_is_known_in_any_zone_and_way(said: str) -> None:
    assert ungrounded(f"it began at {said}", pool({"at": "2026-11-24T02:16:00Z"})) == ()


@pytest.mark.parametrize(
    "said",
    ["02:16 CET", "2:16 pm", "02:16:30", "2026-11-23 02:16", "02:16 on 22 Nov", "11-23 02:16"],
)
def test_another_zone_half_second_or_day_is_found_out(said: str) -> None:
    assert ungrounded(f"it began at {said}", pool({"at": "2026-11-24T02:16:00Z"}))


def test_a_name_of_a_plain_word_counts_where_it_is_used_as_a_name() -> None:
    known = frozenset({"cart", "session"})
    carts = Pool.of([step_of({"service": "cart", "last": 5})], known=known)
    assert ungrounded("cart has 5 errors", carts) == ()
    assert ungrounded("session has 5 errors", carts) == ("session",)
    assert ungrounded("each session of cart has 5 errors", carts) == ()


def test_a_wide_sentence_has_to_name_what_its_numbers_are_of() -> None:
    steps = [
        step_of({"last": 10.0 * n}, number=n, query=f"avg:m{n}{{service:s-{n}}}")
        for n in range(1, 6)
    ]
    evidence = [
        Evidence(number=n, step=n, statement=f"s-{n} holds {10 * n} locks", read_at=NOW)
        for n in range(1, 6)
    ]
    wide = Pool.of(steps, evidence)
    assert ungrounded("s-2 holds 20 locks", wide) == ()
    assert ungrounded("s-2 holds 30 locks", wide) == ("30",)


TOLD = {"limit_bytes": 2**34, "name": "redis-reco", "revision": 3}


@pytest.mark.parametrize(
    "advice",
    [
        "Raise the memory limit of redis-reco to 24 GiB",
        "Scale redis-reco to 5 replicas and look again in 10 minutes",
        "Run `kubectl -n production rollout undo statefulset/redis-reco --to-revision=2`",
        "Raise the limit of redis-reco, which is 16 GiB",
    ],
)
def test_advice_may_propose_numbers_and_commands(advice: str) -> None:
    assert unfounded(advice, pool(TOLD)) == ()


@pytest.mark.parametrize(
    "advice",
    [
        "Raise the limit of redis-reco, because it is at 24 GiB",
        "Restart redis-cart",
        "Run `kubectl rollout undo statefulset/redis-cart`",
        "Look at what happened at 04:44",
        'Find out why it logs "disk quota exceeded on volume"',
    ],
)
def test_what_advice_tells_must_be_known(advice: str) -> None:
    assert unfounded(advice, pool(TOLD))
