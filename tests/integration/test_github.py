"""Pull requests by PyGithub on the company's GitHub: put up once, decided there, applied by the GitOps controller."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from github import Auth, Github, GithubException
from github.Repository import Repository

from agent.errors import AccessDenied, Drifted, NotFound, Refused, Unreachable
from agent.model import Change, ChangeKind, Entity, Json, Plan, Proposal, Via
from integrations.github.client import GithubClient
from integrations.github.cluster import LiveObjects
from integrations.github.probe import probe
from integrations.github.requests import GithubRequests, blob_sha
from integrations.kubernetes.client import KubernetesClient, configure
from integrations.kubernetes.fixes import KubernetesFixer
from sandbox.github.access import READ_TOKEN, SREBOT_TOKEN
from sandbox.github.api import REPOSITORY
from sandbox.serving import Running, running

PATCH = "kubernetes/overlays/production/auth-resources.yaml"
AUTH = Entity(name="auth", kind="deployment", namespace="production")
GIBIBYTE = 2**30
MERGER = "sandbox-github-hannah"


@pytest.fixture
def company() -> Iterator[Running]:
    with running("gitops-memory-limit", posts_alerts=False) as served:
        yield served


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    """The same company for tests that leave it as it is."""
    with running("gitops-memory-limit", posts_alerts=False) as served:
        yield served


def forge(company: Running, token: str) -> Repository:
    client = Github(
        auth=Auth.Token(token),
        base_url=f"{company.url}/github",
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )
    return client.get_repo(REPOSITORY)


def cluster(company: Running, token: str) -> KubernetesClient:
    return KubernetesClient(configure(host=f"{company.url}/k8s", token=token))


def requests_of(company: Running) -> GithubRequests:
    client = GithubClient(SREBOT_TOKEN, REPOSITORY, f"{company.url}/github")
    fixer = KubernetesFixer(cluster(company, "sandbox-write"))
    live = LiveObjects(cluster(company, "sandbox-read"))
    return GithubRequests(client, live, fixer, lambda n: f"https://srebot.example/{n}")


@pytest.fixture
def requests(company: Running) -> GithubRequests:
    return requests_of(company)


def raising(memory_bytes: int = 2 * GIBIBYTE, target: Entity = AUTH) -> Change:
    return Change(
        kind=ChangeKind.RESOURCES, target=target, arguments={"memory_bytes": memory_bytes}
    )


def proposal_of(change: Change, plan: Plan, number: int = 1) -> Proposal:
    now = datetime.now(UTC)
    return Proposal(
        id=UUID(int=number),
        investigation=1,
        change=change,
        plan=plan,
        environment="production",
        policy_version="1",
        created_at=now,
        expires_at=now + timedelta(hours=1),
    )


def resources(company: Running) -> Json:
    item: Any = company.call(company.sandbox.store.get, "Deployment", "production", "auth")
    found: Json = item["spec"]["template"]["spec"]["containers"][0]["resources"]
    return found


async def test_a_change_goes_there_and_back(company: Running, requests: GithubRequests) -> None:
    change = raising()
    assert await requests.manages(change)
    plan = await requests.plan(change)
    before = forge(company, READ_TOKEN).get_contents(PATCH)
    assert not isinstance(before, list)
    assert plan.via is Via.PULL_REQUEST
    assert plan.target_uid == f"{REPOSITORY}:{PATCH}"
    assert plan.resource_version == before.sha
    assert plan.summary == "memory limit of auth: 1Gi -> 2Gi"
    assert "Argo CD applies it once it is merged into main" in plan.risk
    assert "make the change in its repository too" not in plan.risk

    # Put up, however often; described with the record.
    proposal = proposal_of(change, plan)
    link = await requests.open(proposal, "Why, in words")
    assert await requests.open(proposal, "Why, in words") == link
    mine = forge(company, MERGER)
    (pull,) = mine.get_pulls()
    assert pull.html_url == link
    assert pull.body == "Why, in words\n\nThe whole record: https://srebot.example/1"
    (commit,) = [c for c in mine.get_commits(sha=pull.head.sha) if c.sha == pull.head.sha]
    assert commit.commit.author.name == "srebot"
    assert not (await requests.state(proposal)).merged

    # Merged by a person, applied by Argo CD.
    assert pull.merge().merged
    state = await requests.state(proposal)
    assert (state.merged, state.closed, state.by) == (True, False, "hannah")
    assert state.at is not None
    deadline = time.monotonic() + 20
    while not (await requests.state(proposal)).synced:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)
    assert resources(company)["limits"] == {"cpu": "2", "memory": "2Gi"}

    # The way back restores the file, byte by byte.
    assert plan.way_back is not None
    back = proposal_of(plan.way_back, await requests.plan(plan.way_back), 2)
    await requests.open(back, "")
    (pull,) = mine.get_pulls()
    pull.merge()
    after = mine.get_contents(PATCH)
    assert not isinstance(after, list)
    assert after.decoded_content == before.decoded_content


async def test_a_closed_request_is_a_rejection_by_whoever_closed_it(
    company: Running, requests: GithubRequests
) -> None:
    proposal = proposal_of(raising(), await requests.plan(raising()))
    await requests.open(proposal, "")
    (pull,) = forge(company, MERGER).get_pulls()
    pull.edit(state="closed")
    state = await requests.state(proposal)
    assert (state.merged, state.closed, state.by) == (False, True, "hannah")


async def test_closing_says_why_and_leaves_no_branch(
    company: Running, requests: GithubRequests
) -> None:
    proposal = proposal_of(raising(), await requests.plan(raising()))
    await requests.open(proposal, "")
    await requests.close(proposal, "Nobody decided; ask @hannah, fixes #1")
    await requests.close(proposal, "again")
    mine = forge(company, MERGER)
    (pull,) = mine.get_pulls(state="closed")
    (comment,) = pull.get_issue_comments()
    assert comment.body == "Nobody decided; ask @\u200bhannah, fixes #\u200b1"
    assert [b.name for b in mine.get_branches()] == ["main"]
    assert (await requests.state(proposal)).closed


async def test_after_a_crash_what_was_made_is_found(
    company: Running, requests: GithubRequests
) -> None:
    """The branch was made, the process died, and the request was not opened yet."""
    proposal = proposal_of(raising(), await requests.plan(raising()))
    writer = GithubClient(SREBOT_TOKEN, REPOSITORY, f"{company.url}/github")
    commit = await requests._commit(proposal)
    await writer.commit_to(f"srebot/{proposal.id}", commit)
    await writer.commit_to(f"srebot/{proposal.id}", commit)
    assert await requests.open(proposal, "")
    (pull,) = forge(company, MERGER).get_pulls()
    assert [f.filename for f in pull.get_files()] == [PATCH]
    writer.close()


async def test_files_that_changed_since_are_planned_anew(
    company: Running, requests: GithubRequests
) -> None:
    proposal = proposal_of(raising(), await requests.plan(raising()))
    mine = forge(company, MERGER)
    file = mine.get_contents(PATCH)
    assert not isinstance(file, list)
    text = file.decoded_content.decode()
    mine.update_file(PATCH, "more", text.replace("1Gi", "1200Mi"), file.sha, branch="main")
    with pytest.raises(Drifted, match="changed since"):
        await requests.open(proposal, "")
    assert (await requests.plan(raising())).resource_version == blob_sha(
        text.replace("1Gi", "1200Mi")
    )


async def test_a_rollback_is_what_git_had_before(
    company: Running, requests: GithubRequests
) -> None:
    await requests.open(first := proposal_of(raising(), await requests.plan(raising())), "")
    (pull,) = forge(company, MERGER).get_pulls()
    pull.merge()
    while not (await requests.state(first)).synced:
        await asyncio.sleep(0.2)
    change = Change(kind=ChangeKind.ROLLBACK, target=AUTH, arguments={"revision": 3})
    plan = await requests.plan(change)
    assert "+              memory: 1Gi  # seen at night: 980Mi\n" in plan.diff
    assert plan.summary.startswith("rollback of auth: as before commit ")
    # A revision from before the repository's history is not what Git had.
    older = change.model_copy(update={"arguments": {"revision": 1}})
    with pytest.raises(Refused, match="no such earlier values"):
        await requests.plan(older)


async def test_what_nobody_applies_is_not_managed(shared: Running) -> None:
    """cart is declared there, and bears no controller's mark; a restart is said in no file."""
    requests = requests_of(shared)
    cart = AUTH.model_copy(update={"name": "cart"})
    assert not await requests.manages(raising(target=cart))
    assert not await requests.manages(Change(kind=ChangeKind.RESTART, target=AUTH))
    gone = AUTH.model_copy(update={"name": "gone"})
    assert not await requests.manages(raising(target=gone))


