"""A proposal that is a pull request: its link, and no button that decides on it."""

from __future__ import annotations

from typing import Any

import pytest

from agent.model import ProposalStatus, Via
from bot.slack.views.render import Views
from sandbox.slack.blocks import validate_message_blocks
from tests.unit.bot.slack import cases

VIEWS = Views("https://srebot.example/")
LINK = "https://github.example/sundial/infrastructure/pull/7"


def buttons(link: str, status: ProposalStatus = ProposalStatus.OPEN) -> list[dict[str, Any]]:
    plain = cases.proposal(link=link, status=status)
    through = plain.plan.model_copy(update={"via": Via.PULL_REQUEST})
    message = VIEWS.proposal(cases.case(), plain.model_copy(update={"plan": through}))
    blocks = list(message.blocks)
    validate_message_blocks(blocks)
    return [e for b in blocks if b["type"] == "actions" for e in b["elements"]]


def test_the_link_is_the_way_to_decide() -> None:
    shown = buttons(LINK)
    assert [b["action_id"] for b in shown] == ["open_request", "open_record"]
    assert shown[0]["url"] == LINK


def test_before_it_is_opened_there_is_nothing_to_decide_on() -> None:
    assert [b["action_id"] for b in buttons("")] == ["open_record"]


@pytest.mark.parametrize("status", [ProposalStatus.APPLIED, ProposalStatus.REJECTED])
def test_once_it_ended_there_are_no_buttons(status: ProposalStatus) -> None:
    assert buttons(LINK, status) == []


def test_the_summary_asks_for_a_merge() -> None:
    plain = cases.proposal(link=LINK)
    through = plain.plan.model_copy(update={"via": Via.PULL_REQUEST})
    case = cases.case().model_copy(
        update={"proposals": (plain.model_copy(update={"plan": through}),)}
    )
    waiting = case.investigation.model_copy(update={"status": "waiting_for_approval"})
    shown = str(VIEWS.summary(case.model_copy(update={"investigation": waiting})))
    assert "Merge or close the pull request: suspend CronJob redis-reco-backup" in shown
