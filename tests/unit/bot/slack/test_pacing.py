"""srebot speaks no faster than Slack allows."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from bot.slack.pacing import ChannelPace, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_and_the_rest_waits_its_turn() -> None:
    pace = Pace(burst=3, per_second=1, clock=Clock())
    assert [pace.reserve() for _ in range(6)] == [0, 0, 0, 1, 2, 3]


def test_a_turn_that_is_not_there_now_may_be_refused_instead() -> None:
    clock = Clock()
    pace = Pace(burst=2, per_second=1, clock=clock)
    assert [pace.allows() for _ in range(4)] == [True, True, False, False]
    clock.now = 1.0
    assert [pace.allows() for _ in range(2)] == [True, False]


def test_silence_fills_the_burst_again_and_no_more() -> None:
    clock = Clock()
    pace = Pace(burst=3, per_second=1, clock=clock)
    for _ in range(3):
        pace.reserve()
    clock.now = 100.0
    assert [pace.reserve() for _ in range(4)] == [0, 0, 0, 1]


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_never_more_than_the_burst_and_the_rate(gaps: list[float]) -> None:
    clock = Clock()
    pace = Pace(burst=3, per_second=1, clock=clock)
    sent = []
    for gap in gaps:
        clock.now += gap
        sent.append(clock.now + pace.reserve())
    for start in sent:
        for seconds in (1, 5, 30):
            within = sum(start <= at < start + seconds for at in sent)
            assert within <= 3 + seconds + 1


async def test_first_words_go_before_updates_that_wait() -> None:
    pace = ChannelPace()
    pace.BURST, pace.PER_SECOND = 1.0, 4.0  # type: ignore[misc]
    order: list[str] = []

    async def speak(name: str, *, urgent: bool) -> None:
        await pace.take("C1", urgent=urgent)
        order.append(name)

    waiting = [asyncio.create_task(speak(f"update {n}", urgent=False)) for n in range(3)]
    await asyncio.sleep(0.005)
    await asyncio.gather(speak("first words", urgent=True), *waiting)

    assert order == ["update 0", "first words", "update 1", "update 2"]
