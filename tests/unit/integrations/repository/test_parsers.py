"""Each parser on files as people write them."""

from __future__ import annotations

import stat
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from agent.errors import ToolError
from agent.knowledge.facts import Seen
from agent.knowledge.statements import Named
from agent.model import Entity
from integrations.repository.documents import documents
from integrations.repository.facts import Facts
from integrations.repository.graph import manifests_of
from integrations.repository.helm import unrendered
from integrations.repository.helm_binary import HelmBinary
from integrations.repository.kubernetes import Declared
from integrations.repository.manifests import UNKNOWN, Manifest, environment_of, manifests_in
from integrations.repository.markdown import Notes, read_note
from integrations.repository.patches import json_patched, merged
from integrations.repository.placing import placed_as_known
from integrations.repository.snapshot import Snapshot
from integrations.repository.terraform import Terraform

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def snapshot(**files: str) -> Snapshot:
    """``production__cart_yaml`` stands for ``production/cart.yaml``."""
    named = {k.replace("__", "/").replace("_", "."): v for k, v in files.items()}
    return Snapshot("shop", "abc123", "https://git.example.com/shop", named)


def terraform(text: str, path: str = "production/main.tf") -> Seen:
    facts = Facts(NOW)
    Terraform(Snapshot("shop", "abc", "https://git.example.com/shop", {path: text})).add_to(facts)
    return facts.seen(complete=True)


def ties(seen: Seen) -> set[tuple[str, str, str]]:
    return {(r.source, r.kind, r.target) for r in seen.relations}


class TestManifests:
    def test_a_list_is_its_items(self) -> None:
        item = "{apiVersion: v1, kind: Service, metadata: {name: %s, namespace: production}}"
        text = f"apiVersion: v1\nkind: List\nitems:\n- {item % 'a'}\n- {item % 'b'}\n- 7\n"
        assert [m.name for m in manifests_in("a.yaml", text)] == ["a", "b"]

    @pytest.mark.parametrize(
        ("path", "environment"),
        [
            ("apps/overlays/production/cart.yaml", "production"),
            ("clusters/prod-eu/cart.yaml", "production"),
            ("envs/stg/cart.yaml", "staging"),
            ("dev/cart.yaml", "development"),
            ("apps/cart.yaml", ""),
            ("products/cart.yaml", ""),
        ],
    )
    def test_the_folder_tells_the_namespace_where_the_object_does_not(
        self, path: str, environment: str
    ) -> None:
        assert environment_of(path) == environment
        [found] = manifests_in(path, "apiVersion: v1\nkind: Service\nmetadata: {name: cart}\n")
        assert found.namespace == environment

    def test_other_kinds_and_other_yaml_are_no_objects(self) -> None:
        text = (
            "apiVersion: x/v1\nkind: Widget\nmetadata: {name: a}\n---\njust: yaml\n---\n- a list\n"
        )
        assert manifests_in("a.yaml", text) == []


class TestPlacing:
    CHART = "chart/Chart.yaml"

    def manifests(self) -> list[Manifest]:
        text = "apiVersion: v1\nkind: %s\nmetadata: {name: %s}\n"
        files = {
            self.CHART: "name: mail",
            "chart/templates/a.yaml": text % ("Deployment", "mail"),
            "chart/templates/b.yaml": text % ("ConfigMap", "mail-config"),
        }
        return manifests_of(Snapshot("x", files=files))

    def test_a_chart_is_where_its_workloads_are_known_to_run(self) -> None:
        known = [
            Entity(name="mail", kind="deployment", namespace=n) for n in ("production", "staging")
        ]
        found = placed_as_known(self.manifests(), known)
        assert {(m.namespace, m.name) for m in found} == {
            (namespace, name)
            for namespace in ("production", "staging")
            for name in ("mail", "mail-config")
        }

    def test_where_nothing_is_known_of_it_it_stays_without_a_namespace(self) -> None:
        known = [Entity(name="cart", kind="deployment", namespace="production")]
        assert {m.namespace for m in placed_as_known(self.manifests(), known)} == {""}


