"""Known answers: which change precedes an onset, set against how often such changes happen."""

from agent.analysis.coincidence import Happening, coincidences

NOW = 1_700_000_000.0
ONSET = (NOW - 60, NOW, NOW + 60)
DAY = 86_400.0


def happening(minutes_before, kind="rollout", what="web"):
    return Happening(NOW - 60 * minutes_before, kind, what)


def test_a_change_just_before_speaks_for_itself():
    (found,) = coincidences([happening(5)], ONSET)
    assert found.score > 2
    assert found.delay_seconds == 300
    assert found.by_chance < 0.01


def test_the_nearer_change_is_likelier():
    found = coincidences([happening(300, what="old"), happening(4, what="new")], ONSET)
    assert [c.happening.what for c in found] == ["new", "old"]
    assert found[1].score < 0


def test_what_came_after_the_onset_cannot_have_caused_it():
    assert coincidences([happening(-10)], ONSET) == []


def test_within_the_onset_s_interval_it_may():
    (found,) = coincidences([happening(-0.5)], ONSET)
    assert found.delay_seconds == 0


def test_what_happens_all_the_time_says_little():
    often = [happening(10 * i, "job") for i in range(1, 144)]
    (job,) = coincidences([happening(5, "job")], ONSET, often, DAY)
    (rare,) = coincidences([happening(5, "rollout")], ONSET, often, DAY)
    assert job.score < 1 < rare.score
    assert job.by_chance > 0.3
