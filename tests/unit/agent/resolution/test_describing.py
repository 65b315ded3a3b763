"""What a pull request says: people read it as it is, and the forge makes nothing of it."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from agent.resolution.describing import defused, fenced

PIECES = (
    *("@octocat", "fixes #12", "closes GH-7", "https://evil.example/a", "www.evil.example"),
    *("![x](y)", "[x](y)", "<img src=x>", "resolves org/repo#3", "\u202e", "\x1b[31m"),
    *("```", "~~~~", "`", "\n", " ", "a"),
)
ATTACKS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
LIVE = re.compile(r"@\w|#\d|://|(?i:gh-\d)|www\.|!\[|\]\(|<[!/a-z]|[\x1b\u202e]")


def test_people_read_the_same() -> None:
    text = "ask @hannah; fixes #12, see https://a.example"
    assert defused(text).replace("\u200b", "") == text
    assert defused("memory limit of auth: 1Gi -> 2Gi") == "memory limit of auth: 1Gi -> 2Gi"


@given(ATTACKS)
def test_nothing_in_it_is_alive(text: str) -> None:
    said = defused(text)
    assert not LIVE.search(said)


@given(ATTACKS)
def test_a_block_is_ended_by_nothing_within_it(text: str) -> None:
    fence, *inside, end = fenced(text).split("\n")
    assert end == fence
    assert set(fence) == {"`"}
    assert not any(line.strip().startswith(fence) for line in inside)
