"""Which messages correct a fact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.knowledge.correction_words import CorrectionKind, correction_in

USES, BELONGS = CorrectionKind.USES, CorrectionKind.BELONGS
SAME, DIFFERENT = CorrectionKind.SAME, CorrectionKind.DIFFERENT


@pytest.mark.parametrize(
    ("text", "kind", "a", "b", "holds"),
    [
        ("cart no longer uses redis-reco", USES, "cart", "redis-reco", False),
        ("cart uses redis-reco.", USES, "cart", "redis-reco", True),
        ("No, cart doesn't use redis-reco anymore", USES, "cart", "redis-reco", False),
        ("Actually, cart isn’t using redis-reco", USES, "cart", "redis-reco", False),
        ("cart depends on session-db", USES, "cart", "session-db", True),
        ("The Checkout Service calls payments", USES, "The Checkout Service", "payments", True),
        ("auth-db belongs to identity", BELONGS, "auth-db", "identity", True),
        ("auth-db is owned by team identity", BELONGS, "auth-db", "identity", True),
        ("the identity team owns auth-db", BELONGS, "auth-db", "identity", True),
        ("auth-db does not belong to platform", BELONGS, "auth-db", "platform", False),
        ("reco is the same as recommendation", SAME, "reco", "recommendation", True),
        ("reco and recommendation are the same thing", SAME, "reco", "recommendation", True),
        ("reco is not recommendation", DIFFERENT, "reco", "recommendation", False),
        ("reco is not the same as recommendation", DIFFERENT, "reco", "recommendation", False),
    ],
)
def test_a_correction_is_understood(
    text: str, kind: CorrectionKind, a: str, b: str, holds: bool
) -> None:
    said = correction_in(text)
    assert said is not None
    assert (said.kind, said.a, said.b, said.holds) == (kind, a, b, holds)


@pytest.mark.parametrize(
    "text",
    [
        "does cart use redis-reco?",
        "cart uses redis-reco, right?",
        "I think cart uses redis-reco",
        "cart might use redis-reco",
        "cart will use redis-reco next week",
        "checkout uses too much memory",
        "it uses redis",
        "if cart uses redis-reco then we are lost",
        "who owns auth-db",
        "what depends on redis-reco",
        "investigate cart",
        "",
    ],
)
def test_questions_guesses_plans_and_talk_correct_nothing(text: str) -> None:
    assert correction_in(text) is None


def test_words_that_may_mean_something_else_are_marked() -> None:
    said = correction_in("cart is not working")
    assert said is not None
    assert not said.sure


@given(st.text(max_size=200))
def test_any_text_is_taken(text: str) -> None:
    correction_in(text)


@given(st.from_regex(r"[a-z]{3,8}(-[a-z]{2,5})?", fullmatch=True), st.booleans())
def test_a_correction_taken_back_is_its_opposite(name: str, holds: bool) -> None:
    verb, back = ("uses", "no longer uses") if holds else ("no longer uses", "uses")
    first, second = (
        correction_in(f"zz-{name} {verb} db-{name}"),
        correction_in(f"zz-{name} {back} db-{name}"),
    )
    assert first is not None
    assert second is not None
    assert first.holds is not second.holds
    assert (first.a, first.b) == (second.a, second.b)
