"""What a proposal says beside its diff: who would feel it, what it holds to, and that some need no way back."""

from __future__ import annotations

from agent.model import Proposal
from bot.slack.views.changes import few, in_words
from tests.unit.bot.slack import cases
from tests.unit.bot.slack.test_views import VIEWS


def planned(**plan: object) -> Proposal:
    made = cases.proposal()
    return made.model_copy(update={"plan": made.plan.model_copy(update=plan)})


def test_the_proposal_names_the_nearest_dependants_and_counts_the_others() -> None:
    names = tuple(f"service-{n}" for n in range(11))
    shown = str(VIEWS.proposal(cases.case(), planned(blast_radius=names)).blocks)
    assert "Depends on it: service-0, service-1" in shown
    assert "service-7 and 3 more" in shown
    assert "service-8" not in shown


def test_without_dependants_it_says_nothing_of_them() -> None:
    assert "Depends on it" not in str(VIEWS.proposal(cases.case(), planned()).blocks)


def test_names_from_the_cluster_call_nobody() -> None:
    shown = str(VIEWS.proposal(cases.case(), planned(blast_radius=("<!channel>",))).blocks)
    assert "<!channel>" not in shown


def test_a_change_that_needs_no_way_back_says_why() -> None:
    shown = str(VIEWS.proposal(cases.case(), planned(way_back=None)).blocks)
    assert "way back: none: the controller makes a new one" in shown


def test_few_names_are_told_whole() -> None:
    assert few(("a", "b")) == "a, b"
    assert in_words(None) == "none: the controller makes a new one"
