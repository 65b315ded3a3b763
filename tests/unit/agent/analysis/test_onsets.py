"""Known answers: who moved first, and when that cannot be told."""

import numpy as np
import pytest

from agent.analysis.onsets import onset_of, order_of, precedes

STEP = 60.0


def series(start, *, jump=5.0, noise=0.2, slope=0.0, points=120, seed=1):
    random = np.random.default_rng(seed)
    times = np.arange(points) * STEP
    after = np.maximum(0, np.arange(points) - start + 1)
    values = 10 + jump * (after > 0) + slope * after + noise * random.standard_normal(points)
    return list(zip(times.tolist(), values.tolist(), strict=True))


def test_a_jump_is_found_where_it_is():
    onset = onset_of("a", series(70))
    assert onset is not None
    assert onset.at == pytest.approx(70 * STEP, abs=STEP)
    assert onset.earliest <= 70 * STEP <= onset.latest
    assert onset.latest - onset.earliest <= 3 * STEP


def test_a_noisy_rise_has_a_wider_interval_that_holds_the_truth():
    sharp, slow = (
        onset_of("a", series(60)),
        onset_of("b", series(60, jump=0, slope=0.15, noise=0.8)),
    )
    assert sharp is not None
    assert slow is not None
    assert slow.latest - slow.earliest > sharp.latest - sharp.earliest
    assert slow.earliest <= 60 * STEP <= slow.latest


def test_a_steady_series_has_no_onset():
    assert onset_of("a", series(500)) is None


def test_the_order_is_that_of_the_onsets():
    order = order_of({"web": series(80), "store": series(60, seed=2), "idle": series(500, seed=3)})
    assert [o.name for o in order.onsets] == ["store", "web"]
    assert [o.name for o in order.first] == ["store"]
    assert order.steady == ("idle",)


def test_the_first_is_not_claimed_where_intervals_overlap():
    order = order_of({"web": series(61), "store": series(60, seed=2, noise=2.5)})
    assert len(order.first) == 2


def test_precedence_is_a_chance():
    a, b = onset_of("a", series(50)), onset_of("b", series(90))
    assert a is not None
    assert b is not None
    assert precedes(a, b) > 0.99
    assert precedes(b, a) < 0.01
    assert precedes(a, a) == 0.5


def test_nothing_has_no_order():
    assert order_of({}).first == ()
