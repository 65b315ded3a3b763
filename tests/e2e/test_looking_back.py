"""A real bot looks back on what it found and changed: graded from the company's own systems, shown in Slack and on the page.

The watch ends long before the company's systems have recovered, so that the change is seen to have done nothing.
"""

from __future__ import annotations

import pytest

from agent.learning.trust import WRONG_BELOW
from agent.model import Verdict
from tests.e2e.bot_process import eventually
from tests.e2e.people import APPROVERS, ENGINEER
from tests.e2e.scene import Scene, scene

pytestmark = pytest.mark.timeout(240)

SETTINGS = {
    "SREBOT_WATCH_SECONDS": "3",
    "SREBOT_WATCH_INTERVAL_SECONDS": "1",
    "SREBOT_VERDICT_FIRST_SECONDS": "1",
    "SREBOT_CHANGE_APPROVERS": APPROVERS,
}
"""The verdict is reached within seconds of the end."""


def verdict_on(stage: Scene) -> Verdict | None:
    return stage.read(lambda store: store.verdicts.of(1))


def test_what_a_change_did_not_mend_is_graded_and_said_once_and_a_persons_word_outranks_it(
    postgres_server: str,
) -> None:
    with scene(postgres_server, "redis-memory-pressure", SETTINGS) as stage:
        engineer = stage.person(ENGINEER)
        ts = str(engineer.alert()["ts"])
        assert engineer.approves(engineer.waits_for_button("approve_change", ts)).ok
        first = eventually(lambda: verdict_on(stage), 90)
        assert first.probability < WRONG_BELOW
        assert {"change", "neighbours"} <= {o.source for o in first.observed}
        engineer.waits_for("Looking back, my finding was probably wrong", ts)
        status, page = stage.page("/investigations/1")
        assert status == 200
        assert "the watched signals did not change" in page

        report = engineer.waits_for_button("finding_feedback", ts)
        assert engineer.clicks(report, "finding_feedback", {"value": "right:1"}).ok
        second = eventually(lambda: (v := verdict_on(stage)) and v.probability > 0.8 and v, 60)
        assert any("said that it was right" in o.what for o in second.observed)
        status, page = stage.page("/trust")
        assert status == 200
        assert "1 of 1 graded findings were right" in page
        assert engineer.commands("trust redis-reco-backup").ok
        assert sum("Looking back" in text for text in engineer.said(ts)) == 1
