"""A repository that means harm: links out of it, YAML that grows, depth without end, files without number."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import NotFound
from agent.knowledge.facts import Seen
from agent.knowledge.statements import Named
from agent.model import Entity
from integrations.repository import snapshot as limits
from integrations.repository.documents import NotYaml, documents
from integrations.repository.facts import Facts
from integrations.repository.folder import read_folder
from integrations.repository.graph import RepositoryGraph, manifests_of
from integrations.repository.helm import unrendered
from integrations.repository.kubernetes import Declared
from integrations.repository.kustomize import Kustomize
from integrations.repository.manifests import manifests_in
from integrations.repository.markdown import Notes, read_note
from integrations.repository.patches import json_patched, merged
from integrations.repository.snapshot import Snapshot
from integrations.repository.terraform import Terraform, parse

NOW = datetime(2026, 11, 25, tzinfo=UTC)
DEPLOYMENT = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart, namespace: production}\n"
)


def gathered(files: dict[str, str]) -> Seen:
    snapshot, facts = Snapshot("hostile", files=files), Facts(NOW)
    Declared(snapshot, manifests_of(snapshot)).add_to(facts)
    Terraform(snapshot).add_to(facts)
    Notes(snapshot, Named([Entity(name="cart"), *facts.names().values()])).add_to(facts)
    return facts.seen(complete=True)


class TestFolders:
    def test_links_are_not_followed(self, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "secret.yaml").write_text(DEPLOYMENT)
        inside = tmp_path / "repository"
        inside.mkdir()
        (inside / "file.yaml").symlink_to(outside / "secret.yaml")
        (inside / "folder").symlink_to(outside)
        (inside / "loop").symlink_to(inside)
        (inside / "own.yaml").write_text("a: 1")
        assert set(read_folder(inside).files) == {"own.yaml"}

    def test_what_is_no_file_is_not_read(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.yaml")
        assert read_folder(tmp_path).files == {}

    def test_huge_and_binary_files_are_left_out_and_counted(self, tmp_path: Path) -> None:
        (tmp_path / "huge.yaml").write_bytes(b"a" * (limits.LARGEST_FILE_BYTES + 1))
        (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
        (tmp_path / "nul.md").write_bytes(b"a\x00b")
        found = read_folder(tmp_path)
        assert (found.files, found.left_out) == ({}, 3)

    def test_of_very_many_files_the_first_are_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "MOST_FILES", 50)
        for number in range(120):
            (tmp_path / f"{number:04}.md").write_text("hello")
        found = read_folder(tmp_path)
        assert (len(found.files), found.left_out) == (50, 70)

    def test_deep_folders_end_somewhere(self, tmp_path: Path) -> None:
        deep = tmp_path.joinpath(*["d"] * 60)
        deep.mkdir(parents=True)
        (deep / "a.yaml").write_text("a: 1")
        assert read_folder(tmp_path).files == {}

    async def test_a_folder_that_is_not_there_is_a_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(NotFound, match="SREBOT_REPOSITORIES"):
            read_folder(tmp_path / "nowhere")

    async def test_one_that_fails_does_not_stop_the_others_and_nothing_counts_as_gone(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "a.yaml").write_text(DEPLOYMENT)
        seen = await RepositoryGraph([str(tmp_path), str(tmp_path / "nowhere")]).build()
        assert "production/deployment/cart" in {e.key for e in seen.entities}
        assert not seen.complete


class TestYaml:
    def test_aliases_that_grow_are_refused_at_once(self) -> None:
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
        started = time.process_time()
        with pytest.raises(NotYaml):
            documents("bomb.yaml", "\n".join(lines))
        assert time.process_time() - started < 5

    @pytest.mark.parametrize(
        "text",
        [
            "[" * 5_000,
            "{a: " * 5_000,
            "- " * 3_000 + "a",
            "a: &a [*a]",
            "!!python/object/apply:os.system [id]",
            "a: 2026-99-99",
            "? {a: 1}\n: 2",
            "\x00",
            "a: b: c",
            "---\n" * 2_000,
        ],
    )
    def test_what_is_no_honest_yaml_is_refused(self, text: str) -> None:
        with pytest.raises(NotYaml):
            documents("a.yaml", text)

    def test_honest_anchors_work(self) -> None:
        [document] = documents("a.yaml", "a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: *a")
        assert document.data["b"] == {"x": 1, "y": 2}

    def test_documents_know_their_lines(self) -> None:
        found = documents("a.yaml", "# comment\n---\na: 1\n---\n---\nb: 2\n")
        assert [(d.data, d.line) for d in found] == [({"a": 1}, 3), ({"b": 2}, 6)]


_SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=12)
_NAMES = """metadata spec template containers env name value image selector labels data rules envFrom matchLabels
    valueFrom configMapRef volumes jobTemplate scaleTargetRef resources limits command args http paths"""
_FIELDS = st.sampled_from(_NAMES.split())
_JUNK = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_FIELDS, inner, max_size=4),
    max_leaves=20,
)
_KIND_NAMES = """Deployment CronJob Service Ingress ConfigMap PodDisruptionBudget StatefulSet
    HorizontalPodAutoscaler List Secret"""
_KINDS = st.sampled_from(_KIND_NAMES.split())


class TestShapes:
    @given(kind=_KINDS, spec=_JUNK, data=_JUNK, labels=_JUNK)
    @settings(max_examples=300, deadline=None)
    def test_objects_of_any_shape_do_no_harm(
        self, kind: str, spec: object, data: object, labels: object
    ) -> None:
        import json

        item = {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": {"name": "cart", "labels": labels, "annotations": labels},
            "spec": spec,
            "data": data,
        }
        gathered({"production/a.yaml": json.dumps(item)})

    @given(data=_JUNK)
    @settings(deadline=None)
    def test_kustomizations_of_any_shape_do_no_harm(self, data: object) -> None:
        import json

        fields = ("resources", "patches", "images", "replicas", "namePrefix", "configMapGenerator")
        for field in fields:
            body = json.dumps({field: data, "resources": ["cart.yaml"]})
            gathered({"a/kustomization.yaml": body, "a/cart.yaml": DEPLOYMENT})

    @given(base=_JUNK, patch=_JUNK)
    @settings(deadline=None)
    def test_patches_of_any_shape_do_no_harm(self, base: object, patch: object) -> None:
        merged(base, patch)
        if isinstance(base, dict):
            json_patched(base, patch)

    @given(st.text(max_size=400))
    @settings(deadline=None)
    def test_texts_of_any_kind_do_no_harm(self, text: str) -> None:
        read_note(text)
        parse(text)
        unrendered(text, "cart", {})
        manifests_in("a.yaml", text)
        gathered({"a.md": text, "b.tf": text, "c.yaml": text, "d/Chart.yaml": text})


class TestGrowth:
    def test_kustomizations_that_take_each_other_in_end(self) -> None:
        files = {f"{n}/kustomization.yaml": f"resources: [../{1 - n}]" for n in (0, 1)}
        assert Kustomize(Snapshot("x", files=files)).manifests() == []

    def test_kustomizations_do_not_leave_the_repository(self) -> None:
        body = "resources: [../../../etc/passwd, /etc/passwd, cart.yaml]"
        files = {"a/kustomization.yaml": body, "a/cart.yaml": DEPLOYMENT}
        found = Kustomize(Snapshot("x", files=files)).manifests()
        assert [m.path for m in found] == ["a/cart.yaml"]

    def test_a_pyramid_of_kustomizations_ends(self) -> None:
        files = {
            f"{level}-{n}/kustomization.yaml": "resources: ["
            + ", ".join(f"../{level + 1}-{m}" for m in range(8))
            + "]"
            for level in range(10)
            for n in range(8)
        }
        files["root/kustomization.yaml"] = (
            "resources: [" + ", ".join(f"../0-{n}" for n in range(8)) + "]"
        )
        started = time.process_time()
        Kustomize(Snapshot("x", files=files)).manifests()
        assert time.process_time() - started < 10

    @pytest.mark.parametrize(
        "text", ["a = " + "[" * 3_000, 'a = "' + "${" * 2_000, "a {" * 1_000, "x = " + "(" * 5_000]
    )
    def test_terraform_without_bottom_is_no_terraform(self, text: str) -> None:
        assert parse(text) == {}

    @pytest.mark.parametrize(
        "text", ["> " * 3_000, "- " * 3_000, "[" * 3_000, "*a " * 5_000, "`" * 9_999]
    )
    def test_markdown_without_bottom_is_read(self, text: str) -> None:
        started = time.process_time()
        read_note(text)
        assert time.process_time() - started < 5

    @pytest.mark.parametrize("text", ["{{" * 20_000, "{{ a }}" * 20_000, "{{ .Values.a" * 5_000])
    def test_templates_without_end_are_read(self, text: str) -> None:
        started = time.process_time()
        unrendered(text, "cart", {})
        assert time.process_time() - started < 5
