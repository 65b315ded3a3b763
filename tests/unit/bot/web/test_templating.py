"""What the templates show is text, whatever it is made of."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.templating import _ENVIRONMENT, page

FILTERS = _ENVIRONMENT.filters


def test_what_is_put_in_is_escaped() -> None:
    body = bytes(page("error.html", 404, title="<b>", text="<script>alert(1)</script>").body)
    assert b"<script>" not in body and b"&lt;script&gt;" in body


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://app.datadoghq.com/x?y=1", True),
        ("http://127.0.0.1:8000/", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//elsewhere/x", False),
        ("https:", False),
        ("http://[broken", False),
        ("", False),
    ],
)
def test_only_web_links_can_be_followed(link: str, kept: bool) -> None:
    assert FILTERS["web_link"](link) == (link if kept else "")


@given(st.text())
def test_what_is_no_json_is_shown_as_it_is(text: str) -> None:
    try:
        data = json.loads(text)
    except ValueError:
        assert FILTERS["pretty"](text) == text
    else:
        assert json.dumps(json.loads(FILTERS["pretty"](text))) == json.dumps(data)


def test_deep_json_is_shown_as_it_is() -> None:
    deep = "[" * 100_000
    assert FILTERS["pretty"](deep) == deep


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2347, "235 ms"), (1.64, "1.6 s"), (300, "5 min"), (3 * 3600, "3.0 h")],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert FILTERS["duration"](seconds) == text


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("+  a: 1", "added"),
        ("-  a: 0", "removed"),
        ("@@ -1 +1 @@", "about"),
        ("   b", "same"),
        ("", "same"),
    ],
)
def test_lines_of_a_diff_are_told_apart(line: str, kind: str) -> None:
    assert FILTERS["diff_kind"](line) == kind


@pytest.mark.parametrize(("weight", "side"), [(0.5, "for"), (-0.5, "against"), (0.04, "neither")])
def test_a_weight_pulls_one_way_as_far_as_it_shows(weight: float, side: str) -> None:
    assert FILTERS["side"](weight) == side
