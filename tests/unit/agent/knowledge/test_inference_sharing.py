"""What shared variables, images and schedules imply."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.knowledge.inference import (
    Cron,
    Endpoint,
    Tie,
    Workload,
    co_scheduled,
    endpoints_in,
    image_ancestry,
    shared_variables,
)


def service(name: str, env: dict[str, str], namespace: str = "production") -> Workload:
    return Workload(f"{namespace}/service/{name}", name, namespace, env)


def runs(name: str, *images: str, namespace: str = "production") -> Workload:
    return Workload(f"{namespace}/deployment/{name}", name, namespace, images=images)


def job(name: str, schedule: str, *targets: str, namespace: str = "production") -> Workload:
    key = f"{namespace}/cronjob/{name}"
    return Workload(key, name, namespace, schedule=schedule, targets=targets)


class TestStorage:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("s3://shop-archive/daily/2026", Endpoint("s3", "shop-archive")),
            ("https://shop-archive.s3.eu-west-1.amazonaws.com/x", Endpoint("s3", "shop-archive")),
            ("https://s3.eu-west-1.amazonaws.com/shop-archive/x", Endpoint("s3", "shop-archive")),
            ("https://shop.archive.s3.amazonaws.com", Endpoint("s3", "shop.archive")),
            ("gs://shop-archive/daily", Endpoint("gs", "shop-archive")),
            ("https://storage.googleapis.com/shop-archive/x", Endpoint("gs", "shop-archive")),
            (
                "https://shopdata.blob.core.windows.net/raw/x",
                Endpoint("azblob", "shopdata", None, "raw"),
            ),
            (
                "wasbs://raw@shopdata.blob.core.windows.net/",
                Endpoint("azblob", "shopdata", None, "raw"),
            ),
            ("http://minio:9000/archive", Endpoint("s3", "minio", 9000, "archive")),
            ("https://sqs.eu-west-1.amazonaws.com/123456789012/orders", Endpoint("sqs", "orders")),
        ],
    )
    def test_a_bucket_or_queue_is_the_same_however_it_is_written(
        self, text: str, expected: Endpoint
    ) -> None:
        assert endpoints_in(text) == [expected]

    def test_a_bucket_is_no_host_in_the_cluster(self) -> None:
        [bucket] = endpoints_in("s3://shop.archive/daily")
        assert (bucket.kind, bucket.service, bucket.namespace) == ("bucket", "shop.archive", "")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("dns:///cart.production.svc:50051", Endpoint("grpc", "cart.production.svc", 50051)),
            ("grpc://cart:50051", Endpoint("grpc", "cart", 50051)),
            ("cart:50051", Endpoint("grpc", "cart", 50051)),
            ("u:p@tcp(orders-db:3306)/orders?x=1", Endpoint("mysql", "orders-db", 3306, "orders")),
            (
                "Server=tcp:orders-db,1433;Database=o;Password=x",
                Endpoint("sqlserver", "orders-db", 1433, "o"),
            ),
            (
                "mongodb+srv://u:p@cart.mongo.internal/cart",
                Endpoint("mongodb", "cart.mongo.internal", 27017, "cart"),
            ),
        ],
    )
    def test_other_forms(self, text: str, expected: Endpoint) -> None:
        assert endpoints_in(text) == [expected]


class TestSharedVariables:
    def test_one_store_by_different_credentials_is_one_thing(self) -> None:
        [shared] = shared_variables(
            [
                service("auth", {"REDIS_URL": "redis://:one@redis-session:6379/0"}),
                service("cart", {"REDIS_URL": "redis://:two@redis-session.production.svc/1"}),
            ]
        )
        assert (shared.key, shared.variable) == ("production/cache/redis-session", "REDIS_URL")
        assert shared.users == ("production/service/auth", "production/service/cart")
        assert shared.evidence == "REDIS_URL points auth, cart to redis-session:6379"
        assert 0 < shared.confidence < 1

    def test_the_ties_lead_to_the_key_that_the_caller_knows(self) -> None:
        env = {"ORDERS_TOPIC": "orders.created"}
        [shared] = shared_variables([service("cart", env), service("mail", env)])
        assert [t.target for t in shared.ties()] == ["production/queue/orders.created"] * 2
        assert {t.source for t in shared.ties("x/queue/y")} == set(shared.users)
        assert {t.target for t in shared.ties("x/queue/y")} == {"x/queue/y"}

    @pytest.mark.parametrize(
        "env",
        [
            {
                "LOG_LEVEL": "info",
                "TZ": "Europe/Berlin",
                "REGION": "eu-west-1",
                "ENV": "production",
            },
            {"QUEUE": "default", "DB_NAME": "postgres", "BUCKET": "true"},
            {"STRIPE_API_KEY": "not-a-key", "DB_PASSWORD": "hunter2", "QUEUE_TOKEN": "abcdef"},
            {"JAVA_OPTS": "-Xmx512m", "WORKERS": "4", "FEATURES": "a,b"},
        ],
    )
    def test_boilerplate_and_secrets_tie_nothing(self, env: dict[str, str]) -> None:
        assert shared_variables([service("cart", env), service("mail", env)]) == []

    def test_the_same_name_in_two_namespaces_is_two_things(self) -> None:
        env = {"ORDERS_TOPIC": "orders.created"}
        both = [service("cart", env), service("mail", env, namespace="staging")]
        assert shared_variables(both) == []

    def test_a_bucket_is_shared_across_namespaces(self) -> None:
        both = [
            service("cart", {"ARCHIVE_BUCKET": "shop-archive"}),
            service("mail", {"ARCHIVE_BUCKET": "shop-archive"}, namespace="staging"),
        ]
        assert [s.key for s in shared_variables(both)] == ["-/bucket/shop-archive"]


class TestImages:
    def test_workloads_of_one_build_are_siblings(self) -> None:
        web, worker = (
            runs("cart", "ghcr.io/shop/cart:1"),
            runs("cart-worker", "ghcr.io/shop/cart:2"),
        )
        assert image_ancestry([web, worker]) == [
            Tie(
                web.key,
                worker.key,
                "sibling_of",
                "cart and cart-worker run the image shop/cart",
                0.5,
            )
        ]

    @pytest.mark.parametrize(
        "image", ["redis:7", "library/nginx", "bitnami/postgresql:16", "busybox"]
    )
    def test_what_everybody_runs_ties_nothing(self, image: str) -> None:
        assert image_ancestry([runs("a", image), runs("b", image)]) == []

    def test_namespaces_are_apart(self) -> None:
        one, other = runs("a", "shop/app"), runs("b", "shop/app", namespace="staging")
        assert image_ancestry([one, other]) == []

    def test_an_exporter_watches_the_store_of_its_product_that_its_name_means(self) -> None:
        stores = [runs("redis-reco", "redis:7"), runs("redis-cart", "valkey/valkey:8")]
        exporter = runs("redis-reco-exporter", "oliver006/redis_exporter:v1")
        [tie] = image_ancestry([*stores, exporter])
        assert (tie.source, tie.kind, tie.target) == (exporter.key, "watches", stores[0].key)

    def test_a_backup_works_on_the_store_that_its_name_means(self) -> None:
        stores = [runs("orders-db", "postgres:16"), runs("auth-db", "postgres:16")]
        backup = runs("auth-backup", "shop/pg-backup:3")
        [tie] = image_ancestry([*stores, backup])
        assert (tie.source, tie.kind, tie.target) == (backup.key, "targets", stores[1].key)
        assert "backs up postgresql" in tie.evidence

    def test_where_two_stores_may_be_meant_none_is(self) -> None:
        stores = [runs("orders-db", "postgres:16"), runs("auth-db", "postgres:16")]
        assert image_ancestry([*stores, runs("nightly-backup", "shop/pg-backup:3")]) == []

    def test_a_sidecar_in_the_stores_own_pod_ties_nothing(self) -> None:
        assert image_ancestry([runs("redis-reco", "redis:7", "oliver006/redis_exporter:v1")]) == []


class TestCron:
    @pytest.mark.parametrize(
        ("text", "times"),
        [
            ("30 2 * * *", ("02:30",)),
            ("*/30 2 * * *", ("02:00", "02:30")),
            ("0 1-3 * * mon-fri", ("01:00", "02:00", "03:00")),
            ("0 0,12 1 jan *", ("00:00", "12:00")),
            ("@daily", ("00:00",)),
            ("5/20 4 * * 7", ("04:05", "04:25", "04:45")),
        ],
    )
    def test_times_of_day(self, text: str, times: tuple[str, ...]) -> None:
        cron = Cron.parse(text)
        assert cron is not None
        assert cron.meets(cron) == times

    @pytest.mark.parametrize(
        "text", ["", "* * * *", "60 * * * *", "a b c d e", "5-1 * * * *", "*/0 * * * *"]
    )
    def test_no_schedule(self, text: str) -> None:
        assert Cron.parse(text) is None

    @pytest.mark.parametrize(
        ("one", "other", "meet"),
        [
            ("0 2 * * 1", "0 2 * * 2", False),
            ("0 2 1 * *", "0 2 2 * *", False),
            ("0 2 1 * 1", "0 2 * * 1", True),  # either day field suffices
            ("0 2 30 2 *", "0 2 * * *", False),  # there is no 30 February
            ("0 2 13 * *", "0 2 * * 5", True),  # some 13th is a Friday
            ("0 2 * 1 *", "0 2 * 2 *", False),
            ("0 2 * * 0", "0 2 * * 7", True),
        ],
    )
    def test_days_must_meet_too(self, one: str, other: str, meet: bool) -> None:
        a, b = Cron.parse(one), Cron.parse(other)
        assert a is not None and b is not None
        assert bool(a.meets(b)) is meet

    @given(st.text(alphabet="0123456789*/-,@ monfri", max_size=30))
    @settings(deadline=None)
    def test_no_text_breaks_it(self, text: str) -> None:
        cron = Cron.parse(text)
        assert cron is None or cron.meets(cron) == tuple(sorted(cron.meets(cron)))


class TestCoScheduled:
    def test_jobs_on_one_target_are_surer_than_those_of_one_namespace(self) -> None:
        backup = job("reco-backup", "30 2 * * *", "production/service/redis-reco")
        export = job("export", "*/30 2 * * *", "production/service/redis-reco")
        report = job("report", "30 2 * * *")
        found = {(c.first, c.second): c for c in co_scheduled([backup, export, report])}
        near, same = found[export.key, report.key], found[export.key, backup.key]
        assert same.times == near.times == ("02:30",)
        assert near.confidence < same.confidence < 1
        assert same.evidence.endswith("both start at 02:30, both on redis-reco")
        assert same.tie.kind == "coincides_with"

    def test_what_runs_all_the_time_coincides_with_nothing(self) -> None:
        assert co_scheduled([job("a", "*/5 * * * *"), job("b", "30 2 * * *")]) == []

    def test_other_namespaces_and_time_zones_are_not_compared(self) -> None:
        a, b = job("a", "30 2 * * *"), job("b", "30 2 * * *", namespace="staging")
        c = job("c", "30 2 * * *")._replace(time_zone="Europe/Berlin")
        assert co_scheduled([a, b, c]) == []

    def test_the_same_target_counts_across_namespaces(self) -> None:
        a, b = job("a", "30 2 * * *", "x"), job("b", "30 2 * * *", "x", namespace="staging")
        assert len(co_scheduled([a, b])) == 1

    def test_a_crowd_at_midnight_is_a_habit(self) -> None:
        assert co_scheduled([job(f"j{n}", "@daily") for n in range(30)]) == []
