"""The sandbox's Kubernetes API, seen through the official Python client."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from kubernetes import client, watch
from kubernetes.client import ApiException
from kubernetes.dynamic import DynamicClient

from sandbox.kubernetes import watching
from sandbox.kubernetes.store import ObjectStore
from tests.unit.sandbox.kubernetes.support import FakeWorld, deployment, seeded_store, serving

NAMESPACE = "production"


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.fixture
def store() -> ObjectStore:
    return seeded_store()


@pytest.fixture
def url(store: ObjectStore, world: FakeWorld) -> Iterator[str]:
    with serving(store, world) as base:
        yield base


def connect(url: str, token: str = "sandbox-write") -> client.ApiClient:
    configuration = client.Configuration(host=url)
    configuration.api_key = {"authorization": token}
    configuration.api_key_prefix = {"authorization": "Bearer"}
    return client.ApiClient(configuration)


@pytest.fixture
def apps(url: str) -> client.AppsV1Api:
    return client.AppsV1Api(connect(url))


@pytest.fixture
def core(url: str) -> client.CoreV1Api:
    return client.CoreV1Api(connect(url))


def eventually(check: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
    return found


def refused(call: Callable[..., Any], *args: Any, **kwargs: Any) -> ApiException:
    with pytest.raises(ApiException) as caught:
        call(*args, **kwargs)
    return caught.value


# --- reading -----------------------------------------------------------------------------------


def test_a_typed_read_has_spec_and_status(apps: client.AppsV1Api) -> None:
    web = apps.read_namespaced_deployment("web", NAMESPACE)
    assert web.spec.template.spec.containers[0].image == "shop/web:2"
    assert web.status.ready_replicas == 3
    assert web.metadata.annotations["deployment.kubernetes.io/revision"] == "2"


def test_an_absent_object_is_404_and_an_absent_kind_too(apps: client.AppsV1Api) -> None:
    error = refused(apps.read_namespaced_deployment, "nope", NAMESPACE)
    assert error.status == 404
    assert 'deployments.apps \\"nope\\" not found' in error.body


def test_lists_are_filtered_by_labels_and_fields(core: client.CoreV1Api) -> None:
    by_set = core.list_namespaced_pod(NAMESPACE, label_selector="app in (web, cart),!canary")
    assert {pod.metadata.labels["app"] for pod in by_set.items} == {"web"}
    node = by_set.items[0].spec.node_name
    selector = f"spec.nodeName={node},status.phase=Running"
    on_node = core.list_pod_for_all_namespaces(field_selector=selector)
    assert on_node.items
    assert {pod.spec.node_name for pod in on_node.items} == {node}


def test_an_unsupported_field_selector_is_refused(core: client.CoreV1Api) -> None:
    error = refused(core.list_namespaced_pod, NAMESPACE, field_selector="spec.color=red")
    assert error.status == 400


def test_pages_cover_everything_once(core: client.CoreV1Api) -> None:
    names, token = [], None
    while True:
        page = core.list_namespaced_pod(NAMESPACE, limit=2, _continue=token)
        names += [pod.metadata.name for pod in page.items]
        token = page.metadata._continue
        if not token:
            break
        assert len(page.items) == 2
    everything = core.list_namespaced_pod(NAMESPACE).items
    assert names == [pod.metadata.name for pod in everything]


def test_pages_show_one_moment_whatever_changes_meanwhile(core: client.CoreV1Api) -> None:
    before = [p.metadata.name for p in core.list_namespaced_pod(NAMESPACE).items]
    first = core.list_namespaced_pod(NAMESPACE, limit=1)
    core.patch_namespaced_config_map("settings", NAMESPACE, {"data": {"LEVEL": "debug"}})
    core.delete_namespaced_pod(
        before[-1], NAMESPACE, grace_period_seconds=0, _preload_content=False
    )
    rest = core.list_namespaced_pod(NAMESPACE, limit=500, _continue=first.metadata._continue)
    assert [p.metadata.name for p in (*first.items, *rest.items)] == before
    assert rest.metadata.resource_version == first.metadata.resource_version


def test_a_list_can_be_of_an_exact_past_version(core: client.CoreV1Api) -> None:
    then = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    core.patch_namespaced_config_map("settings", NAMESPACE, {"data": {"LEVEL": "debug"}})
    exact = core.list_namespaced_config_map(
        NAMESPACE, resource_version=then, resource_version_match="Exact"
    )
    newer = core.list_namespaced_config_map(
        NAMESPACE, resource_version=then, resource_version_match="NotOlderThan"
    )
    assert exact.metadata.resource_version == then
    assert (exact.items[0].data["LEVEL"], newer.items[0].data["LEVEL"]) == ("info", "debug")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"resource_version": "1", "resource_version_match": "Exact"}, 410),
        ({"resource_version": "99999999"}, 504),
        ({"resource_version_match": "Exact"}, 422),
        ({"resource_version": "1", "resource_version_match": "Perhaps"}, 422),
    ],
)
def test_versions_that_cannot_be_listed(
    core: client.CoreV1Api, asked: dict[str, str], status: int
) -> None:
    assert refused(core.list_namespaced_config_map, NAMESPACE, **asked).status == status


def test_services_have_the_ready_pods_as_endpoints(core: client.CoreV1Api) -> None:
    endpoints = core.read_namespaced_endpoints("web", NAMESPACE)
    assert len(endpoints.subsets[0].addresses) == 3
    assert endpoints.subsets[0].ports[0].port == 8080


def test_the_dynamic_client_finds_every_kind_by_discovery(url: str) -> None:
    dynamic = DynamicClient(connect(url))
    jobs = dynamic.resources.get(api_version="batch/v1", kind="CronJob")
    assert [job.metadata.name for job in jobs.get(namespace=NAMESPACE).items] == ["backup"]


# --- who may -----------------------------------------------------------------------------------


def test_an_unknown_token_is_401(url: str) -> None:
    core = client.CoreV1Api(connect(url, "guess"))
    assert refused(core.list_namespaced_pod, NAMESPACE).status == 401


def test_a_reader_cannot_write_and_is_told_so(url: str) -> None:
    apps = client.AppsV1Api(connect(url, "sandbox-read"))
    error = refused(apps.patch_namespaced_deployment, "web", NAMESPACE, {"spec": {"replicas": 1}})
    assert error.status == 403
    assert 'cannot patch resource \\"deployments\\"' in error.body
    assert refused(apps.patch_namespaced_deployment_scale, "web", NAMESPACE, {}).status == 403


def test_secrets_show_their_names_and_never_their_values(url: str) -> None:
    core = client.CoreV1Api(connect(url, "sandbox-read"))
    assert refused(core.list_namespaced_secret, NAMESPACE).status == 403
    assert refused(core.read_namespaced_secret, "database", NAMESPACE).status == 403
    headers = {
        "Authorization": "Bearer sandbox-read",
        "Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    }
    response = httpx.get(f"{url}/api/v1/secrets", headers=headers)
    assert [item["metadata"]["name"] for item in response.json()["items"]] == ["database"]
    assert "aHVudGVyMg" not in response.text


@pytest.mark.parametrize(
    ("token", "verb", "resource", "allowed"),
    [
        ("sandbox-read", "list", "pods", True),
        ("sandbox-read", "get", "secrets", False),
        ("sandbox-read", "delete", "pods", False),
        ("sandbox-write", "delete", "pods", True),
        ("sandbox-write", "delete", "nodes", False),
    ],
)
def test_access_reviews_agree_with_the_role(
    url: str, token: str, verb: str, resource: str, allowed: bool
) -> None:
    api = client.AuthorizationV1Api(connect(url, token))
    attributes = client.V1ResourceAttributes(verb=verb, resource=resource, namespace=NAMESPACE)
    spec = client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes)
    review = api.create_self_subject_access_review(client.V1SelfSubjectAccessReview(spec=spec))
    assert review.status.allowed is allowed


def test_the_rules_review_lists_the_roles_rules(url: str) -> None:
    api = client.AuthorizationV1Api(connect(url, "sandbox-read"))
    spec = client.V1SelfSubjectRulesReviewSpec(namespace=NAMESPACE)
    review = api.create_self_subject_rules_review(client.V1SelfSubjectRulesReview(spec=spec))
    verbs = {verb for rule in review.status.resource_rules for verb in rule.verbs}
    assert verbs == {"get", "list", "watch"}


# --- writing -----------------------------------------------------------------------------------


def container(web: Any) -> Any:
    return web.spec.template.spec.containers[0]


def test_a_strategic_merge_patch_changes_one_container_field(apps: client.AppsV1Api) -> None:
    limits = {"name": "web", "resources": {"limits": {"memory": "512Mi"}}}
    patch = {"spec": {"template": {"spec": {"containers": [limits]}}}}
    web = apps.patch_namespaced_deployment("web", NAMESPACE, patch)
    assert container(web).resources.limits == {"cpu": "500m", "memory": "512Mi"}
    assert container(web).image == "shop/web:2"
    assert web.metadata.generation == 3


def test_a_json_patch_tests_before_it_replaces(apps: client.AppsV1Api) -> None:
    replicas = "/spec/replicas"
    good = [
        {"op": "test", "path": replicas, "value": 3},
        {"op": "replace", "path": replicas, "value": 5},
    ]
    assert apps.patch_namespaced_deployment("web", NAMESPACE, good).spec.replicas == 5
    assert refused(apps.patch_namespaced_deployment, "web", NAMESPACE, good).status == 422


def test_a_merge_patch_replaces_lists(apps: client.AppsV1Api) -> None:
    patch = {"metadata": {"labels": {"app": None, "tier": "front"}}}
    web = apps.patch_namespaced_deployment(
        "web", NAMESPACE, patch, _content_type="application/merge-patch+json"
    )
    assert web.metadata.labels == {"tier": "front"}


def apply(apps: client.AppsV1Api, manager: str, replicas: int, **options: Any) -> Any:
    config = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": replicas},
    }
    return apps.patch_namespaced_deployment(
        "web",
        NAMESPACE,
        config,
        field_manager=manager,
        _content_type="application/apply-patch+yaml",
        **options,
    )


def test_server_side_apply_conflicts_until_forced(apps: client.AppsV1Api) -> None:
    assert apply(apps, "first", 4, force=True).spec.replicas == 4
    error = refused(apply, apps, "second", 6)
    assert error.status == 409
    assert ".spec.replicas" in error.body
    assert 'conflict with \\"first\\"' in error.body
    web = apply(apps, "second", 6, force=True)
    assert web.spec.replicas == 6
    assert {
        entry.manager for entry in web.metadata.managed_fields if entry.operation == "Apply"
    } == {"second"}


def test_a_stale_resource_version_is_a_conflict_for_put_and_patch(apps: client.AppsV1Api) -> None:
    stale = apps.read_namespaced_deployment("web", NAMESPACE)
    apps.patch_namespaced_deployment("web", NAMESPACE, {"metadata": {"labels": {"a": "b"}}})
    stale.spec.replicas = 9
    assert refused(apps.replace_namespaced_deployment, "web", NAMESPACE, stale).status == 409
    version = stale.metadata.resource_version
    patch = {"metadata": {"resourceVersion": version}, "spec": {"replicas": 9}}
    assert refused(apps.patch_namespaced_deployment, "web", NAMESPACE, patch).status == 409
    assert apps.read_namespaced_deployment("web", NAMESPACE).spec.replicas == 3


def test_a_dry_run_answers_the_result_and_stores_nothing(apps: client.AppsV1Api) -> None:
    before = apps.read_namespaced_deployment("web", NAMESPACE)
    patch = {"spec": {"replicas": 7}}
    shown = apps.patch_namespaced_deployment("web", NAMESPACE, patch, dry_run="All")
    after = apps.read_namespaced_deployment("web", NAMESPACE)
    assert shown.spec.replicas == 7
    assert after.spec.replicas == 3
    assert after.metadata.resource_version == before.metadata.resource_version


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"spec": {"replicas": -1}}, "spec.replicas"),
        (
            {
                "spec": {
                    "template": {
                        "spec": {
                            "containers": [
                                {"name": "web", "resources": {"limits": {"memory": "1Mi"}}}
                            ]
                        }
                    }
                }
            },
            "spec.template.spec.containers[0].resources.requests",
        ),
        (
            {
                "spec": {
                    "template": {
                        "spec": {
                            "containers": [
                                {"name": "web", "resources": {"limits": {"memory": "lots"}}}
                            ]
                        }
                    }
                }
            },
            "patch",
        ),
    ],
)
def test_nonsense_is_refused_with_the_field_named(
    apps: client.AppsV1Api, patch: dict[str, Any], field: str
) -> None:
    error = refused(apps.patch_namespaced_deployment, "web", NAMESPACE, patch)
    assert error.status == 422
    assert f'"field":"{field}"' in error.body


def test_the_scale_subresource_adds_and_removes_pods(
    apps: client.AppsV1Api, core: client.CoreV1Api
) -> None:
    def pods() -> int:
        return len(core.list_namespaced_pod(NAMESPACE, label_selector="app=web").items)

    assert apps.read_namespaced_deployment_scale("web", NAMESPACE).spec.replicas == 3
    apps.patch_namespaced_deployment_scale("web", NAMESPACE, {"spec": {"replicas": 5}})
    eventually(lambda: pods() == 5)
    apps.patch_namespaced_deployment_scale("web", NAMESPACE, {"spec": {"replicas": 1}})
    eventually(lambda: pods() == 1)


def test_a_new_template_rolls_to_a_new_replica_set(apps: client.AppsV1Api) -> None:
    patch = deployment(image="shop/web:3")
    apps.patch_namespaced_deployment("web", NAMESPACE, patch)

    def rolled() -> bool:
        status = apps.read_namespaced_deployment("web", NAMESPACE).status
        return bool(status.updated_replicas == 3 == status.replicas == status.ready_replicas)

    eventually(rolled)
    sets = apps.list_namespaced_replica_set(NAMESPACE).items
    revision = "deployment.kubernetes.io/revision"
    sizes = {s.metadata.annotations[revision]: s.spec.replicas for s in sets}
    assert sizes == {"1": 0, "2": 0, "3": 3}


def test_a_created_deployment_runs_and_a_second_one_of_that_name_is_409(
    apps: client.AppsV1Api,
) -> None:
    apps.create_namespaced_deployment(NAMESPACE, deployment("cart"))
    eventually(
        lambda: apps.read_namespaced_deployment("cart", NAMESPACE).status.ready_replicas == 3
    )
    assert refused(apps.create_namespaced_deployment, NAMESPACE, deployment("cart")).status == 409


def test_a_deployment_deleted_takes_its_pods_along(url: str, core: client.CoreV1Api) -> None:
    client.AppsV1Api(connect(url, "admin")).delete_namespaced_deployment("web", NAMESPACE)
    eventually(lambda: not core.list_namespaced_pod(NAMESPACE, label_selector="app=web").items)


def test_an_orphaning_delete_leaves_the_pods(url: str, core: client.CoreV1Api) -> None:
    api = client.AppsV1Api(connect(url, "admin"))
    api.delete_namespaced_deployment("web", NAMESPACE, propagation_policy="Orphan")
    assert len(core.list_namespaced_pod(NAMESPACE, label_selector="app=web").items) == 3
    assert all(
        not (s.metadata.owner_references or ())
        for s in api.list_namespaced_replica_set(NAMESPACE).items
    )


def test_a_deleted_pod_is_replaced(core: client.CoreV1Api) -> None:
    name = core.list_namespaced_pod(NAMESPACE, label_selector="app=web").items[0].metadata.name
    core.delete_namespaced_pod(name, NAMESPACE)

    def replaced() -> bool:
        pods = core.list_namespaced_pod(NAMESPACE, label_selector="app=web").items
        names = {pod.metadata.name for pod in pods}
        return len(pods) == 3 and name not in names

    eventually(replaced)


def eviction(name: str) -> client.V1Eviction:
    return client.V1Eviction(metadata=client.V1ObjectMeta(name=name, namespace=NAMESPACE))


def test_an_eviction_respects_the_disruption_budget(core: client.CoreV1Api) -> None:
    error = refused(core.create_namespaced_pod_eviction, "redis-0", NAMESPACE, eviction("redis-0"))
    assert error.status == 429
    web = core.list_namespaced_pod(NAMESPACE, label_selector="app=web").items[0].metadata.name
    core.create_namespaced_pod_eviction(web, NAMESPACE, eviction(web))
    assert core.read_namespaced_pod(web, NAMESPACE).metadata.deletion_timestamp


def test_suspending_a_cron_job_and_deleting_its_job_stops_the_pods(
    url: str, core: client.CoreV1Api
) -> None:
    batch = client.BatchV1Api(connect(url))
    every_minute = {"spec": {"schedule": "* * * * *"}}
    batch.patch_namespaced_cron_job("backup", NAMESPACE, every_minute)

    def active() -> list[Any]:
        return batch.read_namespaced_cron_job("backup", NAMESPACE).status.active or []

    job = eventually(active)[0].name
    selector = f"job-name={job}"
    eventually(lambda: core.list_namespaced_pod(NAMESPACE, label_selector=selector).items)
    batch.patch_namespaced_cron_job("backup", NAMESPACE, {"spec": {"suspend": True}})
    batch.delete_namespaced_job(job, NAMESPACE, propagation_policy="Background")
    eventually(lambda: not core.list_namespaced_pod(NAMESPACE, label_selector=selector).items)
    assert not active()


# --- watching ----------------------------------------------------------------------------------


def test_a_watch_sees_what_is_there_and_then_what_changes(core: client.CoreV1Api) -> None:
    seen: list[tuple[str, str]] = []

    def follow() -> None:
        settings = watch.Watch()
        stream = settings.stream(core.list_namespaced_config_map, NAMESPACE, timeout_seconds=30)
        for event in stream:
            seen.append((event["type"], event["object"].data["LEVEL"]))
            if len(seen) == 2:
                settings.stop()

    thread = threading.Thread(target=follow)
    thread.start()
    eventually(lambda: seen)
    core.patch_namespaced_config_map("settings", NAMESPACE, {"data": {"LEVEL": "debug"}})
    thread.join(30)
    assert seen == [("ADDED", "info"), ("MODIFIED", "debug")]


def test_a_watch_from_a_version_replays_what_came_after(core: client.CoreV1Api) -> None:
    version = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    core.patch_namespaced_config_map("settings", NAMESPACE, {"data": {"LEVEL": "debug"}})
    stream = watch.Watch().stream(
        core.list_namespaced_config_map, NAMESPACE, resource_version=version, timeout_seconds=1
    )
    assert [event["type"] for event in stream] == ["MODIFIED"]


def test_a_watch_from_before_the_recorded_past_is_gone(core: client.CoreV1Api) -> None:
    stream = watch.Watch().stream(
        core.list_namespaced_config_map, NAMESPACE, resource_version="1", timeout_seconds=1
    )
    with pytest.raises(ApiException) as caught:
        list(stream)
    assert caught.value.status == 410


def test_a_busy_cluster_keeps_no_quiet_watcher_from_its_bookmarks(
    core: client.CoreV1Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_BOOKMARK_EVERY_SECONDS", 0.5)
    seen: list[dict[str, Any]] = []
    version = core.list_namespaced_service(NAMESPACE).metadata.resource_version

    def follow() -> None:
        stream = watch.Watch().stream(
            core.list_namespaced_service,
            NAMESPACE,
            resource_version=version,
            allow_watch_bookmarks=True,
            timeout_seconds=30,
        )
        for event in stream:
            seen.append(event)
            if sum(e["type"] == "BOOKMARK" for e in seen) == 3:
                break

    thread = threading.Thread(target=follow)
    thread.start()
    number = 0
    while thread.is_alive():
        number += 1
        core.patch_namespaced_config_map("settings", NAMESPACE, {"data": {"N": str(number)}})
        time.sleep(0.1)
    marks = [e["object"]["metadata"]["resourceVersion"] for e in seen if e["type"] == "BOOKMARK"]
    assert len(marks) == 3
    assert int(marks[-1]) > int(version)


# --- what the world says -----------------------------------------------------------------------


def test_logs_come_from_the_world(core: client.CoreV1Api, world: FakeWorld) -> None:
    now = datetime.now(UTC)
    world.lines = [
        {
            "timestamp": now - timedelta(minutes=minutes),
            "message": f"line {minutes}",
            "pod": "redis-0",
            "container": "redis",
        }
        for minutes in (90, 30, 1)
    ]
    assert core.read_namespaced_pod_log("redis-0", NAMESPACE) == "line 90\nline 30\nline 1\n"
    assert core.read_namespaced_pod_log("redis-0", NAMESPACE, tail_lines=1) == "line 1\n"
    recent = core.read_namespaced_pod_log("redis-0", NAMESPACE, since_seconds=3600)
    assert recent == "line 30\nline 1\n"
    assert refused(core.read_namespaced_pod_log, "redis-0", NAMESPACE, previous=True).status == 400
    assert refused(core.read_namespaced_pod_log, "redis-0", NAMESPACE, container="x").status == 400


def test_an_unhealthy_pod_leaves_the_endpoints_and_counts_its_restarts(
    core: client.CoreV1Api, apps: client.AppsV1Api, world: FakeWorld
) -> None:
    name = core.list_namespaced_pod(NAMESPACE, label_selector="app=web").items[0].metadata.name
    killed = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-11-24T03:00:00Z"}
    world.health[name] = {
        "restartCount": 4,
        "ready": False,
        "lastState": {"terminated": killed | {"startedAt": "2026-11-24T02:00:00Z"}},
    }
    eventually(lambda: apps.read_namespaced_deployment("web", NAMESPACE).status.ready_replicas == 2)
    status = core.read_namespaced_pod(name, NAMESPACE).status.container_statuses[0]
    assert status.restart_count == 4
    assert status.last_state.terminated.reason == "OOMKilled"
    assert len(core.read_namespaced_endpoints("web", NAMESPACE).subsets[0].addresses) == 2


def test_the_worlds_events_are_listed_by_object(core: client.CoreV1Api, world: FakeWorld) -> None:
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    world.events = [
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "redis-0.backoff", "namespace": NAMESPACE},
            "involvedObject": {"kind": "Pod", "name": "redis-0", "namespace": NAMESPACE},
            "reason": "BackOff",
            "message": "Back-off restarting failed container",
            "type": "Warning",
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 7,
        }
    ]

    def found() -> list[Any]:
        selector = "involvedObject.name=redis-0,type=Warning"
        return core.list_namespaced_event(NAMESPACE, field_selector=selector).items

    assert eventually(found)[0].reason == "BackOff"
