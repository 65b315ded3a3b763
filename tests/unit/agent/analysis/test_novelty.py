"""Known answers: log templates that are new, more frequent or gone."""

from datetime import UTC, datetime, timedelta

from agent.analysis.logs import LogLine
from agent.analysis.novelty import novelties

START = datetime(2026, 1, 1, tzinfo=UTC)


def lines(*counts):
    return [
        LogLine(START + timedelta(seconds=i), text.format(i), service="cart")
        for text, count in counts
        for i in range(count)
    ]


def changes(before, after):
    return {n.template: n.change for n in novelties(before, after, 3600, 3600)}


def test_a_new_error_is_told_first():
    found = novelties(
        lines(("INFO served {}", 300)),
        lines(
            ("INFO served {}", 300), ("ERROR pool exhausted after {} ms", 12), ("INFO new {}", 90)
        ),
        3600,
        3600,
    )
    assert [n.level for n in found] == ["error", "info"]
    assert (found[0].change, found[0].before, found[0].after) == ("new", 0, 12)
    assert found[0].factor is None


def test_more_fewer_and_gone():
    before = lines(
        ("INFO ok {}", 500), ("WARN slow {}", 20), ("INFO sync {}", 40), ("INFO tick {}", 90)
    )
    after = lines(("INFO ok {}", 500), ("WARN slow {}", 80), ("INFO tick {}", 30))
    assert changes(before, after) == {
        "WARN slow <n>": "more",
        "INFO sync <n>": "gone",
        "INFO tick <n>": "fewer",
    }


def test_more_traffic_alone_is_no_novelty():
    before = lines(("INFO ok {}", 400), ("ERROR refused {}", 20))
    after = lines(("INFO ok {}", 1200), ("ERROR refused {}", 60))
    assert changes(before, after) == {}


def test_a_line_or_two_prove_nothing():
    assert (
        changes(lines(("INFO ok {}", 100)), lines(("INFO ok {}", 100), ("ERROR odd {}", 2))) == {}
    )
