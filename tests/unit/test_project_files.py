"""The files around the code keep their promises: settings, image, roles, pins, and nothing of one machine."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from agent.model import Json
from bot.settings import Settings
from integrations.kubernetes.probe import _READS, _WRITES
from integrations.kubernetes.resources import resource

ROOT = Path(__file__).parents[2]
ONLY_COMPOSE = {"POSTGRES_PASSWORD"}
THIS_FILE = Path(__file__).relative_to(ROOT).as_posix()
FOREIGN = (
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry.npmjs" + ".org",
    "proxy.golang" + ".org",
    "/work" + "/main",
    "/tmp" + "/brief",
)
"""Written in two parts, so that this file does not hold them itself."""


def fields() -> Iterator[tuple[str, Any]]:
    """Each setting's environment variable and default."""
    for group in Settings.model_fields.values():
        kind = group.annotation
        assert isinstance(kind, type) and issubclass(kind, BaseSettings)
        for name, field in kind.model_fields.items():
            yield f"{kind.model_config['env_prefix']}{name}".upper(), field.default


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def committed() -> list[str]:
    """The files that git knows of, or all there are where there is no repository."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return listed.stdout.split("\n")[:-1]


class TestEnvExample:
    def test_it_names_every_setting_and_no_other(self) -> None:
        assert set(example()) - ONLY_COMPOSE == {name for name, _ in fields()}

    def test_it_shows_the_defaults(self) -> None:
        shown = example()
        wrong = {n: (shown[n], d) for n, d in fields() if not _shows(shown[n], d)}
        assert wrong == {}

    def test_it_holds_no_secret(self) -> None:
        shown = example()
        assert {n for n, d in fields() if isinstance(d, SecretStr) and shown[n]} == set()

    def test_each_group_of_settings_is_commented(self) -> None:
        text = (ROOT / ".env.example").read_text()
        assert all(re.search(r"\n# [^\n]+(\n[A-Z_]+=[^\n]*)*\n" + name, text) for name in example())


def _shows(text: str, default: Any) -> bool:
    if default is None or isinstance(default, SecretStr):
        return text == ""
    if isinstance(default, tuple):
        return text == ",".join(default)
    if isinstance(default, bool):
        return text == str(default).lower()
    if isinstance(default, int | float):
        return float(text) == default
    if isinstance(default, dict):
        return text == json.dumps(default)
    return text == default


class TestImage:
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()

    def test_it_does_not_run_as_root(self) -> None:
        last = max(i for i, line in enumerate(self.lines) if line.startswith("FROM "))
        users = [line.split()[1] for line in self.lines[last:] if line.startswith("USER ")]
        assert users and users[-1] not in ("root", "0")

    def test_its_health_is_checked(self) -> None:
        assert any(line.startswith("HEALTHCHECK ") and "/healthz" in line for line in self.lines)

    def test_no_secret_is_baked_in(self) -> None:
        baked = [line for line in self.lines if line.startswith(("ENV ", "ARG "))]
        assert not re.search(r"(?i)token|secret|password|_key|database_url", "\n".join(baked))
        ignored = (ROOT / ".dockerignore").read_text().splitlines()
        assert "*" in ignored and "!.env" not in ignored

    def test_what_the_package_is_built_from_is_let_in(self) -> None:
        let_in = {
            line[1:]
            for line in (ROOT / ".dockerignore").read_text().splitlines()
            if line.startswith("!")
        }
        assert {"pyproject.toml", "README.md", "LICENSE", "requirements.lock"} <= let_in
        assert {"agent", "bot", "integrations", "migrations", "sandbox"} <= let_in
        assert all((ROOT / name).exists() for name in let_in)

    def test_its_steps_are_those_of_the_makefile(self) -> None:
        makefile = (ROOT / "Makefile").read_text()
        for step in ("--require-hashes requirements.lock", "--no-deps"):
            assert step in makefile and any(step in line for line in self.lines)


def test_compose_runs_the_bot_on_a_healthy_postgres_and_publishes_to_loopback_only() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert services["srebot"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert services["postgres"]["image"] == "postgres:16"
    assert "healthcheck" in services["postgres"] and "ports" not in services["postgres"]
    assert all(port.startswith("127.0.0.1:") for port in services["srebot"]["ports"])


class TestPins:
    def test_each_has_a_hash(self) -> None:
        text = (ROOT / "requirements.lock").read_text()
        pins = re.split(r"\n(?=[a-z0-9])", text)
        assert len(pins) > 50
        assert [p.split()[0] for p in pins if "--hash=sha256:" not in p] == []

    def test_they_cover_what_the_project_needs(self) -> None:
        text = (ROOT / "requirements.lock").read_text()
        for name in ("dbos", "slack-bolt", "sqlalchemy", "pytest", "mypy"):
            assert re.search(rf"(?m)^{name}(\[\w+\])?==", text), name


class TestRoles:
    def test_the_read_role_only_reads_and_sees_no_secret(self) -> None:
        (role,) = manifests("read.yaml", "ClusterRole")
        assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {
            "get",
            "list",
            "watch",
        }
        resources = {name for rule in role["rules"] for name in rule["resources"]}
        assert "secrets" not in resources and "*" not in resources

    def test_the_read_role_grants_what_the_doctor_asks_for(self) -> None:
        (role,) = manifests("read.yaml", "ClusterRole")
        asked = {(v, resource(k).group, _part(resource(k).plural, p)) for v, k, p in _READS}
        assert asked <= granted(role)

    def test_the_write_role_grants_what_fixes_need_and_no_more(self) -> None:
        (role,) = manifests("write.yaml", "Role")
        (cordon,) = manifests("write.yaml", "ClusterRole")
        wanted = {(v, resource(k).group, _part(resource(k).plural, p)) for v, k, p in _WRITES}
        assert granted(role) | granted(cordon) == wanted
        assert granted(cordon) == {("patch", "", "nodes")}

    def test_reading_and_writing_are_two_accounts(self) -> None:
        (reader,) = manifests("read.yaml", "ServiceAccount")
        (writer,) = manifests("write.yaml", "ServiceAccount")
        assert reader["metadata"]["name"] != writer["metadata"]["name"]
        (binding,) = manifests("write.yaml", "RoleBinding")
        assert [s["name"] for s in binding["subjects"]] == [writer["metadata"]["name"]]


def manifests(file: str, kind: str) -> list[Json]:
    text = (ROOT / "deploy" / "kubernetes" / file).read_text()
    return [m for m in yaml.safe_load_all(text) if m["kind"] == kind]


def granted(role: Json) -> set[tuple[str, str, str]]:
    return {
        (verb, group, name)
        for rule in role["rules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for name in rule["resources"]
    }


def _part(plural: str, part: str) -> str:
    return f"{plural}/{part}" if part else plural


def test_every_scope_of_the_slack_app_is_explained() -> None:
    manifest = yaml.safe_load((ROOT / "bot" / "slack" / "manifest.yaml").read_text())
    explained = (ROOT / "docs" / "connecting.md").read_text()
    scopes = manifest["oauth_config"]["scopes"]["bot"]
    assert [scope for scope in scopes if f"`{scope}`" not in explained] == []


class TestRepository:
    def test_no_file_names_a_registry_or_a_path_of_one_machine(self) -> None:
        found = []
        for name in committed():
            path = ROOT / name
            if name == THIS_FILE or not path.is_file() or path.suffix in (".png", ".gif"):
                continue
            text = path.read_text(errors="replace")
            found += [f"{name}: {word}" for word in FOREIGN if word in text]
        assert found == []

    def test_no_environment_file_is_committed(self) -> None:
        assert not {".env", ".envrc"} & set(committed())

    def test_ci_is_a_script_that_stops_at_the_first_failure(self) -> None:
        path = ROOT / ".ci" / "run"
        assert path.stat().st_mode & 0o111
        assert "set -euo pipefail" in path.read_text()

    def test_the_license_is_apache_2_whole(self) -> None:
        text = (ROOT / "LICENSE").read_text()
        assert "Version 2.0, January 2004" in text and "END OF TERMS AND CONDITIONS" in text

    def test_links_within_the_documents_lead_somewhere(self) -> None:
        broken = []
        for name in (n for n in committed() if n.endswith(".md")):
            text = (ROOT / name).read_text()
            for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text):
                if not (ROOT / name).parent.joinpath(target).exists():
                    broken.append(f"{name}: {target}")
        assert broken == []
