"""Slack's mrkdwn becomes HTML, and nothing else does."""

from __future__ import annotations

from datetime import datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.page.markdown import render_markdown
from sandbox.page.mrkdwn import Names, render_mrkdwn
from sandbox.page.rich_text import render_rich_text

NAMES = Names(users={"U1": "Maya", "U2": "Jonas"}, channels={"C1": "deploys"}, reader="U1")
NOW = datetime(2026, 11, 24, 3, 0).astimezone()


def html(text: str) -> str:
    return str(render_mrkdwn(text, NAMES, now=NOW))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*bold* and _italic_ and ~gone~", "<strong>bold</strong> and <em>italic</em> and <del>gone</del>"),
        ("*bold with _italic_ in it*", "<strong>bold with <em>italic</em> in it</strong>"),
        ("cart_queue_depth and 2*3*4", "cart_queue_depth and 2*3*4"),
        ("* not bold *", "* not bold *"),
        ("`a_b_c *x*`", '<code class="inline-code">a_b_c *x*</code>'),
        ("a\nb", "a<br>b"),
        ("a &lt;b&gt; &amp;amp;", "a &lt;b&gt; &amp;amp;"),
        (":eyes: :no_such_thing:", '<span class="emoji" title=":eyes:">👀</span> :no_such_thing:'),
        ("10:30:45", "10:30:45"),
    ],
)  # fmt: skip
def test_inline_marks(text: str, expected: str) -> None:
    assert html(text) == expected


def test_code_block_keeps_its_lines_and_marks_verbatim() -> None:
    assert html("see\n```\n*x*\n  y\n```\nafter") == (
        'see<pre class="code-block">*x*\n  y</pre>after'
    )


def test_quotes_and_lists_are_grouped() -> None:
    assert html("&gt; one\n&gt; two\nthree") == "<blockquote>one<br>two</blockquote>three"
    shown = html("• one\n  ◦ *two*")
    assert shown.count('class="list-item"') == 2
    assert 'data-depth="1"' in shown and "<strong>two</strong>" in shown


def test_links_open_elsewhere_and_only_with_schemes_that_are_safe() -> None:
    shown = html("<https://a.example/x?a=1&amp;b=2|the *page*>")
    assert 'href="https://a.example/x?a=1&amp;b=2"' in shown
    assert 'rel="noopener noreferrer"' in shown and "the <strong>page</strong>" in shown
    assert "<a " not in html("<javascript:alert(1)|click>")
    assert "<a " not in html("<data:text/html,x|click>")
    assert 'href="http://b.example/p"' in html("see http://b.example/p.")


def test_mentions_show_names_and_the_readers_own_stands_out() -> None:
    assert html("<@U2>") == '<span class="mention">@Jonas</span>'
    assert "mention-own" in html("<@U1>")
    assert "@unknown-label" in html("<@U9|unknown-label>")
    assert "#deploys" in html("<#C1>") and "channel=C1" in html("<#C1>")
    assert "@oncall" in html("<!subteam^S1|@oncall>")
    assert "@here" in html("<!here>")


def test_dates_are_worded_for_the_reader_and_fall_back_when_impossible() -> None:
    ts = int(NOW.timestamp())
    assert "today 3:00 AM" in html(f"<!date^{ts}^{{date_short_pretty}} {{time}}|then>")
    assert "2026-11-24" in html(f"<!date^{ts}^{{date_num}}|then>")
    assert html("<!date^99999999999999999^{time}|some day>") == "some day"


class _Tags(HTMLParser):
    """Collects what a browser would make of it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


_OURS = {"strong", "em", "del", "code", "pre", "br", "a", "span", "div", "blockquote", "time"}
_MARKDOWN = _OURS | {
    "p", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
    "table", "thead", "tbody", "tr", "th", "td", "s",
}  # fmt: skip
_PIECES = [
    *"<>&|*_~`\"'=/\\()[]#!@^:\n -",
    *("<script>", " onerror=", "javascript:", "<img ", "https://x.y", "<@U1|", "```", "![x](", "|-|\n"),
]  # fmt: skip
_HOSTILE = st.lists(st.sampled_from(_PIECES), max_size=60).map("".join) | st.text(max_size=200)


@given(_HOSTILE)
def test_no_text_becomes_markup_that_we_did_not_write(text: str) -> None:
    for rendered, allowed in (
        (html(text), _OURS),
        (str(render_markdown(text)), _MARKDOWN),
        (str(render_rich_text(_as_rich_text(text), NAMES)), _OURS),
    ):
        seen = _Tags()
        seen.feed(rendered)
        assert seen.tags <= allowed
        for name, value in seen.attributes:
            assert not name.startswith("on")
            assert name != "href" or not (value or "").lower().startswith(("javascript", "data"))


def _as_rich_text(text: str) -> dict[str, object]:
    parts = [
        {"type": "text", "text": text, "style": {"code": True}},
        {"type": "link", "url": text, "text": text},
        {"type": "emoji", "name": text},
        {"type": "user", "user_id": text},
        {"type": text},
    ]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": parts}]}


@pytest.mark.timeout(5)
def test_a_hostile_row_of_opening_marks_does_not_take_long() -> None:
    html("*a " * 13_000 + "_b " * 1_000)


def test_markdown_shows_html_as_text_and_draws_tables() -> None:
    shown = str(render_markdown("**b** <b>x</b>\n\n|a|b|\n|-|-|\n|1|2|\n\n[l](http://x.y) :tada:"))
    assert "<strong>b</strong>" in shown and "&lt;b&gt;x&lt;/b&gt;" in shown
    assert "<td>2</td>" in shown and 'target="_blank"' in shown and "🎉" in shown
