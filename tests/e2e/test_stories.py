"""The two nights of the mission, from the alert to the way back, as the people in Slack live them.

Both stories are played once, side by side, since recovery takes a minute or two of real time; the tests look at what
was seen, and compare what the bot stored with the truth in the scenario's file, which the bot cannot read.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from agent.model import Case, ChangeKind, Ending, OutcomeStatus, ProposalStatus
from bot.demo_person import plain
from sandbox.slack.identity import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from sandbox.world.scenario import Truth
from tests.e2e.bot_process import eventually
from tests.e2e.people import (
    APPROVERS,
    ENGINEER,
    OUTSIDER,
    PAYMENTS_ENGINEER,
    TEAM_LEAD,
    Json,
    Person,
    block_of,
    spoken,
)
from tests.e2e.scene import Scene, scene

pytestmark = pytest.mark.timeout(420)

JOBS = {"redis-memory-pressure": "redis-reco-backup", "login-failure": "auth-report"}
"""What has to be suspended in each story."""
SETTINGS = {
    "SREBOT_WATCH_SECONDS": "300",
    "SREBOT_WATCH_HOLD_SECONDS": "2",
    "SREBOT_WATCH_INTERVAL_SECONDS": "2",
    "SREBOT_CHANGE_APPROVERS": APPROVERS,
}
REASON = "Seen it last month; the morning load is coming."
CITED = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class Moment:
    """What the engineer saw, and what had become of the cluster."""

    thread: list[Json]
    changes: list[tuple[str, str]]
    suspended: bool

    @property
    def said(self) -> list[str]:
        """srebot's messages in the thread."""
        return [plain(m) for m in spoken(self.thread)]

    @property
    def proposal(self) -> Json:
        """The latest proposal."""
        marks = ("Proposed fix:", "Way back:")
        return [m for m in spoken(self.thread) if plain(m).startswith(marks)][-1]


@dataclass(frozen=True)
class Story:
    """A story as it was lived."""

    scene: Scene
    job: str
    alert: Json
    proposed: Moment
    whispers: Mapping[str, list[str]]
    """What each person alone was told after pressing Approve."""
    forged: Mapping[str, Any]
    """What each person's forged submission of the engineer's modal was answered."""
    refused: Moment
    applied: Moment
    recovered: Moment
    back_proposed: Moment
    back: Moment

    @property
    def case(self) -> Case:
        """What is stored of it."""
        return self.scene.case(1)

    @property
    def truth(self) -> Truth:
        """What the scenario's file says."""
        return self.scene.company.running.sandbox.scenario.truth


def play(stage: Scene, job: str) -> Story:
    """Live through a story."""
    engineer = stage.person(ENGINEER)
    alert = engineer.alert()
    ts = str(alert["ts"])

    def moment() -> Moment:
        suspended = bool(stage.object("CronJob", job)["spec"]["suspend"])
        return Moment(engineer.thread(ts), stage.changes(), suspended)

    button = engineer.waits_for_button("approve_change", ts)
    proposed = moment()
    whispers, forged = _others_try(stage, ts, button)
    refused = moment()
    _approve_twice(stage, button)
    engineer.waits_for("Applied.", ts)
    whispers["late"] = _press(stage.person(ENGINEER), ts, button)
    _disagree(stage, engineer.waits_for_button("finding_feedback", ts))
    applied = moment()
    engineer.waits_for("Recovered.", ts, seconds=300)
    eventually(lambda: stage.case(1).investigation.ended_at, 60)
    with suppress(AssertionError):  # the mark is last; whether it comes is for a test to say
        eventually(lambda: "white_check_mark" in str(engineer.thread(ts)[0]), 60)
    recovered = moment()
    assert engineer.clicks(engineer.waits_for_button("revert_change", ts), "revert_change").ok
    button = engineer.waits_for_button("approve_change", ts)
    back_proposed = moment()
    assert engineer.approves(button).ok
    eventually(lambda: not moment().suspended, 60)
    engineer.waits_for("Applied.", ts)
    return Story(
        stage, job, alert, proposed, whispers, forged, refused, applied, recovered,
        back_proposed, moment(),
    )  # fmt: skip


def _others_try(stage: Scene, ts: str, button: Json) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """An outsider and a colleague who is not entitled press Approve, and submit the engineer's modal."""
    engineer = stage.person(ENGINEER)
    assert engineer.clicks(button, "approve_change").ok
    modal = eventually(engineer.modal, 60)
    whispers, forged = {}, {}
    for user in (OUTSIDER, PAYMENTS_ENGINEER):
        person = stage.person(user)
        whispers[user] = _press(person, ts, button)
        assert person.modal() is None
        forged[user] = person.forges(modal)
    return whispers, forged