class TestPatches:
    def test_lists_of_named_things_merge_by_name(self) -> None:
        base = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}], "keep": 1}
        patch = {"env": [{"name": "B", "value": "3"}, {"name": "A", "$patch": "delete"}]}
        assert merged(base, patch) == {"env": [{"name": "B", "value": "3"}], "keep": 1}

    def test_null_removes_and_other_lists_are_replaced(self) -> None:
        assert merged({"a": 1, "b": [1, 2]}, {"a": None, "b": [3]}) == {"b": [3]}

    def test_json_patches(self) -> None:
        base = {"spec": {"list": [1, 2], "a/b": 1}}
        patch = [
            {"op": "replace", "path": "/spec/list/0", "value": 9},
            {"op": "add", "path": "/spec/list/-", "value": 3},
            {"op": "remove", "path": "/spec/a~1b"},
            {"op": "replace", "path": "/nowhere/at/all", "value": 1},
        ]
        assert json_patched(base, patch) == {"spec": {"list": [9, 2, 3]}}
        assert base == {"spec": {"list": [1, 2], "a/b": 1}}


class TestHelm:
    @pytest.mark.parametrize(
        ("template", "yaml"),
        [
            ("name: {{ .Release.Name }}", "name: cart"),
            ('name: {{ include "x.fullname" . }}', "name: cart"),
            ('name: {{ include "x.fullname" . }}-db', "name: cart-db"),
            ("n: {{ .Values.replicas }}", "n: 3"),
            ("v: {{ .Values.on | quote }}", 'v: "true"'),
            ('v: {{ .Values.missing | default "x" }}', "v: x"),
            ("v: {{ quote .Values.image.tag }}", 'v: "1.2"'),
            ("v: {{ randAlphaNum 5 }}", f"v: {UNKNOWN}"),
            ("{{- if .Values.on }}\na: 1\n{{- end }}", "\na: 1\n"),
            ("a: 1{{/* a\nremark */}}\nb: 2", "a: 1\n\nb: 2"),
        ],
    )
    def test_a_template_as_far_as_it_can_be_told(self, template: str, yaml: str) -> None:
        values = {"replicas": 3, "on": True, "image": {"tag": "1.2"}}
        assert unrendered(template, "cart", values) == yaml

    def test_lines_stay_where_they_are(self) -> None:
        text = '{{- define\n  "a" -}}\n{{- end }}\nkind: Service\n'
        found = unrendered(text, "cart", {})
        assert found.splitlines().index("kind: Service") == 3
        assert documents("a.yaml", found)

    def test_an_object_whose_name_is_not_known_is_left_out(self) -> None:
        files = {
            "chart/Chart.yaml": "name: cart",
            "chart/templates/a.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: '{{ .X }}'}\n",
        }
        assert manifests_of(Snapshot("x", files=files)) == []

    def test_the_namespace_of_the_release_is_that_of_the_workload(self) -> None:
        files = {
            "production/mail/Chart.yaml": "name: mail",
            "production/mail/templates/a.yaml": """apiVersion: apps/v1
kind: Deployment
metadata: {name: mail, namespace: "{{ .Release.Namespace }}"}
spec:
  template:
    spec:
      containers:
        - env: [{name: Q, value: "amqp://rabbitmq.{{ .Release.Namespace }}.svc:5672"}]
""",
        }
        snapshot, facts = Snapshot("x", files=files), Facts(NOW)
        Declared(snapshot, manifests_of(snapshot)).add_to(facts)
        [tie] = ties(facts.seen(complete=True))
        assert tie == ("production/deployment/mail", "depends_on", "production/service/rabbitmq")


CHART = {
    "production/cart/Chart.yaml": "name: cart\nversion: 1.0.0\n",
    "production/cart/templates/service.yaml": "kind: Service\n{{ broken",
}


