"""GitHub's front door and its answers, as its documentation has them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from sandbox.git.repository import build_repository
from sandbox.github.access import READ_TOKEN, SREBOT_TOKEN
from sandbox.github.api import create_app
from sandbox.rate_limit import RateLimit
from sandbox.world.company import load_company

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
REPOSITORY = "/repos/sundial/infrastructure"


def client(token: str, requests: int = 5_000) -> TestClient:
    company = load_company(NOW)
    app = create_app(
        build_repository(company, NOW), company.people, lambda: NOW, RateLimit(requests, 3_600)
    )
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return TestClient(app, headers=headers)


@pytest.fixture(scope="module")
def srebot() -> Iterator[TestClient]:
    yield client(SREBOT_TOKEN)


@pytest.mark.parametrize(
    ("token", "path", "status", "message"),
    [
        ("", REPOSITORY, 404, "Not Found"),
        ("wrong", REPOSITORY, 401, "Bad credentials"),
        (READ_TOKEN, "/repos/sundial/other", 404, "Not Found"),
        (READ_TOKEN, "/nothing", 404, "Not Found"),
        (READ_TOKEN, f"{REPOSITORY}/branches/none", 404, "Branch not found"),
        (READ_TOKEN, f"{REPOSITORY}/contents/none.yaml", 404, "Not Found"),
    ],
)
def test_what_is_refused_has_githubs_body(token: str, path: str, status: int, message: str) -> None:
    answer = client(token).get(path)
    assert answer.status_code == status
    body = answer.json()
    assert (body["message"], body["status"]) == (message, str(status))
    assert body["documentation_url"].startswith("https://docs.github.com/")


def test_beyond_the_limit_it_is_403_until_the_window_is_over() -> None:
    limited = client(READ_TOKEN, requests=1)
    assert limited.get(REPOSITORY).headers["x-ratelimit-remaining"] == "0"
    answer = limited.get(REPOSITORY)
    assert answer.status_code == 403
    assert answer.json()["message"].startswith("API rate limit exceeded")
    assert int(answer.headers["x-ratelimit-reset"]) > NOW.timestamp()


def test_writing_needs_its_permission() -> None:
    answer = client(READ_TOKEN).post(f"{REPOSITORY}/git/blobs", json={"content": "x"})
    assert answer.status_code == 403
    assert answer.json()["message"] == "Resource not accessible by personal access token"


def test_a_missing_field_is_named(srebot: TestClient) -> None:
    answer = srebot.post(f"{REPOSITORY}/pulls", json={"title": "x", "base": "main"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"resource": "PullRequest", "field": "head", "code": "missing_field"}
    ]


def test_what_is_no_json_is_400(srebot: TestClient) -> None:
    answer = srebot.post(f"{REPOSITORY}/pulls", content=b"{")
    assert (answer.status_code, answer.json()["message"]) == (400, "Problems parsing JSON")


def test_trees_have_folders_and_everything_below_when_asked(srebot: TestClient) -> None:
    top = srebot.get(f"{REPOSITORY}/git/trees/main").json()["tree"]
    assert {(e["path"], e["type"]) for e in top} >= {("README.md", "blob"), ("charts", "tree")}
    every = srebot.get(f"{REPOSITORY}/git/trees/main?recursive=1").json()["tree"]
    assert "charts/notifications/values.yaml" in {e["path"] for e in every}


def test_a_file_is_written_once_for_each_state_it_was_seen_in() -> None:
    forge = client(SREBOT_TOKEN)
    path = f"{REPOSITORY}/contents/README.md"
    before = forge.get(path).json()
    body = {"message": "x", "content": base64.b64encode(b"new\n").decode()}
    assert forge.put(path, json=body).status_code == 422
    assert forge.put(path, json={**body, "sha": before["sha"]}).status_code == 200
    again = forge.put(path, json={**body, "sha": before["sha"]})
    assert (again.status_code, again.json()["message"]) == (
        409,
        f"README.md does not match {before['sha']}",
    )
    after = forge.get(path).json()
    assert base64.b64decode(after["content"]) == b"new\n"


def test_lists_come_in_pages_with_a_link_to_the_next(srebot: TestClient) -> None:
    answer = srebot.get(f"{REPOSITORY}/commits?per_page=2")
    assert len(answer.json()) == 2
    assert 'rel="next"' in answer.headers["link"]
    assert "page=2" in answer.headers["link"]


def test_deleting_its_branch_closes_a_pull_request() -> None:
    forge = client(SREBOT_TOKEN)
    head = forge.get(f"{REPOSITORY}/branches/main").json()["commit"]["sha"]
    forge.post(f"{REPOSITORY}/git/refs", json={"ref": "refs/heads/x", "sha": head})
    body = {"message": "x", "content": base64.b64encode(b"a").decode(), "branch": "x"}
    assert forge.put(f"{REPOSITORY}/contents/new.txt", json=body).status_code == 201
    made = forge.post(f"{REPOSITORY}/pulls", json={"title": "x", "head": "x", "base": "main"})
    assert made.status_code == 201
    assert forge.delete(f"{REPOSITORY}/git/refs/heads/x").status_code == 204
    pull = forge.get(f"{REPOSITORY}/pulls/1").json()
    assert (pull["state"], pull["merged"]) == ("closed", False)
    assert forge.get(f"{REPOSITORY}/pulls/1/merge").status_code == 404
    reopened = forge.patch(f"{REPOSITORY}/pulls/1", json={"state": "open"})
    assert reopened.status_code == 422
