"""No content, however long or hostile, goes past Slack's limits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import limits

anything = st.text(st.characters(codec=None), max_size=200)
long = st.builds(lambda s, n: s * n, st.text(min_size=1, max_size=40), st.integers(1, 400))


@given(long | anything, st.integers(5, 3000))
def test_shortened_text_keeps_the_limit(text: str, limit: int) -> None:
    assert limits.length(limits.shorten(text, limit)) <= limit


@given(st.text(max_size=100))
def test_escaped_text_holds_no_mention_and_no_link(text: str) -> None:
    assert "<" not in limits.escape(text)
    assert ">" not in limits.escape(text)


def test_a_cut_never_leaves_half_a_link() -> None:
    assert limits.shorten("see <https://example.com/a/long/path|the log> now", 20) == "see …"


def test_a_cut_code_block_is_closed() -> None:
    cut = limits.shorten("```" + "x" * 100, 40)
    assert cut.count("```") == 2
    assert limits.length(cut) <= 40


def blocks() -> st.SearchStrategy[list[dict[str, Any]]]:
    text = long | anything
    mrkdwn = text.map(lambda t: {"type": "mrkdwn", "text": t})
    button = text.map(
        lambda t: {
            "type": "button",
            "action_id": "a",
            "value": t,
            "text": {"type": "plain_text", "text": t},
        }
    )
    return st.lists(
        st.one_of(
            mrkdwn.map(lambda t: {"type": "section", "text": t, "block_id": "same"}),
            st.lists(mrkdwn, min_size=1, max_size=14).map(
                lambda f: {"type": "section", "fields": f}
            ),
            text.map(lambda t: {"type": "header", "text": {"type": "plain_text", "text": t}}),
            st.lists(mrkdwn, min_size=1, max_size=14).map(
                lambda e: {"type": "context", "elements": e}
            ),
            st.lists(button, min_size=1, max_size=30).map(
                lambda e: {"type": "actions", "elements": e}
            ),
            text.map(lambda t: {"type": "markdown", "text": t}),
        ),
        max_size=60,
    )


@given(anything, blocks())
def test_every_message_fits(text: str, content: list[dict[str, Any]]) -> None:
    message = limits.fit(text, content)
    assert message.text
    assert len(message.blocks) <= 50
    ids = [b["block_id"] for b in message.blocks if "block_id" in b]
    assert len(ids) == len(set(ids))
    total = 0
    for block in message.blocks:
        for part in [block.get("text"), *block.get("fields", ()), *block.get("elements", ())]:
            if isinstance(part, dict) and part.get("type") in ("mrkdwn", "plain_text"):
                assert 1 <= limits.length(part["text"]) <= 3000
                total += limits.length(part["text"])
            elif isinstance(part, dict) and part["type"] == "button":
                assert 1 <= limits.length(part["text"]["text"]) <= 75
    assert total <= 13_000


@pytest.mark.parametrize("count", [51, 200])
def test_buttons_survive_when_there_are_too_many_blocks(count: int) -> None:
    content = [
        {"type": "section", "text": {"type": "mrkdwn", "text": str(n)}} for n in range(count)
    ]
    content.append({"type": "actions", "elements": []})
    message = limits.fit("x", content)
    assert message.blocks[-1]["type"] == "actions"
    assert "more parts" in message.blocks[-2]["elements"][0]["text"]


def test_secrets_and_personal_data_in_outside_text_are_not_posted() -> None:
    said = limits.escape("login of ada@example.com with password=hunter2 <!here>")
    assert said == "login of [email] with password=[redacted] &lt;!here&gt;"