async def test_the_cluster_is_asked_before_people_are(shared: Running) -> None:
    requests = requests_of(shared)
    with pytest.raises(Refused, match="memory limit must be"):
        await requests.plan(raising(memory_bytes=1))


async def test_a_direct_write_is_taken_back_by_argo_cd(company: Running) -> None:
    fixer = KubernetesFixer(cluster(company, "sandbox-write"))
    proposal = proposal_of(raising(), await fixer.plan(raising()))
    await fixer.apply(proposal)
    assert resources(company)["limits"]["memory"] == "2Gi"
    deadline = time.monotonic() + 20
    while resources(company)["limits"]["memory"] != "1Gi":
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)


async def test_a_token_without_write_opens_nothing_and_the_doctor_says_so(shared: Running) -> None:
    requests = requests_of(shared)
    client = GithubClient(READ_TOKEN, REPOSITORY, f"{shared.url}/github")
    proposal = proposal_of(raising(), await requests.plan(raising()))
    with pytest.raises(AccessDenied, match="grant Contents: write and Pull requests: write"):
        await GithubRequests(client, requests._cluster).open(proposal, "")
    assert [(p.name, p.ok) for p in await probe(client)] == [
        ("github repository", True),
        ("github pull requests", True),
        ("github write", False),
    ]
    client.close()


