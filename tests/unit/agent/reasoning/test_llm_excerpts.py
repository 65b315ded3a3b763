"""Of a round's answers the telling lines are shown, within a bounded number of characters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.reasoning.llm_excerpts import LEAST_CHARACTERS, excerpts
from tests.unit.agent.reasoning.test_llm_prompt import step

NOISE = [f"{n} x [info] GET /{'abcdefghij'[n % 10]} <n> in <n> ms (03:22-04:22)" for n in range(40)]
DECISIVE = "04:16:11 HikariPool-1 - Connection is not available, request timed out after 30000ms"


@given(
    answers=st.integers(1, 16),
    which=st.integers(0, 15),
    place=st.integers(1, 40),
    characters=st.integers(4_000, 9_000),
)
def test_the_decisive_line_is_shown_wherever_it_stands(
    answers: int, which: int, place: int, characters: int
) -> None:
    texts = [["2000 lines of 6 pods", *NOISE] for _ in range(answers)]
    texts[which % answers].insert(place, DECISIVE)
    steps = [step(n, 1, "\n".join(lines)) for n, lines in enumerate(texts, 1)]
    shown = excerpts(steps, ["auth"], characters)
    assert DECISIVE in shown[which % answers + 1]
    assert sum(map(len, shown.values())) < characters + answers * 40


@given(st.lists(st.text(max_size=2_000), max_size=20))
def test_whatever_comes_is_bounded_and_the_same_each_time(texts: list[str]) -> None:
    steps = [step(n, 1, text) for n, text in enumerate(texts, 1)]
    shown = excerpts(steps, (), 2_000)
    assert shown == excerpts(steps, (), 2_000)
    most = max(2_000, LEAST_CHARACTERS * len(texts))
    assert sum(map(len, shown.values())) < most + len(texts) * 400


def test_a_short_answer_is_shown_whole_and_says_nothing_of_more() -> None:
    assert excerpts([step(1, 0, "one\ntwo")]) == {1: "one\ntwo"}


def test_what_many_answers_say_gives_way_to_what_one_says() -> None:
    common = "12 x [error] upstream answered <n> (03:22-04:22)"
    rare = "1 x [error] certificate of auth-db expired (03:22-04:22)"
    pad = [f"{n} x [info] {chr(97 + n) * 60}" for n in range(20)]
    steps = [step(n, 1, "\n".join(["head", common, *pad])) for n in (1, 2, 3)]
    steps.append(step(4, 1, "\n".join(["head", common, *pad, rare])))
    shown = excerpts(steps, (), 800)
    assert common in shown[1]
    assert common not in shown[3]
    assert rare in shown[4]
    assert "lines: inspect s4" in shown[4]
