"""What a cluster's objects say of each other, tie by tie."""

from __future__ import annotations

import pytest

from integrations.kubernetes.graph.reading import read
from tests.unit.integrations.kubernetes.clusters import (
    cluster_of,
    entity,
    obj,
    seen_of,
    service,
    ties,
    workload,
)


class TestEntities:
    def test_a_workload_has_what_was_decided_about_it_and_not_how_it_is_this_minute(self) -> None:
        web = workload("web", replicas=3) | {"status": {"readyReplicas": 1}}
        web["metadata"]["labels"] |= {"team": "shop", "app.kubernetes.io/part-of": "store"}
        found = entity(seen_of(web), "shop/deployment/web").properties
        assert found["replicas"] == 3
        assert found["images"] == ["example.com/web:1"]
        assert found["containers"][0]["limits"] == {"cpu_cores": 0.5, "memory_bytes": 2**30}
        assert (found["team"], found["part_of"]) == ("shop", "store")
        assert "ready" not in str(found).lower()

    def test_bounds_sizes_and_capacities_are_facts(self) -> None:
        target = {"kind": "Deployment", "name": "web"}
        seen = seen_of(
            obj("HorizontalPodAutoscaler", "web", {"scaleTargetRef": target, "maxReplicas": 9}),
            obj("PodDisruptionBudget", "web", {"maxUnavailable": 0}),
            obj("PersistentVolumeClaim", "data", {"resources": {"requests": {"storage": "20Gi"}}}),
            obj("Node", "n1", status={"capacity": {"cpu": "16", "memory": "64Gi"}}),
            workload("clean", "CronJob", schedule="5 2 * * *", timeZone="Europe/Berlin"),
        )
        scaler = entity(seen, "shop/horizontalpodautoscaler/web").properties
        assert (scaler["min_replicas"], scaler["max_replicas"]) == (1, 9)
        assert entity(seen, "shop/poddisruptionbudget/web").properties["max_unavailable"] == 0
        assert entity(seen, "shop/persistentvolumeclaim/data").properties["size"] == "20Gi"
        capacity = entity(seen, "-/node/n1").properties["capacity"]
        assert capacity == {"cpu_cores": 16.0, "memory_bytes": 64 * 2**30}
        job = entity(seen, "shop/cronjob/clean").properties
        assert (job["schedule"], job["time_zone"]) == ("5 2 * * *", "Europe/Berlin")

    def test_pods_and_finished_jobs_are_no_entities(self) -> None:
        seen = seen_of(obj("Pod", "p"), obj("Job", "done", status={"succeeded": 1}))
        assert seen.entities == ()

    def test_of_a_secret_only_the_name_is_kept(self) -> None:
        secret = obj("Secret", "db", data={"password": "aHVudGVyMg=="})
        assert "aHVudGVyMg" not in seen_of(secret).model_dump_json()


class TestNames:
    def test_datadogs_label_names_the_service_and_the_other_is_an_alias(self) -> None:
        labels = {"tags.datadoghq.com/service": "cart", "app.kubernetes.io/name": "basket"}
        seen = seen_of(workload("cart-v2", labels=labels))
        assert entity(seen, "shop/service/cart").properties["also_known_as"] == ["basket"]
        assert ("shop/service/cart", "runs", "shop/deployment/cart-v2") in ties(seen)

    def test_a_name_that_several_go_by_is_nobodys_alias(self) -> None:
        both = [
            workload(n, labels={"tags.datadoghq.com/service": n, "app.kubernetes.io/name": "redis"})
            for n in ("redis-cart", "redis-session")
        ]
        seen = seen_of(*both)
        for name in ("redis-cart", "redis-session"):
            assert "also_known_as" not in entity(seen, f"shop/service/{name}").properties

    def test_a_service_called_otherwise_than_its_pods_is_the_same_thing(self) -> None:
        labels = {"app": "x", "tags.datadoghq.com/service": "recommendation"}
        seen = seen_of(workload("reco", labels=labels), service("reco", {"app": "x"}))
        (same,) = seen.same
        assert (same.alias, same.canonical) == ("shop/service/reco", "shop/service/recommendation")
        assert "tags.datadoghq.com/service=recommendation" in same.reason
        assert "shop/service/reco" not in {e.key for e in seen.entities}

    def test_a_service_over_several_others_stays_itself(self) -> None:
        seen = seen_of(
            workload("a", labels={"app": "a", "tier": "web"}),
            workload("b", labels={"app": "b", "tier": "web"}),
            service("all", {"tier": "web"}),
        )
        assert not seen.same
        assert ties(seen, "routes_to") == {
            ("shop/service/all", "routes_to", "shop/deployment/a"),
            ("shop/service/all", "routes_to", "shop/deployment/b"),
        }

    def test_a_name_that_another_service_has_is_not_given_away(self) -> None:
        seen = seen_of(
            workload("cart", labels={"app": "cart"}),
            workload("v2", labels={"app": "cart-v2"}),
            service("cart", {"app": "cart-v2"}),
        )
        assert not seen.same


