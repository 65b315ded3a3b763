"""Risks told from facts of the cluster."""

from agent.model import Change, Entity
from integrations.kubernetes.risks import Surroundings, risk_of
from tests.unit.integrations.kubernetes.manifests import workload

GI = 2**30


def change(kind, **arguments):
    return Change(kind=kind, target=Entity(name="web", namespace="production"), arguments=arguments)


def test_a_single_replica_without_a_volume_loses_its_memory():
    redis = workload("StatefulSet", "redis", replicas=1)
    risk = risk_of(change("restart"), Surroundings(redis))
    assert "single replica" in risk and "what it holds in memory only is lost" in risk


def test_a_volume_is_kept():
    redis = workload("StatefulSet", "redis", replicas=1, volumeClaimTemplates=[{}])
    assert "its volume is kept" in risk_of(change("restart"), Surroundings(redis))


def test_several_replicas_roll():
    assert "3 pods of web are replaced one after another" in risk_of(
        change("restart"), Surroundings(workload())
    )


def test_an_autoscaler_sets_replicas_again():
    scaler = {
        "metadata": {"name": "web"},
        "spec": {
            "minReplicas": 2,
            "maxReplicas": 9,
            "scaleTargetRef": {"kind": "Deployment", "name": "web"},
        },
    }
    risk = risk_of(change("replicas", replicas=5), Surroundings(workload(), scalers=[scaler]))
    assert "Autoscaler web (2-9) owns the number of replicas" in risk


def test_memory_that_no_node_has_is_said():
    node = {"status": {"allocatable": {"memory": "16Gi"}}}
    risk = risk_of(
        change("resources", memory_bytes=64 * GI), Surroundings(workload(), nodes=[node])
    )
    assert "No node can ever hold 64Gi: the largest has 16Gi" in risk


def test_a_redis_maxmemory_of_its_own_is_left_and_said():
    config = {
        "metadata": {"name": "redis-config"},
        "data": {"maxmemory": "16gb", "maxmemory-policy": "allkeys-lru"},
    }
    risk = risk_of(
        change("resources", memory_bytes=32 * GI), Surroundings(workload(), config_maps=[config])
    )
    assert "maxmemory of 16gb in ConfigMap redis-config is left as it is" in risk


def test_an_eviction_policy_alone_is_no_maxmemory():
    config = {"metadata": {"name": "redis-config"}, "data": {"maxmemory-policy": "allkeys-lru"}}
    risk = risk_of(
        change("resources", memory_bytes=32 * GI), Surroundings(workload(), config_maps=[config])
    )
    assert "maxmemory" not in risk


def test_a_gitops_tool_that_may_undo_it_is_named():
    item = workload()
    item["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] = "shop:apps/Deployment"
    assert "Argo CD manages this object" in risk_of(change("restart"), Surroundings(item))


def test_what_reloader_rolls_is_said_although_no_restart_was_asked_for():
    config = {"kind": "ConfigMap", "metadata": {"name": "web-config", "namespace": "production"}}
    around = Surroundings(config, reloaded=[workload()])
    risk = risk_of(change("config_value", key="POOL", value="80"), around)
    assert "Reloader rolls web as soon as the value changes" in risk
    assert "3 pods of web are replaced" in risk


def test_without_a_restart_pods_keep_the_old_value():
    config = {"kind": "ConfigMap", "metadata": {"name": "web-config", "namespace": "production"}}
    risk = risk_of(change("config_value", key="POOL", value="80"), Surroundings(config))
    assert risk == "Pods that read the value at their start keep the old one until they restart."
