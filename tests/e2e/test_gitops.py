"""A change of what Argo CD applies: from the alert to a pull request, merged by a person, synced, and recovered."""

from __future__ import annotations

import re

import pytest
from github import Auth, Github
from github.PullRequest import PullRequest

from agent.model import OutcomeStatus, ProposalStatus, Via
from sandbox.github.access import token_of
from sandbox.github.api import REPOSITORY
from sandbox.world.ports import Person as Employee
from tests.e2e.bot_process import eventually
from tests.e2e.people import TEAM_LEAD
from tests.e2e.scene import Scene, scene

pytestmark = pytest.mark.timeout(240)
SETTINGS = {
    "SREBOT_WATCH_SECONDS": "300",
    "SREBOT_WATCH_HOLD_SECONDS": "1",
    "SREBOT_WATCH_INTERVAL_SECONDS": "1",
}
PATCH = "kubernetes/overlays/production/auth-resources.yaml"


def pull_of(story: Scene, user: str) -> PullRequest | None:
    """The one pull request, as a person of the company sees it."""
    people: dict[str, Employee] = {
        p.slack_id: p for p in story.company.running.sandbox.world.company.people
    }
    forge = Github(
        auth=Auth.Token(token_of(people[user])),
        base_url=f"{story.company.url}/github",
        retry=None,
        seconds_between_writes=None,
    )
    return next(iter(forge.get_repo(REPOSITORY).get_pulls(state="all")), None)


def limit(story: Scene) -> str:
    """The memory limit that auth runs with."""
    (container,) = story.object("Deployment", "auth")["spec"]["template"]["spec"]["containers"]
    return str(container["resources"]["limits"]["memory"])


def test_a_limit_that_argo_cd_applies_is_raised_by_a_pull_request(postgres_server: str) -> None:
    with scene(postgres_server, "gitops-memory-limit", SETTINGS) as story:
        engineer = story.person()
        thread = engineer.alert()["ts"]
        pull = eventually(lambda: pull_of(story, TEAM_LEAD), 90, story.bot.tail)
        assert pull is not None

        # What people are shown, and that nothing was written to the cluster.
        shown = engineer.waits_for("merge it or close it there", thread)
        assert engineer.offered("approve_change", thread) is None
        assert pull.html_url in str(shown)
        assert [f.filename for f in pull.get_files()] == [PATCH]
        assert pull.user.login == "srebot"
        assert "OOMKilled" in pull.body or "memory" in pull.body
        assert limit(story) == "1Gi"
        assert story.changes() == []

        # Merging it is the decision; Argo CD does the rest.
        assert pull.merge().merged
        eventually(lambda: limit(story) != "1Gi", 30, "it was not synced")
        case = story.case_of(thread, "C0ALERTS")
        assert case is not None
        (proposal,) = case.proposals
        outcome = eventually(
            lambda: story.read(lambda store: store.outcomes.of(proposal.id)),
            120,
            lambda: f"no end:\n{story.bot.tail()}",
        )
        assert outcome is not None
        assert outcome.status is OutcomeStatus.RECOVERED
        (proposal,) = story.case(case.investigation.id).proposals
        assert proposal.status is ProposalStatus.APPLIED
        assert proposal.plan.via is Via.PULL_REQUEST
        assert proposal.plan.target_uid == f"{REPOSITORY}:{PATCH}"
        assert proposal.link == pull.html_url
        assert story.changes() == []

        # Who did what.
        actions = [(e.actor, e.action) for e in story.audit()]
        wanted = [
            ("srebot", "proposed"),
            ("srebot", "opening_request"),
            ("srebot", "request_opened"),
            ("github:jonas", "merged"),
            ("srebot", "seen_recovered"),
        ]
        assert [a for a in actions if a in wanted] == wanted

        # Only the value changed: every other line is what it was, comments and quotes included.
        (file,) = pull.get_files()
        assert file.status == "modified"
        text = pull_text(story)
        assert re.search(r"memory: \d+Mi  # seen at night: 980Mi\n", text)
        assert 'cpu: "2"     # it signs tokens\n' in text


def pull_text(story: Scene) -> str:
    """The patch's file as the base branch has it by now."""
    forge = Github(
        auth=Auth.Token("sandbox-github-read"), base_url=f"{story.company.url}/github", retry=None
    )
    found = forge.get_repo(REPOSITORY).get_contents(PATCH)
    assert not isinstance(found, list)
    return found.decoded_content.decode()
