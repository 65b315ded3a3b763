"""The company's repository, cloned by git and by dulwich, and what it says about the company."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from dulwich import porcelain

from sandbox.git.api import PATH
from sandbox.git.repository import FOLDER
from sandbox.serving import Running, running


@pytest.fixture(scope="module")
def company() -> Iterator[Running]:
    with running("quiet-week", posts_alerts=False) as served:
        yield served


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    alone = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(
        ["git", *arguments], capture_output=True, text=True, env=alone, timeout=60, check=False
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


def test_git_clones_it(company: Running, tmp_path: Path) -> None:
    done = git("clone", "-q", f"{company.url}/git{PATH}", str(tmp_path / "copy"))
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "copy") == contents(FOLDER)
    log = git("-C", str(tmp_path / "copy"), "log", "--format=%an|%s").stdout.splitlines()
    assert log[0] == "Tomasz Zielinski|notifications moves to Helm"
    assert len(log) == 4
    assert git("-C", str(tmp_path / "copy"), "fsck", "--strict").returncode == 0


def test_git_clones_it_without_history(company: Running, tmp_path: Path) -> None:
    done = git("clone", "-q", "--depth", "1", f"{company.url}/git{PATH}", str(tmp_path / "copy"))
    assert done.returncode == 0, done.stderr
    assert git("-C", str(tmp_path / "copy"), "rev-list", "--count", "HEAD").stdout.strip() == "1"


def test_dulwich_clones_it(company: Running, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    porcelain.clone(f"{company.url}/git{PATH}", str(target), errstream=io.BytesIO()).close()
    assert contents(target) == contents(FOLDER)


def test_nobody_pushes(company: Running, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy")
    git("clone", "-q", f"{company.url}/git{PATH}", copy)
    done = git("-C", copy, "push", "origin", "HEAD:refs/heads/other")
    assert done.returncode != 0
    assert "403" in done.stderr


def test_another_repository_is_not_found(company: Running, tmp_path: Path) -> None:
    done = git("clone", "-q", f"{company.url}/git/sundial/other.git", str(tmp_path / "copy"))
    assert done.returncode != 0
    assert "not found" in done.stderr


@pytest.mark.parametrize("environment", ["production", "staging", "development"])
def test_overlays_say_what_the_cluster_runs(company: Running, environment: str) -> None:
    overlay = FOLDER / "kubernetes/overlays" / environment
    kustomization = yaml.safe_load((overlay / "kustomization.yaml").read_text())
    store = company.sandbox.store
    tags = {image["name"]: str(image["newTag"]) for image in kustomization["images"]}
    for resource in kustomization["resources"][:-1]:
        base = (overlay / resource).resolve()
        (path,) = (p for p in base.iterdir() if p.stem in ("deployment", "statefulset"))
        manifest = yaml.safe_load(path.read_text())
        name = manifest["metadata"]["name"]
        live = store.get(manifest["kind"], environment, name)
        assert live is not None
        container = manifest["spec"]["template"]["spec"]["containers"][0]
        running_now = live["spec"]["template"]["spec"]["containers"][0]
        assert running_now["image"] == f"{container['image']}:{tags[container['image']]}"
        assert running_now["resources"]["limits"] == container["resources"]["limits"]
        counts = {r["name"]: r["count"] for r in kustomization["replicas"]}
        assert live["spec"]["replicas"] == counts[name]
    for config in yaml.safe_load_all((overlay / "configmaps.yaml").read_text()):
        live = store.get("ConfigMap", environment, config["metadata"]["name"])
        assert live is not None and live["data"] == config["data"]


def test_it_says_one_thing_that_is_outdated_and_one_that_nobody_else_knows(
    company: Running,
) -> None:
    session = company.sandbox.store.get("ConfigMap", "production", "session-config")
    assert session is not None
    assert "redis-reco" in session["data"]["SESSION_STORE_URL"]
    note = (FOLDER / "docs/architecture/sessions.md").read_text()
    assert "does not depend on `redis-reco`" in note
    checkout = company.sandbox.store.get("ConfigMap", "production", "checkout-config")
    assert "postcheck" not in str(checkout)
    assert "postcheck" in (FOLDER / "terraform/postcheck.tf").read_text()
