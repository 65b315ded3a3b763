"""Known answers for the mining of log templates."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent.analysis.logs import LogLine, mask, mine

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def line(minute, text, level="", service="cart"):
    return LogLine(START + timedelta(minutes=minute), text, level, service)


def test_lines_that_differ_in_values_are_one_template():
    lines = [line(i, f"GET /cart/{i * 37} took {i}.5ms from 10.0.1.{i}") for i in range(40)]
    mined = mine(lines)
    assert [(t.template, t.count) for t in mined.templates] == [
        ("GET /cart/<n> took <n>ms from <address>", 40)
    ]
    assert mined.rare == ()


def test_words_that_vary_become_wildcards():
    lines = [
        line(i, f"user {name} logged in from web") for i, name in enumerate(["ann", "bob"] * 9)
    ]
    assert mine(lines).templates[0].template == "user <*> logged in from web"


def test_errors_come_first_and_a_late_one_is_new():
    lines = [line(i, f"served request {i}") for i in range(60)]
    lines += [line(40 + i, f"ERROR timeout after {i} ms acquiring connection") for i in range(5)]
    first = mine(lines).templates[0]
    assert (first.level, first.count, first.is_new) == ("error", 5, True)
    assert first.first_at == START + timedelta(minutes=40)


def test_a_rare_line_is_kept_whole():
    oddity = "OOM command not allowed when used memory > 'maxmemory'."
    lines = [line(i, f"served request {i}") for i in range(60)] + [line(30, oddity, "error")]
    assert [r.text for r in mine(lines).rare] == [oddity]


def test_the_sources_level_wins_over_words_in_the_text():
    assert mine([line(0, "no error at all", "info")]).templates[0].level == "info"


def test_services_are_kept_apart():
    lines = [line(0, "started", service="a"), line(0, "started", service="b")]
    assert len(mine(lines).templates) == 2


def test_masks_name_the_sort_of_value():
    text = "2026-11-24T01:02:03Z id=123e4567-e89b-12d3-a456-426614174000 to a.b@c.de took 12.5ms 0xdeadbeef"
    assert mask(text) == "<time> id=<id> to <mail> took <n>ms <id>"


@given(st.lists(st.text(max_size=200), max_size=30))
def test_every_line_is_counted_exactly_once(texts):
    assert sum(t.count for t in mine(line(i, t) for i, t in enumerate(texts)).templates) == len(
        texts
    )
