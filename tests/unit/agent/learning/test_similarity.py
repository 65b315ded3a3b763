"""How alike symptoms are, and rankings made one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.learning.similarity import alike, cosine, fused, in_words, rarity, role_in_words

FEATURES = st.frozensets(
    st.sampled_from(["alert:a", "alert:b", "signal:alerted m up", "log:alerted x", "uses:database"])
)


def test_what_all_share_says_little() -> None:
    weights = rarity([["alert:high", "log:alerted a"], ["alert:high"], ["alert:high"]])
    assert weights["log:alerted a"] > weights["alert:high"] > 0.0


def test_what_could_not_be_known_yet_does_not_count_against() -> None:
    pattern = ("alert:failure", "alerted:service", "signal:alerted pool up")
    assert alike(("alert:failure", "alerted:service"), pattern, {}) == 1.0
    assert alike((*pattern[:2], "signal:alerted cpu up"), pattern, {}) < 1.0


@given(FEATURES, FEATURES)
def test_likeness_is_a_share(one: frozenset[str], other: frozenset[str]) -> None:
    weights = rarity([one, other])
    assert 0.0 <= alike(one, other, weights) <= 1.0
    if one:
        assert alike(one, one, weights) == 1.0


def test_what_two_rankings_agree_on_comes_first() -> None:
    assert next(iter(fused([["a", "b", "c"], ["b", "c"]]))) == "b"
    assert fused([]) == {}


def test_vectors_of_nothing_or_of_another_length_are_not_alike() -> None:
    assert cosine((1.0, 0.0), (2.0, 0.0)) == 1.0
    assert cosine((), (1.0,)) == cosine((0.0,), (1.0,)) == cosine((1.0,), (1.0, 2.0)) == 0.0


def test_features_are_told_in_words() -> None:
    told = in_words("signal:dependency:database postgresql.queries.time up")
    assert told == "postgresql.queries.time of the database that the alerted service uses went up"
    assert in_words("change:alerted rollout") == "rollout at the alerted service shortly before"
    assert role_in_words("job:cache") == "a job on the cache"
