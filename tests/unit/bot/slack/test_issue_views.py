"""How Issues look in Slack: the count in the summary, and the pointer under the other alerts."""

from __future__ import annotations

from typing import Any

import pytest

from agent.awareness.issues import Issue, Joined
from agent.model import Decision, Triage
from bot.slack.views.issues import issue_line, pointer
from bot.slack.views.render import Views
from tests.unit.bot.slack import cases


def issue(**fields: Any) -> Issue:
    return Issue.model_validate(
        {
            "id": 3,
            "title": "cart <is> slow",
            "triage": Triage(decision=Decision.INVESTIGATE, reason="it is tier 1"),
            "entities": ("production/service/cart", "production/service/checkout"),
            "opened_at": cases.NOW,
            "last_signal_at": cases.NOW,
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, ""),
        ({"signals": 82}, "82 alerts on 2 services"),
        (
            {"signals": 2, "duplicates": 1, "entities": ("production/service/cart",)},
            "2 alerts on 1 service, 1 repeat",
        ),
        ({"duplicates": 5, "flapping": True}, "5 repeats, flapping"),
    ],
)
def test_a_summary_says_how_much_belongs_together(fields: dict[str, Any], line: str) -> None:
    assert issue_line(issue(**fields)) == line


def test_the_summary_shows_the_line_only_where_there_is_one() -> None:
    views = Views("https://srebot.example")
    assert "*82 alerts*" in str(views.summary(cases.case(), "82 alerts").payload())
    assert "**" not in str(views.summary(cases.case()).payload())


def test_a_pointer_leads_to_the_thread_and_says_why() -> None:
    joined = Joined(issue=issue(signals=4), opened=False, reason="cart depends on redis-cart")
    text = str(pointer(joined, "https://slack.example/p1").payload())
    assert (
        "Part of <https://slack.example/p1|cart &lt;is&gt; slow> (cart depends on redis-cart), "
        "looked into there: 4 alerts on 2 services so far." in text
    )


def test_without_an_address_a_pointer_names_the_issue() -> None:
    text = str(pointer(Joined(issue=issue(), opened=False), "").payload())
    assert "Part of “cart &lt;is&gt; slow”, looked into there: 1 alert on 2 services" in text