def _press(person: Person, ts: str, button: Json) -> list[str]:
    """Press Approve on what may no longer be the newest state of a message, as a slow page does."""
    before = len(person.whispers(ts))
    person.presses(button, "approve_change")
    eventually(lambda: len(person.whispers(ts)) > before, 60, "nothing was whispered")
    return person.whispers(ts)[before:]


def _approve_twice(stage: Scene, button: Json) -> None:
    """A double click on Approve, and both modals submitted, one of them twice."""
    engineer = stage.person(ENGINEER)
    first = eventually(engineer.modal, 60)
    engineer.presses(button, "approve_change")
    second = eventually(lambda: (m := engineer.modal()) and m["id"] != first["id"] and m, 60)
    assert engineer.submits(second, REASON).ok
    engineer.forges(second)
    engineer.forges(first)


def _disagree(stage: Scene, report: Json) -> None:
    lead = stage.person(TEAM_LEAD)
    wrong = {"value": "wrong:1"}
    assert lead.clicks(report, "finding_feedback", wrong).ok
    assert lead.submits(eventually(lead.modal, 60), "I think it is the disk").ok


@pytest.fixture(scope="module")
def stories(postgres_server: str) -> Iterator[Mapping[str, Story]]:
    with ExitStack() as stack, ThreadPoolExecutor(len(JOBS)) as pool:
        stages = {
            name: stack.enter_context(scene(postgres_server, name, SETTINGS)) for name in JOBS
        }
        playing = {name: pool.submit(play, stage, JOBS[name]) for name, stage in stages.items()}
        yield {name: story.result() for name, story in playing.items()}


@pytest.fixture(params=list(JOBS))
def story(request: pytest.FixtureRequest, stories: Mapping[str, Story]) -> Story:
    return stories[request.param]


def test_one_summary_in_the_alerts_thread_is_edited(story: Story) -> None:
    first = next(spoken(story.proposed.thread))
    assert first["thread_ts"] == story.alert["ts"]
    assert first["edited"]
    assert story.case.finding is not None
    headline = story.case.finding.headline
    (summary,) = (m for m in spoken(story.recovered.thread) if plain(m).startswith(headline))
    assert summary["ts"] == first["ts"]
    assert len([text for text in story.recovered.said if text]) <= 8  # pictures have no words
    assert 1 <= len([text for text in story.recovered.said if not text]) <= 3


def test_the_alert_is_marked_as_seen_and_as_done(story: Story) -> None:
    def marks(moment: Moment) -> set[str]:
        return {r["name"] for r in moment.thread[0].get("reactions", ())}

    assert "eyes" in marks(story.proposed)
    assert "white_check_mark" in marks(story.recovered)


def test_it_speaks_nowhere_else(story: Story) -> None:
    engineer = story.scene.person(ENGINEER)
    workspace = story.scene.company.running.sandbox.workspace
    started = story.scene.company.running.sandbox.world.started_at.timestamp()
    channels = story.scene.company.running.call(workspace.channels, ENGINEER)
    elsewhere = [
        plain(message)
        for channel in channels
        for message in spoken(engineer.channel(channel["id"]))
        if float(message["ts"]) >= started
    ]
    assert elsewhere == []


def test_the_cause_and_its_place_are_the_scenarios(story: Story) -> None:
    finding, truth = story.case.finding, story.truth
    assert finding is not None
    assert finding.ending is Ending.CAUSE_FOUND
    assert truth.entity is not None
    right = {(e.name, e.namespace) for e in (truth.entity, *truth.also_right)}
    assert (finding.entity, finding.namespace) in right
    assert story.job in finding.headline
    assert 0.8 <= finding.confidence <= 0.97


def test_every_citation_opens_the_stored_answer(story: Story) -> None:
    cited = {int(n) for text in story.back.said for n in CITED.findall(text)}
    assert len(cited) >= 10
    steps = {s.number: s for s in story.scene.read(lambda store: store.cases.load_steps(1))}
    evidence = {e.number: e for e in story.case.evidence}
    for number in sorted(cited):
        reading = steps[evidence[number].step].reading
        assert reading is not None
        status, page = story.scene.page(f"/investigations/1/evidence/{number}")
        assert status == 200
        assert reading.query[:40] in html.unescape(page)
        status, raw = story.scene.page(f"/investigations/1/evidence/{number}?raw=1")
        assert (status, raw) == (200, reading.raw)


def test_sentences_of_the_report_cite(story: Story) -> None:
    (report,) = (text for text in story.proposed.said if text.startswith("Cause found"))
    evidence = report.split("Evidence\n")[1].split("\nRuled out")[0]
    lines = [s for s in evidence.splitlines() if s.startswith("•") and not s.endswith(" more")]
    assert len(lines) >= 7
    assert all(CITED.search(line) for line in lines)


