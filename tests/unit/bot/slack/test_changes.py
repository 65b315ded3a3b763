"""Changes in words, and short diffs."""

from __future__ import annotations

from typing import Any

import pytest

from agent.model import Change, ChangeKind, Entity
from bot.slack.views.changes import in_words, short_diff
from tests.unit.bot.slack.cases import DIFF


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        (ChangeKind.RESOURCES, {"memory_bytes": 16 << 30}, "set cart to 16Gi memory"),
        (
            ChangeKind.RESOURCES,
            {"memory_bytes": 512 << 20, "cpu_cores": 0.5},
            "set cart to 512Mi memory and 0.5 CPU",
        ),
        (ChangeKind.RESOURCES, {}, "set cart to its former resources"),
        (ChangeKind.REPLICAS, {"replicas": 3}, "scale cart to 3 replicas"),
        (ChangeKind.ROLLBACK, {"revision": 7}, "roll cart back to revision 7"),
        (ChangeKind.RESTART, {}, "restart cart"),
        (ChangeKind.SUSPEND_JOB, {"jobs": ["cart-1"]}, "suspend cart"),
        (ChangeKind.RESUME_JOB, {"jobs": ["cart-1"]}, "resume cart"),
        (ChangeKind.CONFIG_VALUE, {"key": "POOL", "value": "130"}, "set POOL of cart to 130"),
    ],
)
def test_in_words(kind: ChangeKind, arguments: dict[str, Any], words: str) -> None:
    assert in_words(Change(kind=kind, target=Entity(name="cart"), arguments=arguments)) == words


def test_a_short_diff_keeps_the_changed_lines_and_their_place() -> None:
    assert short_diff(DIFF) == "after\n-  suspend: false\n+  suspend: true"


def test_a_long_diff_says_how_much_is_left_out() -> None:
    short = short_diff("\n".join(f"+ line {n}" for n in range(100)))
    assert short.splitlines()[-1] == "… 84 more lines"
    assert len(short.splitlines()) == 17


def test_what_is_no_diff_is_shown_as_it_is() -> None:
    assert short_diff("nothing to show") == "nothing to show"
