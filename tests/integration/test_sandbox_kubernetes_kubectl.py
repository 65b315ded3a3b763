"""The sandbox's Kubernetes API, driven by the machine's kubectl."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from tests.unit.sandbox.kubernetes.support import FakeWorld, seeded_store, serving

pytestmark = pytest.mark.skipif(
    shutil.which("kubectl") is None, reason="kubectl is not installed on this machine"
)

TAINT = "node.kubernetes.io/unschedulable"
TAINT_KEY = "{.spec.taints[0].key}"


class Kubectl:
    """kubectl with a kubeconfig of its own, as one user."""

    def __init__(self, url: str, folder: Path, token: str = "sandbox-write") -> None:
        self._folder = folder
        self._config = folder / f"{token}.yaml"
        # Over plain HTTP kubectl sends no token of the kubeconfig, but the URL's user.
        server = url.replace("http://", f"http://{token}@")
        context = {"cluster": "sandbox", "user": "me", "namespace": "production"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": server}}],
            "users": [{"name": "me", "user": {}}],
            "contexts": [{"name": "sandbox", "context": context}],
            "current-context": "sandbox",
        }
        self._config.write_text(yaml.safe_dump(config), "utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["kubectl", f"--kubeconfig={self._config}", f"--cache-dir={self._folder}/cache"]
        return subprocess.run(
            [*command, *arguments], capture_output=True, text=True, timeout=60, check=False
        )

    def __call__(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refusal(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode != 0, done.stdout
        return done.stderr


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.fixture
def url(world: FakeWorld) -> Iterator[str]:
    with serving(seeded_store(), world) as base:
        yield base


@pytest.fixture
def kubectl(url: str, tmp_path: Path) -> Kubectl:
    return Kubectl(url, tmp_path)


def test_get_wide_shows_the_servers_columns(kubectl: Kubectl) -> None:
    header, row = kubectl("get", "deployment", "-o", "wide").splitlines()
    assert header.split() == (
        ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", "CONTAINERS", "IMAGES", "SELECTOR"]
    )
    assert row.split() == ["web", "3/3", "3", "3", "24h", "web", "shop/web:2", "app=web"]


def test_get_all_and_short_names_work(kubectl: Kubectl) -> None:
    listed = kubectl("get", "all", "-o", "name")
    for name in ("deployment.apps/web", "statefulset.apps/redis", "cronjob.batch/backup"):
        assert name in listed
    assert kubectl("get", "deploy,sts,cj,svc,cm,pdb,no,ns", "-o", "name")


def test_describe_tells_the_deployments_and_the_pods_story(kubectl: Kubectl) -> None:
    kubectl("scale", "deployment/web", "--replicas=4")
    story = kubectl("describe", "deployment", "web")
    assert "shop/web:2" in story
    assert "NewReplicaSetAvailable" in story or "ReplicaSetUpdated" in story
    assert "ScalingReplicaSet" in story
    assert "Controlled By:  StatefulSet/redis" in kubectl("describe", "pod", "redis-0")


def test_logs_print_the_worlds_lines(kubectl: Kubectl, world: FakeWorld) -> None:
    just_now = datetime.now(UTC) - timedelta(seconds=5)
    world.lines = [{"timestamp": just_now, "message": "OOM command not allowed"}]
    assert kubectl("logs", "redis-0", "--tail=3") == "OOM command not allowed\n"
    stamped = kubectl("logs", "statefulset/redis", "--timestamps")
    assert stamped.startswith(f"{just_now:%Y-%m-%dT%H:%M:%S}")


def test_a_rollout_is_followed_and_undone(kubectl: Kubectl) -> None:
    kubectl("set", "image", "deployment/web", "web=shop/web:3")
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/web")
    history = kubectl("rollout", "history", "deployment/web").splitlines()
    assert [line.split()[0] for line in history if line[:1].isdigit()] == ["1", "2", "3"]
    assert "first release" in "".join(history)
    kubectl("rollout", "undo", "deployment/web", "--to-revision=1")
    kubectl("rollout", "status", "deployment/web")
    assert "shop/web:1" in kubectl("get", "deployment", "web", "-o", "wide")
    after = kubectl("rollout", "history", "deployment/web").splitlines()
    assert [line.split()[0] for line in after if line[:1].isdigit()] == ["2", "3", "4"]


def test_a_stateful_set_rolls_and_keeps_its_revisions(kubectl: Kubectl) -> None:
    kubectl("set", "image", "statefulset/redis", "redis=redis:7.4")
    kubectl("rollout", "status", "statefulset/redis", "--timeout=30s")
    images = kubectl(
        "get", "pods", "-l", "app=redis", "-o", "jsonpath={..spec.containers[*].image}"
    )
    assert set(images.split()) == {"redis:7.4"}
    kubectl("rollout", "undo", "statefulset/redis")
    kubectl("rollout", "status", "statefulset/redis", "--timeout=30s")
    image = kubectl("get", "pod", "redis-0", "-o", "jsonpath={.spec.containers[0].image}")
    assert image == "redis:7.2"


def test_set_resources_and_patch_change_the_template(kubectl: Kubectl) -> None:
    kubectl("set", "resources", "deployment/web", "--limits=memory=512Mi")
    path = "jsonpath={.spec.template.spec.containers[0].resources.limits.memory}"
    assert kubectl("get", "deployment", "web", "-o", path) == "512Mi"
    kubectl("patch", "cronjob", "backup", "-p", '{"spec":{"suspend":true}}')
    assert kubectl("get", "cronjob", "backup", "-o", "jsonpath={.spec.suspend}") == "true"


def manifest(folder: Path, replicas: int) -> str:
    path = folder / f"web-{replicas}.yaml"
    labels = {"app": "web"}
    container = {"name": "web", "image": "shop/web:2"}
    document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "production"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    path.write_text(yaml.safe_dump(document), "utf-8")
    return str(path)


def test_server_side_apply_names_the_conflict_and_can_force(
    kubectl: Kubectl, tmp_path: Path
) -> None:
    file = manifest(tmp_path, 4)
    assert ".spec.replicas" in kubectl.refusal("apply", "--server-side", "-f", file)
    kubectl("apply", "--server-side", "--force-conflicts", "-f", file)
    assert kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}") == "4"


def test_client_side_apply_validates_and_merges(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl("apply", "-f", manifest(tmp_path, 2))
    assert "unchanged" in kubectl("apply", "-f", manifest(tmp_path, 2))
    kubectl("apply", "-f", manifest(tmp_path, 5), "--dry-run=server")
    assert kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}") == "2"


def test_events_are_listed(kubectl: Kubectl) -> None:
    kubectl("scale", "deployment/web", "--replicas=2")
    events = kubectl("get", "events", "--field-selector", "involvedObject.name=web")
    assert "Scaled down replica set" in events


def test_can_i_answers_by_role(url: str, tmp_path: Path) -> None:
    reader, writer = (Kubectl(url, tmp_path, token) for token in ("sandbox-read", "sandbox-write"))
    assert reader("auth", "can-i", "list", "pods") == "yes\n"
    assert reader.run("auth", "can-i", "patch", "deployments").stdout == "no\n"
    assert writer("auth", "can-i", "patch", "deployments", "--subresource=scale") == "yes\n"
    assert "srebot-reader" in reader("auth", "whoami")


def test_a_reader_is_forbidden_to_write_and_a_stranger_to_look(url: str, tmp_path: Path) -> None:
    reader = Kubectl(url, tmp_path, "sandbox-read")
    assert "Forbidden" in reader.refusal("delete", "pod", "redis-0")
    assert "credentials" in Kubectl(url, tmp_path, "guess").refusal("get", "pods")


def test_secrets_are_listed_by_name_only(kubectl: Kubectl) -> None:
    assert "database" in kubectl("get", "secrets")
    assert "Forbidden" in kubectl.refusal("get", "secrets", "-o", "yaml")


def test_drain_stops_at_the_disruption_budget(kubectl: Kubectl) -> None:
    node = kubectl("get", "pod", "redis-0", "-o", "jsonpath={.spec.nodeName}")
    refusal = kubectl.refusal("drain", node, "--force", "--timeout=3s")
    assert "disruption budget" in refusal
    assert "SchedulingDisabled" in kubectl("get", "node", node)
    kubectl("uncordon", node)
    assert "SchedulingDisabled" not in kubectl("get", "nodes")


def test_a_watch_prints_rows_as_they_change(kubectl: Kubectl) -> None:
    kubectl("scale", "deployment/web", "--replicas=1")
    waited = kubectl("wait", "deployment/web", "--for=jsonpath={.status.replicas}=1")
    assert "condition met" in waited
    kubectl("delete", "pod", "redis-1", "--timeout=20s")


def test_version_and_raw_discovery(kubectl: Kubectl) -> None:
    server = json.loads(kubectl("version", "-o", "json"))["serverVersion"]
    assert (server["major"], server["minor"]) == ("1", "32")
    assert json.loads(kubectl("get", "--raw", "/k8s/apis/apps/v1"))["kind"] == "APIResourceList"


def test_cordon_taints_the_node_and_uncordon_takes_the_taint_off(kubectl: Kubectl) -> None:
    taints = ("get", "node", "node-1", "-o", "jsonpath={.spec.taints[*].key}")
    assert "(server dry run)" in kubectl("cordon", "node-1", "--dry-run=server")
    assert "SchedulingDisabled" not in kubectl("get", "node", "node-1")
    kubectl("cordon", "node-1")
    kubectl("wait", "node/node-1", f"--for=jsonpath={TAINT_KEY}={TAINT}", "--timeout=10s")
    assert kubectl(*taints) == TAINT
    kubectl("scale", "deployment/web", "--replicas=6")
    kubectl("wait", "deployment/web", "--for=jsonpath={.status.readyReplicas}=6", "--timeout=20s")
    young = kubectl("get", "pods", "-l", "app=web", "--field-selector=spec.nodeName=node-1")
    kubectl("uncordon", "node-1")
    assert len(young.splitlines()) <= 4, "no pod of the last three went to the cordoned node"


def test_a_dry_run_of_a_drain_names_what_would_go_and_what_a_budget_holds(kubectl: Kubectl) -> None:
    node = kubectl("get", "pod", "redis-0", "-o", "jsonpath={.spec.nodeName}")
    told = kubectl.run("drain", node, "--force", "--dry-run=server", "--timeout=3s")
    assert "(server dry run)" in told.stdout
    assert "SchedulingDisabled" not in kubectl("get", "node", node)
    assert len(kubectl("get", "pods", "-l", "app=redis", "-o", "name").split()) == 2


def test_a_deleted_pod_is_made_anew(kubectl: Kubectl) -> None:
    name = kubectl("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[0].metadata.name}")
    assert "(server dry run)" in kubectl("delete", "pod", name, "--dry-run=server")
    kubectl("delete", "pod", name, "--timeout=20s")
    kubectl("wait", "deployment/web", "--for=jsonpath={.status.readyReplicas}=3", "--timeout=20s")
    assert name not in kubectl("get", "pods", "-l", "app=web")


def test_an_autoscaler_is_applied_shown_and_given_other_bounds(
    kubectl: Kubectl, tmp_path: Path
) -> None:
    path = tmp_path / "hpa.yaml"
    scaled = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    target = {"type": "Utilization", "averageUtilization": 60}
    metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    spec = {"scaleTargetRef": scaled, "minReplicas": 2, "maxReplicas": 4, "metrics": metrics}
    made = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": spec,
    }
    path.write_text(yaml.safe_dump(made), "utf-8")
    kubectl("apply", "-f", str(path))
    header, row = kubectl("get", "hpa", "web").splitlines()
    assert header.split()[:5] == ["NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS"]
    assert "Deployment/web" in row
    assert "/60%" in row
    kubectl("patch", "hpa", "web", "-p", '{"spec":{"maxReplicas":8}}')
    assert kubectl("get", "hpa", "web", "-o", "jsonpath={.spec.maxReplicas}") == "8"
    assert "must be greater than or equal" in kubectl.refusal(
        "patch", "hpa", "web", "-p", '{"spec":{"maxReplicas":1}}'
    )