class TestTies:
    def test_an_ingress_routes_to_the_service_behind_its_backend(self) -> None:
        path = {"path": "/", "backend": {"service": {"name": "web"}}}
        ingress = obj("Ingress", "front", {"rules": [{"host": "a.b", "http": {"paths": [path]}}]})
        seen = seen_of(workload("web"), service("web"), ingress)
        assert ("shop/ingress/front", "routes_to", "shop/service/web") in ties(seen)

    def test_scalers_and_budgets_act_on_workloads_that_are_there(self) -> None:
        target = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}
        lost = {"scaleTargetRef": {"kind": "Deployment", "name": "nope"}}
        seen = seen_of(
            workload("web"),
            obj("HorizontalPodAutoscaler", "h", target),
            obj("HorizontalPodAutoscaler", "lost", lost),
            obj(
                "PodDisruptionBudget",
                "b",
                {"selector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}},
            ),
        )
        assert ties(seen, "scales") == {
            ("shop/horizontalpodautoscaler/h", "scales", "shop/deployment/web")
        }
        assert ties(seen, "protects") == {
            ("shop/poddisruptionbudget/b", "protects", "shop/deployment/web")
        }

    def test_pods_tell_where_their_workload_runs(self) -> None:
        pods = [
            obj("Pod", "web-5d4-a", {"nodeName": "n1"}, owner=("ReplicaSet", "web-5d4")),
            obj("Pod", "web-5d4-b", {"nodeName": "n1"}, owner=("ReplicaSet", "web-5d4")),
            obj(
                "Pod",
                "web-5d4-c",
                {"nodeName": "n2"},
                owner=("ReplicaSet", "web-5d4"),
                status={"phase": "Succeeded"},
            ),
        ]
        seen = seen_of(workload("web"), obj("Node", "n1"), obj("Node", "n2"), *pods)
        assert ties(seen, "on_node") == {("shop/deployment/web", "on_node", "-/node/n1")}

    def test_a_cronjobs_running_job_is_scheduled_by_it(self) -> None:
        job = obj("Job", "clean-1", owner=("CronJob", "clean"), status={"active": 1})
        seen = seen_of(workload("clean", "CronJob", schedule="0 2 * * *"), job)
        assert ("shop/cronjob/clean", "schedules", "shop/job/clean-1") in ties(seen)

    def test_config_maps_secrets_and_claims_are_used(self) -> None:
        volumes = [
            {"secret": {"secretName": "tls"}},
            {"persistentVolumeClaim": {"claimName": "data"}},
        ]
        web = workload("web", maps=("settings", "missing"), pod={"volumes": volumes})
        seen = seen_of(web, obj("ConfigMap", "settings"), obj("PersistentVolumeClaim", "data"))
        assert ties(seen, "configured_by") == {
            ("shop/deployment/web", "configured_by", "shop/configmap/settings")
        }
        assert ties(seen, "stored_on") == {
            ("shop/deployment/web", "stored_on", "shop/persistentvolumeclaim/data")
        }

    def test_what_may_not_be_listed_is_known_from_what_uses_it(self) -> None:
        cluster = cluster_of(workload("web", pod={"volumes": [{"secret": {"secretName": "tls"}}]}))
        cluster.unsee({"Secret"})
        seen = cluster.whole()
        assert ("shop/deployment/web", "configured_by", "shop/secret/tls") in ties(seen)
        assert entity(seen, "shop/secret/tls").properties == {}
        assert "secret" in seen.unseen_kinds

    def test_a_stateful_sets_claims_are_its_own(self) -> None:
        claim = obj("PersistentVolumeClaim", "data-redis-cart-0", labels={"app": "redis-cart"})
        seen = seen_of(workload("redis-cart", "StatefulSet"), claim)
        assert ties(seen, "stored_on") == {
            (
                "shop/statefulset/redis-cart",
                "stored_on",
                "shop/persistentvolumeclaim/data-redis-cart-0",
            )
        }


class TestDependencies:
    def test_settings_of_a_config_map_count_for_those_who_use_it(self) -> None:
        seen = seen_of(
            workload("web", maps=("settings",)),
            workload("redis"),
            service("redis"),
            obj("ConfigMap", "settings", data={"REDIS_URL": "redis://:pw@redis:6379/0"}),
        )
        (found,) = [r for r in seen.relations if r.kind == "depends_on"]
        assert (found.source, found.target) == ("shop/service/web", "shop/service/redis")
        assert "REDIS_URL in ConfigMap settings of Deployment shop/web" in found.evidence
        assert (found.origin, found.confidence) == ("inferred", 0.9)
        assert ":pw" not in seen.model_dump_json()

    def test_a_host_takes_the_port_of_its_partner(self) -> None:
        env = {"DB_HOST": "db.abc.eu-west-1.rds.amazonaws.com", "DB_PORT": "5433"}
        seen = seen_of(workload("web", env=env))
        (found,) = [r for r in seen.relations if r.kind == "depends_on"]
        assert "amazonaws.com:5433" in found.evidence

    @pytest.mark.parametrize(
        ("value", "key"),
        [
            (
                "postgresql://u:s3cret@db.abc.rds.amazonaws.com:5432/shop",
                "-/database/db.abc.rds.amazonaws.com",
            ),
            ("s3://invoices/2026", "-/bucket/invoices"),
            ("https://api.stripe.com/v1", "-/service/api.stripe.com"),
            ("redis://10.1.2.3:6379", "-/cache/10.1.2.3"),
        ],
    )
    def test_what_lies_outside_is_an_entity_without_credentials(self, value: str, key: str) -> None:
        seen = seen_of(workload("web", env={"TARGET": value}))
        assert ("shop/service/web", "depends_on", key) in ties(seen)
        assert entity(seen, key).properties["outside"] is True
        assert "s3cret" not in seen.model_dump_json()

    @pytest.mark.parametrize(
        "value",
        ["http://nope", "http://nope.other.svc.cluster.local", "http://10.0.0.9:80", "http://a.b"],
    )
    def test_names_of_the_cluster_that_nothing_has_are_not_made_up(self, value: str) -> None:
        assert not ties(seen_of(workload("web", env={"TARGET": value})), "depends_on")

    def test_an_external_name_leads_out(self) -> None:
        out = obj(
            "Service", "db", {"type": "ExternalName", "externalName": "db.abc.rds.amazonaws.com"}
        )
        found = ties(seen_of(out), "depends_on")
        assert [(s, t) for s, _, t in found] == [
            ("shop/service/db", "-/service/db.abc.rds.amazonaws.com")
        ]

    def test_a_topic_that_two_are_pointed_to_is_shared(self) -> None:
        env = {"ORDERS_TOPIC": "orders.created", "LOG_LEVEL": "info"}
        seen = seen_of(workload("a", env=env), workload("b", env=env), workload("c"))
        assert ties(seen, "depends_on") == {
            ("shop/service/a", "depends_on", "shop/queue/orders.created"),
            ("shop/service/b", "depends_on", "shop/queue/orders.created"),
        }
        assert entity(seen, "shop/queue/orders.created").kind == "queue"

    def test_images_tell_siblings_and_backups(self) -> None:
        seen = seen_of(
            workload("web", image="example.com/shop/app:1"),
            workload("worker", image="example.com/shop/app:1"),
            workload("redis", "StatefulSet", image="redis:7"),
            workload("redis-backup", "CronJob", image="shop/redis-backup:1", schedule="5 3 * * *"),
        )
        assert ("shop/service/web", "sibling_of", "shop/service/worker") in ties(seen)
        assert ("shop/cronjob/redis-backup", "targets", "shop/service/redis") in ties(seen)

    def test_jobs_of_one_minute_coincide(self) -> None:
        jobs = [workload(n, "CronJob", schedule="30 2 * * *") for n in ("backup", "report")]
        seen = seen_of(*jobs)
        assert ("shop/cronjob/backup", "coincides_with", "shop/cronjob/report") in ties(seen)


def test_status_and_bookkeeping_are_not_kept() -> None:
    noisy = workload("web") | {"status": {"conditions": [{"type": "x" * 5000}]}}
    noisy["metadata"]["managedFields"] = [{"manager": "m", "time": "2026-11-25T00:00:00Z"}]
    record = read(noisy)
    assert record.written_by == "m"
    assert "xxxx" not in repr(record)
    assert "managedFields" not in repr(record)
