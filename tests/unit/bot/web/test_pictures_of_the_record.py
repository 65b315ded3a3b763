"""The record's pictures: every call a bar, every leading hypothesis a line, and nothing foreign becomes markup."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from agent.model import Chart, Check, Hypothesis, Mark, Series, Step, Window
from bot.web.boards import board_over_time
from bot.web.charts import marked
from bot.web.timeline import timeline

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


def step(
    number: int, start: float = 0.0, seconds: float = 1.0, tool: str = "kubernetes_workload"
) -> Step:
    return Step(
        number=number,
        round=0,
        check=Check(tool=tool),
        started_at=NOW + timedelta(seconds=start),
        seconds=seconds,
    )


def suspicion(identity: str, log_odds: float, statement: str = "auth is slow") -> Hypothesis:
    return Hypothesis(id=identity, mode="other", statement=statement, log_odds=log_odds)


def parsed(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<div>{markup}</div>")


class TestTimeline:
    def test_without_steps_there_is_none(self) -> None:
        assert timeline([]) == ""

    def test_calls_made_at_once_stand_below_each_other(self) -> None:
        bars = re.findall(
            r'<rect class="r0 ok" x="([\d.]+)" y="([\d.]+)"', timeline([step(1), step(2)])
        )
        (x1, y1), (x2, y2) = bars
        assert x1 == x2 and float(y1) < float(y2)

    def test_a_later_call_stands_further_right_and_leads_to_its_step(self) -> None:
        markup = timeline([step(1), step(2, start=5.0)])
        first, second = re.findall(r'<rect class="r0 ok" x="([\d.]+)"', markup)
        assert float(second) > float(first)
        assert 'href="#step-2"' in markup

    @given(
        st.lists(
            st.tuples(st.floats(0, 1e6), st.floats(0, 1e6), st.text(max_size=40)), max_size=100
        )
    )
    def test_any_steps_give_well_formed_markup(self, calls: list[tuple[float, float, str]]) -> None:
        made = [step(i, start, length, tool) for i, (start, length, tool) in enumerate(calls)]
        markup = timeline(made)
        assert "<script" not in markup
        if made and all(t.isprintable() for _, _, t in calls):
            assert len(parsed(markup).findall(".//rect")) == min(80, len(made))


class TestBoardOverTime:
    def test_one_board_is_no_course(self) -> None:
        assert board_over_time([(0, [suspicion("H1", 1.0)])]) == ""

    def test_what_became_likelier_rises(self) -> None:
        boards = [(0, [suspicion("H1", -2.0)]), (1, [suspicion("H1", 3.0)])]
        (path,) = re.findall(r'class="line s0" d="M([^"]*)"', board_over_time(boards))
        first, last = (float(pair.split()[1]) for pair in path.split(" L"))
        assert last < first  # up is less in SVG

    def test_six_lines_at_most_the_likeliest_first(self) -> None:
        board = [suspicion(f"H{i}", float(i)) for i in range(9)]
        markup = board_over_time([(0, board), (1, board)])
        assert len(re.findall(r'class="line ', markup)) == 6
        assert markup.index("#H8") < markup.index("#H3") and "#H2" not in markup

    def test_statements_are_escaped(self) -> None:
        board = [suspicion("H1", 0.0, "<b>bold</b>")]
        assert "<b>" not in board_over_time([(0, board), (1, board)])


class TestMarkedChart:
    def chart(self, **more: object) -> str:
        series = Series(
            metric="m", points=tuple((NOW.timestamp() + 60 * i, 10.0 + i) for i in range(60))
        )
        onset = NOW + timedelta(minutes=30)
        given = {
            "step": 1,
            "title": "m of auth",
            "onset": onset,
            "baseline": Window(start=NOW, end=onset),
        }
        return marked(Chart.model_validate(given | more), series)

    def test_ordinary_span_onset_and_changes_are_marked(self) -> None:
        markup = self.chart(
            changes=(Mark(at=NOW + timedelta(minutes=28), label="rollout <of> auth"),)
        )
        assert 'class="ordinary"' in markup and 'class="onset"' in markup
        assert "rollout &lt;of&gt; auth" in markup

    def test_a_limit_is_drawn_when_it_is_near(self) -> None:
        assert 'class="limit"' in self.chart(limit=100.0)
        assert 'class="limit"' not in self.chart(limit=1e6)

    def test_nothing_to_draw_is_nothing(self) -> None:
        assert marked(Chart(step=1, title="m"), Series(metric="m")) == ""
