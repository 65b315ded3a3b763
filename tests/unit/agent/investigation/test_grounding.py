"""The grounding gate: true values pass whatever their unit and rounding, fabricated ones are struck."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.investigation.grounding import Pool, is_carried, struck, ungrounded
from agent.investigation.tokens import tokens_of
from agent.model import Check, Claim, Evidence, Json, Reading, Step
from tests.unit.agent.investigation.company import Company, login_story, redis_story
from tests.unit.agent.investigation.house import NOW, House, signal_on


def step_of(data: Json, observation: str = "", raw: str = "", number: int = 1) -> Step:
    reading = Reading(source="datadog", query="q", observation=observation, data=data, raw=raw)
    return Step(
        number=number,
        round=0,
        check=Check(tool="t"),
        reading=reading,
        started_at=NOW - timedelta(hours=9),
    )


def pool(data: Json, observation: str = "", raw: str = "") -> Pool:
    return Pool.of([step_of(data, observation, raw)])


TRUE = [
    ("memory is 12.8GB", {"last": 13743895347}),
    ("memory is 12.8 GiB", {"last": 13743895347}),
    ("memory is 13.7 GB", {"last": 13743895347}),
    ("the pool is at 95/100", {"series": [{"last": 95.2}, {"last": 100.0}]}),
    ("latency is 5x its baseline", {"last": 60.4, "baseline": 12.1}),
    ("latency is up 399 %", {"last": 60.4, "baseline": 12.1}),
    ("the pool is 95 % full", {"last": 95.0, "maximum": 100.0}),
    ("the queue grows by 15 % an hour", {"per_hour_ratio": 0.1502}),
    ("+15 %/h", {"per_hour_ratio": 0.1502}),
    ("requests take 450 ms", {"p95_seconds": 0.4504}),
    ("errors rose at 02:28", {"change": {"at": "2026-11-24T02:27:48Z"}}),
    ("1,234 errors were logged", {"count": 1234}),
    ("3 pods restart", {"pods": [{}, {}, {}]}),
    ("it runs on `ip-10-0-1-11`", {"node": "ip-10-0-1-11"}),
    (
        "auth-report runs against auth-db",
        {"name": "auth-report", "targets": ["auth-db.production"]},
    ),
    ("the limit is 0.5 cores", {"cpu_cores": 0.5}),
]


@pytest.mark.parametrize(("sentence", "data"), TRUE)
def test_what_is_stored_is_kept(sentence: str, data: Json) -> None:
    assert ungrounded(sentence, pool(data)) == ()


FALSE = [
    ("memory is 14.8GB", {"last": 13743895347}),
    ("the pool is at 95/200", {"series": [{"last": 95.2}, {"last": 100.0}]}),
    ("latency is 9x its baseline", {"last": 60.4, "baseline": 12.1}),
    ("errors rose at 04:10", {"change": {"at": "2026-11-24T02:27:48Z"}}),
    ("billing-report runs against auth-db", {"name": "auth-report", "targets": ["auth-db"]}),
    ('it logs "disk quota exceeded on volume"', {"example": "connection is not available"}),
    ("7 pods restart", {"pods": [{}, {}, {}]}),
    ("requests take 451 s", {"p95_seconds": 0.4504}),
]


@pytest.mark.parametrize(("sentence", "data"), FALSE)
def test_what_is_not_stored_is_found_out(sentence: str, data: Json) -> None:
    assert ungrounded(sentence, pool(data))


def test_plain_english_with_hyphens_and_number_words_is_no_claim() -> None:
    sentence = (
        "A long-running, read-only job in low-traffic hours is the most likely root-cause here"
    )
    assert ungrounded(sentence, pool({})) == ()


def test_a_quoted_line_may_be_cut_from_the_raw_answer() -> None:
    raw = '{"message": "HikariPool-1 - Connection is not available, request timed out"}'
    assert ungrounded('it logs "Connection is not available"', pool({}, raw=raw)) == ()


def test_a_sentence_is_carried_only_by_what_it_cites() -> None:
    steps = [step_of({"last": 95.0}), step_of({"last": 3100.0}, number=2)]
    evidence = [
        Evidence(number=1, step=1, statement="the pool is at 95", read_at=NOW),
        Evidence(number=2, step=2, statement="the table has 3100 rows", read_at=NOW),
    ]
    assert is_carried(Claim(text="The pool is at 95", citations=(1,)), steps, evidence)
    assert not is_carried(Claim(text="The pool is at 95", citations=(2,)), steps, evidence)
    assert not is_carried(Claim(text="The pool is at 95"), steps, evidence)
    assert not is_carried(Claim(text="The pool is at 95", citations=(1, 9)), steps, evidence)


def test_struck_sentences_are_counted() -> None:
    steps = [step_of({"last": 95.0})]
    evidence = [Evidence(number=1, step=1, statement="the pool is at 95", read_at=NOW)]
    claims = [
        Claim(text="The pool is at 95", citations=(1,)),
        Claim(text="It will fail at 07:40", citations=(1,)),
    ]
    kept, count = struck(claims, steps, evidence)
    assert kept == (claims[0],)
    assert count == 1


_VALUE = st.floats(min_value=1e-3, max_value=1e12, allow_nan=False)


@given(value=_VALUE, decimals=st.integers(0, 3))
def test_any_rounding_of_a_stored_value_is_kept(value: float, decimals: int) -> None:
    assert ungrounded(f"it is {value:.{decimals}f} now", pool({"last": value})) == ()


@given(
    size=st.integers(2**20, 2**50), unit=st.sampled_from([("MiB", 20), ("GiB", 30), ("TiB", 40)])
)
def test_any_unit_of_a_stored_size_is_kept(size: int, unit: tuple[str, int]) -> None:
    sentence = f"it uses {size / 2.0 ** unit[1]:.2f} {unit[0]}"
    assert ungrounded(sentence, pool({"last": size})) == ()


@given(stored=st.lists(_VALUE, min_size=1, max_size=6), invented=st.floats(2.0, 1e9))
def test_an_invented_number_is_struck(stored: list[float], invented: float) -> None:
    near = (v for s in stored for v in (s,))
    assume(all(abs(invented - v) > 0.011 * max(1.0, v) for v in near))
    assume(round(invented, 2) > len(stored) + 1)
    data = {"series": [{"last": v} for v in stored]}
    assert ungrounded(f"it is {invented:.2f} now", pool(data))


@given(minute=st.integers(0, 1439), other=st.integers(0, 1439))
def test_a_time_is_kept_if_stored_and_struck_if_not(minute: int, other: int) -> None:
    at = NOW.replace(hour=minute // 60, minute=minute % 60, second=10)
    read = (NOW - timedelta(hours=9)).strftime("%H:%M")
    stored = pool({"at": at.isoformat()})
    assert ungrounded(f"it began at {at:%H:%M}", stored) == ()
    said = f"{other // 60:02d}:{other % 60:02d}"
    assume(said not in (f"{at:%H:%M}", read))
    assert ungrounded(f"it began at {said}", stored)


@given(st.text(max_size=200))
def test_no_sentence_breaks_the_gate(sentence: str) -> None:
    ungrounded(sentence, pool({"last": 1.0}, observation=sentence[:50]))


def _falsified(text: str, generator: random.Random) -> str | None:
    """The sentence with one of its numbers, times or names replaced by another one."""
    tokens = tokens_of(text)
    parts = [m.text for m in tokens.moments] + list(tokens.names)
    parts += [re.sub(r"[^\d.,]", "", q.text) for q in tokens.quantities]
    if not (usable := [p for p in parts if p]):
        return None
    old = generator.choice(usable)
    if ":" in old:
        new = f"{(int(old[:2]) + generator.randint(3, 20)) % 24:02d}:{generator.randint(0, 59):02d}"
    elif old in tokens.names:
        new = generator.choice(["billing-worker", "orders-cache-2", "fraud-db", "ip-10-9-9-9"])
    else:
        new = str(round(float(old.replace(",", "")) * generator.uniform(1.3, 9) + 11.7, 2))
    return text.replace(old, new, 1)


@pytest.mark.parametrize("story", [redis_story, login_story], ids=["redis", "login"])
async def test_nearly_every_falsified_sentence_of_a_report_is_struck_and_no_true_one(
    story: Callable[[], Company],
) -> None:
    service = "redis-reco" if story is redis_story else "auth"
    number = "1001" if story is redis_story else "1003"
    result = await House(story(), signal_on(service, "alert", fingerprint=number)).investigate()
    case, finding = result.case, result.case.finding
    assert finding is not None
    claims = (*finding.chain, *finding.impact, *finding.forecast, *finding.ruled_out)
    generator = random.Random(7)
    false = [
        claim.model_copy(update={"text": wrong})
        for claim in claims
        for _ in range(20)
        if (wrong := _falsified(claim.text, generator)) is not None
    ]
    caught = [c for c in false if not is_carried(c, case.steps, case.evidence)]
    assert len(false) > 100
    assert len(caught) / len(false) >= 0.98, [c.text for c in false if c not in caught]
    assert struck(claims, case.steps, case.evidence) == (claims, 0)
