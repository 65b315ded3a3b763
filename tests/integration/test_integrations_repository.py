"""Repositories fetched over Git's smart HTTP from a real server."""

from __future__ import annotations

import logging
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from dulwich.repo import Repo
from dulwich.server import update_server_info
from structlog.testing import capture_logs

from agent.errors import AccessDenied, NotFound, ToolError, Unreachable
from integrations.repository import remote
from integrations.repository.graph import RepositoryGraph
from integrations.repository.probe import probe
from integrations.repository.remote import Remote
from tests.integration.git_server import commit, commit_all, serving

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart
  namespace: production
  labels: {app: cart}
spec:
  template:
    metadata: {labels: {app: cart}}
    spec:
      containers:
        - name: cart
          env: [{name: REDIS_URL, value: "redis://redis-cart:6379"}]
"""
TOKEN = "glpat-not-a-real-token-42"


async def test_facts_point_to_the_line_at_the_commit(tmp_path: Path) -> None:
    sha = commit(tmp_path, {"production/cart.yaml": DEPLOYMENT, "README.md": "# Shop"})
    with serving(tmp_path) as (url, _):
        seen = await RepositoryGraph([url]).build()
    [tie] = [r for r in seen.relations if r.kind == "depends_on"]
    assert (tie.source, tie.target) == (
        "production/service/cart",
        "production/service/redis-cart",
    )
    web = url.removesuffix(".git")
    assert tie.evidence == f"{web}/blob/{sha}/production/cart.yaml#L13"
    [cart] = [e for e in seen.entities if e.key == "production/deployment/cart"]
    assert cart.properties["managed_by"] == {"repository": web, "path": "production/cart.yaml"}
    assert seen.complete


async def test_it_is_fetched_again_only_when_it_has_changed(tmp_path: Path) -> None:
    commit(tmp_path, {"a.yaml": DEPLOYMENT})
    with serving(tmp_path) as (url, requests):
        graph = RepositoryGraph([url])
        await graph.build()
        await graph.build()
        fetches = [r for r in requests if r.startswith("POST")]
        commit(tmp_path, {"a.yaml": DEPLOYMENT.replace("redis-cart", "redis-new")})
        seen = await graph.build()
    assert len(fetches) == 1
    assert "production/service/redis-new" in {r.target for r in seen.relations}


async def test_links_in_a_repository_lead_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(DEPLOYMENT)
    inside = tmp_path / "repository"
    commit(inside, {"README.md": "# Shop"})
    (inside / "link.yaml").symlink_to(outside)
    commit_all(inside)
    with serving(inside) as (url, _):
        assert set(Remote(url).snapshot().files) == {"README.md"}


async def test_a_token_opens_it_and_is_kept_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    commit(tmp_path / "repository", {"a.yaml": DEPLOYMENT})
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    written: list[str] = []
    read_tree = remote.read_tree

    def look_around(*args: object) -> object:
        files = [p for p in scratch.rglob("*") if p.is_file()]
        written.extend(p.read_bytes().decode("latin-1") for p in files)
        return read_tree(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(remote, "read_tree", look_around)
    with serving(tmp_path / "repository", TOKEN) as (url, _), capture_logs() as logs:
        caplog.set_level(logging.DEBUG)
        seen = await RepositoryGraph([url], TOKEN).build()
    assert written, "the folder was looked at while it existed"
    assert not any(TOKEN in text for text in written)
    assert TOKEN not in seen.model_dump_json() + str(logs) + caplog.text
    assert list(scratch.iterdir()) == []


async def test_a_password_in_the_url_opens_it_and_is_not_shown(tmp_path: Path) -> None:
    commit(tmp_path, {"a.yaml": DEPLOYMENT})
    with serving(tmp_path, TOKEN) as (url, _):
        place = url.replace("http://", f"http://bot:{TOKEN}@")
        seen = await RepositoryGraph([place]).build()
    assert seen.entities
    assert TOKEN not in seen.model_dump_json()


async def test_without_the_token_it_says_which_setting_to_set(tmp_path: Path) -> None:
    commit(tmp_path, {"a.yaml": DEPLOYMENT})
    with serving(tmp_path, TOKEN) as (url, _):
        with pytest.raises(ToolError, match="SREBOT_REPOSITORY_TOKEN"):
            await RepositoryGraph([url]).build()
        with pytest.raises(AccessDenied) as refused:
            Remote(url, "wrong-token-0815").head()
    assert "wrong-token-0815" not in str(refused.value)


async def test_the_token_is_not_sent_over_plain_http_to_other_machines() -> None:
    assert Remote("http://git.example.com/shop.git", TOKEN)._password is None
    assert Remote("https://git.example.com/shop.git", TOKEN)._password == TOKEN


async def test_what_is_not_there_or_not_git_is_a_sentence(tmp_path: Path) -> None:
    commit(tmp_path, {"a.yaml": DEPLOYMENT})
    with serving(tmp_path) as (url, _), pytest.raises(NotFound):
        Remote(url.replace("shop.git", "nothing.git")).head()
    with pytest.raises(Unreachable):
        Remote(url).head()


async def test_a_server_of_plain_files_is_refused(tmp_path: Path) -> None:
    commit(tmp_path, {"a.yaml": DEPLOYMENT})
    update_server_info(Repo(str(tmp_path)))
    files = partial(QuietFiles, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with pytest.raises(ToolError, match="smart HTTP"):
                Remote(f"http://127.0.0.1:{server.server_port}/.git").snapshot()
        finally:
            server.shutdown()


class QuietFiles(SimpleHTTPRequestHandler):
    """Serves files, says nothing."""

    def log_message(self, *args: object) -> None:
        """Nothing."""


async def test_a_download_without_end_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(tmp_path, {f"{n}.md": str(hash(n)) * 200 for n in range(50)})
    monkeypatch.setattr(remote, "_MOST_BYTES", 1_000)
    with serving(tmp_path) as (url, _), pytest.raises(ToolError, match="larger than"):
        Remote(url).snapshot()


async def test_a_small_pack_that_grows_huge_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(tmp_path, {"zeros.bin": "0" * 40_000_000})
    with serving(tmp_path) as (url, _), pytest.raises(ToolError, match="object of 40000000 bytes"):
        Remote(url).snapshot()


async def test_a_repository_on_this_machine_is_read_by_its_folder(tmp_path: Path) -> None:
    sha = commit(tmp_path, {"production/cart.yaml": DEPLOYMENT})
    for place in (str(tmp_path), f"file://{tmp_path}"):
        seen = await RepositoryGraph([place]).build()
        [tie] = [r for r in seen.relations if r.kind == "depends_on"]
        assert tie.evidence == f"production/cart.yaml:13@{sha}"


async def test_the_doctor_tells_which_repositories_can_be_read(tmp_path: Path) -> None:
    sha = commit(tmp_path, {"a.yaml": DEPLOYMENT})
    with serving(tmp_path, TOKEN) as (url, _):
        place = url.replace("http://", f"http://bot:{TOKEN}@")
        found = await probe([place, url, str(tmp_path), "/nowhere"])
    assert [(p.ok, p.detail) for p in found[::2]] == [
        (True, f"at commit {sha[:12]}"),
        (True, "a folder"),
    ]
    assert not found[1].ok and not found[3].ok
    assert TOKEN not in str(found)
