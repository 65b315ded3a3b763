"""The patches that changes come down to, and their ways back."""

import pytest

from agent.errors import NotFound, Refused
from agent.model import Change, ChangeKind, Entity
from integrations.kubernetes import edits
from integrations.kubernetes.edits import PROPOSAL
from tests.unit.integrations.kubernetes.manifests import replica_set, workload

GI = 2**30


def change(kind, **arguments):
    target = Entity(name="web", kind="deployment", namespace="production")
    return Change(kind=kind, target=target, arguments=arguments)


def test_a_raised_memory_limit_leaves_the_request_alone():
    draft = edits.resources(change("resources", memory_bytes=3 * GI), workload())
    patched = draft.edits[0].body["spec"]["template"]["spec"]["containers"]
    assert patched == [{"name": "web", "resources": {"limits": {"memory": "3Gi"}}}]
    assert draft.summary == "memory limit of web: 2Gi -> 3Gi"
    assert draft.way_back.arguments == {"container": "web", "memory_bytes": 2 * GI}


def test_a_limit_below_the_request_brings_the_request_down_and_the_way_back_restores_both():
    draft = edits.resources(change("resources", memory_bytes=GI // 2), workload())
    patched = draft.edits[0].body["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert patched == {"limits": {"memory": "512Mi"}, "requests": {"memory": "512Mi"}}
    assert draft.way_back.arguments["request_memory_bytes"] == GI


def test_the_way_back_of_a_way_back_is_the_change():
    there = edits.resources(change("resources", memory_bytes=GI // 2), workload())
    halved = workload()
    halved["spec"]["template"]["spec"]["containers"][0]["resources"] = {
        "requests": {"memory": "512Mi"}, "limits": {"memory": "512Mi"},
    }  # fmt: skip
    back = edits.resources(there.way_back, halved)
    assert back.edits[0].body["spec"]["template"]["spec"]["containers"][0]["resources"] == {
        "limits": {"memory": "2Gi"},
        "requests": {"memory": "1Gi"},
    }


@pytest.mark.parametrize("value", [1, -5, 0, "24Gi", True, float("nan"), float("inf")])
def test_a_limit_out_of_bounds_is_refused(value):
    with pytest.raises(Refused):
        edits.resources(change("resources", memory_bytes=value), workload())


def test_an_unknown_container_is_refused_by_name():
    with pytest.raises(Refused, match="has no container 'nope'; it has: web"):
        edits.resources(change("resources", container="nope", memory_bytes=GI), workload())


@pytest.mark.parametrize("value", [0, -1, 1000, "3", 2.5, True, None])
def test_a_number_of_replicas_out_of_bounds_is_refused(value):
    with pytest.raises(Refused):
        edits.replicas(change("replicas", replicas=value), workload())


def test_a_rollback_takes_the_template_of_the_revision():
    revisions = [replica_set(1, "web:0", 90), replica_set(2, "web:1", 3)]
    draft = edits.rollback(change("rollback", revision=1), workload(), revisions)
    operation = draft.edits[0].body[0]
    assert operation["path"] == "/spec/template"
    assert operation["value"]["spec"]["containers"][0]["image"] == "web:0"
    assert (draft.way_back.kind, draft.way_back.arguments) == (ChangeKind.ROLLBACK, {"revision": 2})


def test_a_rollback_to_a_revision_that_is_gone_names_those_there_are():
    with pytest.raises(NotFound, match="no revision 9; it has: 1, 2"):
        edits.rollback(
            change("rollback", revision=9),
            workload(),
            [replica_set(1, "a", 9), replica_set(2, "b", 3)],
        )


def test_suspending_a_cron_job_takes_its_active_jobs_along_and_the_way_back_names_them():
    cron, job = workload("CronJob", "backup"), workload("Job", "backup-1")
    draft = edits.suspension(change("suspend_job"), cron, [job])
    assert [(e.item["kind"], e.body) for e in draft.edits] == [
        ("CronJob", {"spec": {"suspend": True}}),
        ("Job", {"spec": {"suspend": True}}),
    ]
    assert (draft.way_back.kind, draft.way_back.arguments) == (
        ChangeKind.RESUME_JOB,
        {"jobs": ["backup-1"]},
    )


def test_only_a_cron_job_can_be_suspended():
    with pytest.raises(Refused):
        edits.suspension(change("suspend_job"), workload(), [])


def test_a_configuration_value_goes_back_to_what_it_was():
    config = {**workload("ConfigMap", "web-config"), "data": {"POOL": "50"}}
    draft = edits.config_value(
        change("config_value", key="POOL", value="80", restart="web"), config, workload()
    )
    assert draft.edits[0].body == {"data": {"POOL": "80"}}
    assert draft.edits[1].item["kind"] == "Deployment"
    assert draft.way_back.arguments == {"key": "POOL", "value": "50", "restart": "web"}


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        ("API_TOKEN", "before", "after"),
        ("PGPASSWORD", "before", "after"),
        ("CACHE", "redis://:before@redis/0", "redis://:[redacted]@redis/1"),
    ],
)
def test_a_secret_value_is_neither_changed_nor_kept_for_the_way_back(key, before, after):
    config = {**workload("ConfigMap", "web-config"), "data": {key: before}}
    with pytest.raises(Refused, match=f"{key} holds a secret") as refusal:
        edits.config_value(change("config_value", key=key, value=after), config, None)
    assert "before" not in str(refusal.value)


@pytest.mark.parametrize("kind", ["resources", "rollback"])
def test_every_patch_carries_its_preconditions_and_its_mark(kind):
    arguments = {"memory_bytes": 3 * GI} if kind == "resources" else {"revision": 1}
    revisions = [replica_set(1, "web:0", 90)]
    wanted = change(kind, **arguments)
    draft = (
        edits.resources(wanted, workload())
        if kind == "resources"
        else edits.rollback(wanted, workload(), revisions)
    )
    guarded = draft.edits[0].guarded("7", "proposal-1")
    if kind == "resources":
        metadata = guarded["metadata"]
        assert (metadata["uid"], metadata["resourceVersion"]) == ("uid-web", "7")
        assert metadata["annotations"] == {PROPOSAL: "proposal-1"}
    else:
        values = {o["path"]: o["value"] for o in guarded}
        assert (values["/metadata/uid"], values["/metadata/resourceVersion"]) == ("uid-web", "7")
        assert values["/metadata/annotations/srebot.dev~1proposal"] == "proposal-1"


def test_what_reloader_rolls_is_not_restarted_a_second_time():
    config = {**workload("ConfigMap", "web-config"), "data": {"POOL": "50"}}
    item = workload()
    item["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [
        {"configMapRef": {"name": "web-config"}}
    ]
    item["metadata"]["annotations"]["reloader.stakater.com/auto"] = "true"
    draft = edits.config_value(
        change("config_value", key="POOL", value="80", restart="web"), config, item
    )
    assert [e.item["kind"] for e in draft.edits] == ["ConfigMap"]
    assert draft.summary.endswith("then a rolling restart of web by Reloader")