async def test_a_wrong_token_another_repository_and_no_answer_are_told_apart(
    shared: Running,
) -> None:
    api = f"{shared.url}/github"
    for token, repository, url, expected in (
        ("nonsense", REPOSITORY, api, AccessDenied),
        (SREBOT_TOKEN, "sundial/other", api, NotFound),
        (SREBOT_TOKEN, REPOSITORY, "http://127.0.0.1:9", Unreachable),
    ):
        client = GithubClient(token, repository, url)
        with pytest.raises(expected):
            await client.snapshot()
        client.close()


def test_github_refuses_as_github_does(shared: Running) -> None:
    mine = forge(shared, SREBOT_TOKEN)
    head = mine.get_branch("main").commit.sha
    file = mine.get_contents(PATCH)
    assert not isinstance(file, list)
    for act, status in (
        (lambda: mine.create_pull(base="main", head="none", title="x"), 422),
        (lambda: mine.create_git_ref("refs/heads/main", head), 422),
        (lambda: mine.create_git_ref("refs/heads/x", "0" * 40), 422),
        (lambda: mine.get_git_ref("heads/none"), 404),
        (lambda: mine.update_file(PATCH, "x", "y", "0" * 40), 409),
        (lambda: mine.get_pull(99), 404),
        (lambda: forge(shared, READ_TOKEN).create_git_blob("x", "utf-8"), 403),
    ):
        with pytest.raises(GithubException) as refused:
            act()
        assert refused.value.status == status
        assert refused.value.data["status"] == str(status)


def test_what_changed_on_both_sides_is_not_merged(company: Running) -> None:
    mine = forge(company, MERGER)
    head = mine.get_branch("main").commit.sha
    mine.create_git_ref("refs/heads/mine", head)
    file = mine.get_contents(PATCH)
    assert not isinstance(file, list)
    mine.update_file(PATCH, "mine", "a: 1\n", file.sha, branch="mine")
    pull = mine.create_pull(base="main", head="mine", title="mine")
    assert pull.mergeable
    mine.update_file(PATCH, "theirs", "a: 2\n", file.sha, branch="main")
    with pytest.raises(GithubException) as refused:
        mine.get_pull(pull.number).merge()
    assert refused.value.status == 405
    with pytest.raises(GithubException) as refused:
        mine.get_pull(pull.number).merge(sha="0" * 40)
    assert refused.value.status == 409