def helm(folder: Path, body: str) -> HelmBinary:
    """A stand-in for the binary."""
    path = folder / "helm"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return HelmBinary(str(path))


class TestHelmBinary:
    def test_what_it_renders_is_what_is_declared(self, tmp_path: Path) -> None:
        service = "apiVersion: v1\\nkind: Service\\nmetadata: {name: cart}\\n"
        binary = helm(tmp_path, f'test "$1 $2" = "template cart" && printf "{service}"')
        [found] = manifests_of(Snapshot("x", files=CHART), binary)
        assert (found.name, found.namespace, found.confidence) == ("cart", "production", 0.8)
        assert found.path == "production/cart/templates/service.yaml"

    def test_it_sees_the_charts_files_and_nothing_of_our_environment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-not-a-token")
        monkeypatch.setenv("KUBECONFIG", "/root/.kube/config")
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        binary = helm(tmp_path, 'cat "$3/Chart.yaml"; env; pwd')
        out = binary.render("cart", {"Chart.yaml": "name: cart\n", "../../evil": "x"})
        assert "name: cart" in out
        assert "xoxb" not in out and "/root/.kube" not in out
        assert [p.name for p in tmp_path.rglob("*")] == ["helm"]  # nothing got out, nothing stays

    def test_one_that_hangs_is_ended(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("integrations.repository.helm_binary._SECONDS", 0.2)
        with pytest.raises(ToolError, match="does not render"):
            helm(tmp_path, "exec sleep 60").render("cart", {})

    def test_one_that_floods_is_cut_off(self, tmp_path: Path) -> None:
        with pytest.raises(ToolError, match="does not render"):
            helm(tmp_path, "yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").render("cart", {})

    def test_what_it_started_is_within_its_limits_and_ends_with_it(self, tmp_path: Path) -> None:
        children = tmp_path / "children"
        floods = (
            f"(while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaa; done) & echo $! > {children}; ulimit -f"
        )
        helm(tmp_path, floods).render("cart", {})
        with suppress(psutil.NoSuchProcess):
            psutil.Process(int(children.read_text())).wait(5)  # raises where it goes on

    def test_where_it_fails_templates_are_read(self, tmp_path: Path) -> None:
        files = {
            **CHART,
            "production/cart/templates/b.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: b}\n",
        }
        [found] = manifests_of(Snapshot("x", files=files), helm(tmp_path, "exit 1"))
        assert (found.name, found.confidence) == ("b", 0.6)


class TestTerraform:
    def test_references_are_followed_through_locals_and_helpers(self) -> None:
        seen = terraform(
            """
            resource "aws_elasticache_replication_group" "reco" { replication_group_id = "redis-reco" }
            resource "aws_ssm_parameter" "url" { value = aws_elasticache_replication_group.reco.primary_endpoint_address }
            locals { url = aws_ssm_parameter.url.value }
            resource "aws_lambda_function" "reco" {
              function_name = "recommend"
              environment { variables = { URL = local.url } }
            }
            """
        )
        assert ties(seen) == {("-/function/recommend", "depends_on", "-/cache/redis-reco")}

    def test_a_name_that_stays_open_is_its_label(self) -> None:
        seen = terraform('resource "aws_sqs_queue" "orders" { name = "${var.x}-orders" }')
        assert [e.key for e in seen.entities] == ["-/queue/orders"]

    def test_a_helm_release_is_in_its_namespace(self) -> None:
        seen = terraform(
            'resource "helm_release" "cart" {\n  name = "cart"\n  namespace = "production"\n'
            '  chart = "./cart"\n}\n'
        )
        assert [e.key for e in seen.entities] == ["production/helm_release/cart"]

    def test_modules_do_not_share_names(self) -> None:
        facts = Facts(NOW)
        user = 'resource "aws_lambda_function" "f" {\n  environment { variables = { B = aws_s3_bucket.b.id } }\n}\n'
        files = {"a/main.tf": user, "b/main.tf": 'resource "aws_s3_bucket" "b" { bucket = "b-b" }'}
        Terraform(Snapshot("x", files=files)).add_to(facts)
        assert facts.seen(complete=True).relations == ()

    def test_a_password_stays_out(self) -> None:
        seen = terraform(
            'resource "aws_db_instance" "o" {\n  identifier = "o"\n  password = "hunter2hunter2"\n'
            '  engine = "postgres"\n}\n'
        )
        assert "hunter2" not in seen.model_dump_json()


class TestMarkdown:
    NAMED = Named(
        [
            Entity(name="cart", namespace="production", environment="production"),
            Entity(name="cart", namespace="staging", environment="staging"),
            Entity(
                name="cart", kind="deployment", namespace="production", environment="production"
            ),
            Entity(name="redis-cart", namespace="production", environment="production"),
            Entity(name="basket", kind="team"),
        ]
    )

    def seen(self, path: str, text: str) -> Seen:
        facts = Facts(NOW)
        files = {path: text}
        Notes(Snapshot("x", "abc", "https://git.example.com/x", files), self.NAMED).add_to(facts)
        return facts.seen(complete=True)

    @pytest.mark.parametrize(
        ("path", "text"),
        [
            ("docs/a.md", "---\nservice: cart\n---\nhello"),
            ("docs/a.md", "---\nservices: [cart]\n---\nhello"),
            ("docs/a.md", "# How the cart works\n"),
            ("docs/cart.md", "hello"),
            ("runbooks/cart/README.md", "hello"),
        ],
    )
    def test_what_a_document_is_about(self, path: str, text: str) -> None:
        [tie] = self.seen(path, text).relations
        assert (tie.kind, tie.target) == ("documents", "production/service/cart")

    def test_a_document_about_nothing_known_is_no_entity(self) -> None:
        assert self.seen("docs/lunch.md", "# Lunch\n\nAt noon.").entities == ()

    def test_statements_point_to_their_line(self) -> None:
        text = "---\ntitle: x\n---\n# Notes\n\n- **cart** reads from `redis-cart`\n- lunch\n"
        [tie] = self.seen("docs/a.md", text).relations
        assert tie.evidence == "https://git.example.com/x/blob/abc/docs/a.md#L6"
        assert (tie.source, tie.target) == (
            "production/service/cart",
            "production/service/redis-cart",
        )

    def test_a_pronoun_means_the_documents_subject(self) -> None:
        text = "# Cart\n\nIt is owned by basket. It does not use redis-cart."
        found = {(r.source, r.kind, r.target): r.holds for r in self.seen("a.md", text).relations}
        assert found["-/team/basket", "owns", "production/service/cart"]
        assert not found["production/service/cart", "depends_on", "production/service/redis-cart"]

    def test_a_note_is_taken_apart(self) -> None:
        note = read_note(
            "# Title\n\nProse\nover lines.\n\n1. First\n2. Second `code`\n   - detail\n\n"
            "[link](https://a.example/x) [local](./b.md)\n\n```sh\nrm -rf /\n```\n<b>html</b>\n"
        )
        assert note.title == "Title"
        assert note.steps == ("First", "Second code", "detail")
        assert note.links == ("https://a.example/x",)
        assert ("Prose over lines.", 3) in note.paragraphs
        assert "rm -rf" not in str(note)


def test_links_fit_the_host() -> None:
    gitlab = Snapshot("x", "abc", "https://gitlab.example.com/g/p")
    assert gitlab.link("a b.md", 3) == "https://gitlab.example.com/g/p/-/blob/abc/a%20b.md#L3"
    assert snapshot().page("a.md") == "https://git.example.com/shop/blob/HEAD/a.md"
    assert Snapshot("/srv").link("a.md", 3) == "a.md:3"