def test_the_proposed_fix_is_acceptable(story: Story) -> None:
    change = story.case.proposals[0].change
    assert change.kind is ChangeKind.SUSPEND_JOB
    name = f"suspend CronJob {change.target.namespace}/{change.target.name}"
    assert name in story.truth.acceptable_fixes
    assert "suspend: true" in str(story.proposed.proposal["blocks"])


@pytest.mark.parametrize("user", [OUTSIDER, PAYMENTS_ENGINEER])
def test_who_is_not_entitled_is_refused_alone_and_audited(story: Story, user: str) -> None:
    (whisper,) = story.whispers[user]
    assert "You may not decide on changes in production" in whisper
    assert "You may not decide" in story.forged[user]["errors"]["reason"]
    assert not any("You may not decide" in plain(m) for m in story.refused.thread)
    entries = [e for e in story.scene.audit("decision_refused") if e.actor == user]
    assert len(entries) == 2
    assert {e.subject for e in entries} == {f"proposal:{story.case.proposals[0].id}"}


def test_nothing_changes_before_an_entitled_person_approves(story: Story) -> None:
    assert story.refused.changes == []
    assert not story.refused.suspended
    assert block_of(story.refused.proposal, "approve_change")


def test_an_approval_clicked_and_submitted_twice_is_applied_once(story: Story) -> None:
    cronjobs = [path for _, path in story.applied.changes if path.endswith(f"/{story.job}")]
    assert len(cronjobs) == 1
    assert len(story.applied.changes) == len(set(story.applied.changes))
    assert story.applied.suspended
    (entry,) = story.scene.audit("approved")[:-1]
    assert (entry.actor, entry.details["reason"]) == (ENGINEER, REASON)
    decisions = [t for t in story.applied.said if "approved “" in t]
    assert len(decisions) == 1
    assert REASON in decisions[0]


def test_after_the_decision_the_button_is_gone_and_a_late_click_is_told_so(story: Story) -> None:
    assert not block_of(story.applied.proposal, "approve_change")
    assert "can no longer be decided" in story.whispers["late"][-1]


def test_the_recovery_is_reported_without_claiming_the_change_caused_it(story: Story) -> None:
    recovered = [text for text in story.recovered.said if text.startswith("Recovered.")]
    assert len(recovered) == 1
    assert "not proof that the change caused it" in recovered[0]
    proposal = story.case.proposals[0].id
    outcome = story.scene.read(lambda store: store.outcomes.of(proposal))
    assert outcome is not None
    assert outcome.status is OutcomeStatus.RECOVERED
    monitored = next(s for s in outcome.signals if s.name.startswith("monitor"))
    assert (monitored.before, monitored.after) == (1.0, 0.0)


def test_a_pattern_is_stored_with_the_fix_that_helped(story: Story) -> None:
    signal, finding = story.case.signal, story.case.finding
    (pattern,) = story.scene.read(lambda store: store.memory.recall(signal))
    assert finding is not None
    assert (pattern.mode, pattern.entity) == (finding.mode, finding.entity)
    assert pattern.fix.startswith(f"suspend CronJob {story.job}")
    assert "came back to normal" in pattern.outcome
    assert signal.title in pattern.symptoms
    assert pattern.checks


def test_a_wrong_verdict_is_kept_with_the_engineers_word(story: Story) -> None:
    (given,) = story.scene.read(lambda store: store.feedback.of("finding", "1"))
    assert (given.user, given.verdict, given.comment) == (
        TEAM_LEAD,
        "wrong",
        "I think it is the disk",
    )


def test_the_way_back_needs_an_approval_of_its_own(story: Story) -> None:
    assert story.back_proposed.suspended
    assert story.back_proposed.changes == story.applied.changes
    first, second = story.case.proposals
    assert second.reverts == first.id
    assert second.change.kind is ChangeKind.RESUME_JOB
    assert {first.status, second.status} == {ProposalStatus.APPLIED}
    assert not story.back.suspended
    assert len(story.scene.audit("approved")) == 2
    assert [e.actor for e in story.scene.audit("way_back_requested")] == [ENGINEER]


def test_the_audit_log_tells_it_all_and_was_not_tampered_with(story: Story) -> None:
    told = [e.action for e in story.scene.audit()]
    order = ["proposed", "decision_refused", "approved", "applied", "seen_recovered", "proposed"]
    places = [told.index(action) for action in order[:-1]]
    assert places == sorted(places)
    assert told.count("applied") == 2
    assert story.scene.read(lambda store: store.audit.verify()) is None


def test_no_credential_leaves_the_process(story: Story) -> None:
    told = "\n".join(story.back.said) + story.scene.bot.tail(1_000_000)
    for secret in (BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, "sandbox-write", "sandbox-read"):
        assert secret not in told
