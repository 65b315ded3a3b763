"""However a cluster came to be as it is, the graph is that of the cluster; and a change tells only what it touches."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.knowledge.facts import Seen
from integrations.kubernetes.graph.cluster import Cluster
from integrations.kubernetes.graph.reading import read
from tests.unit.integrations.kubernetes.clusters import (
    NOW,
    cluster_of,
    obj,
    service,
    ties,
    workload,
)

_NAMES = st.sampled_from(["a", "b", "c"])
_LABELS = st.fixed_dictionaries(
    {"app": _NAMES},
    optional={
        "tier": st.sampled_from(["web", "data"]),
        "tags.datadoghq.com/service": _NAMES,
        "app.kubernetes.io/name": _NAMES,
    },
)
_SELECTORS = st.one_of(
    _LABELS,
    st.just({"tier": "web"}),
    st.just({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}),
)
_ENV = st.dictionaries(
    st.sampled_from(["A_URL", "REDIS_URL", "ORDERS_TOPIC", "MODE"]),
    st.sampled_from(
        ["http://a:80", "redis://b.shop.svc:6379", "s3://things", "orders.created", "c:9092"]
    ),
    max_size=3,
)
_OBJECTS = st.one_of(
    st.builds(
        workload,
        _NAMES,
        st.sampled_from(["Deployment", "StatefulSet"]),
        env=_ENV,
        labels=_LABELS,
        image=st.sampled_from(["redis:7", "x/app:1", "x/redis-exporter:1"]),
        replicas=st.integers(1, 3),
        maps=st.sampled_from([(), ("a",), ("a", "b")]),
    ),
    st.builds(
        lambda n, env, at: workload(n, "CronJob", env=env, schedule=f"{at} 2 * * *"),
        _NAMES,
        _ENV,
        st.sampled_from([1, 2]),
    ),
    st.builds(lambda n, s: obj("Service", n, {"selector": s}), _NAMES, _LABELS),
    st.builds(lambda n, s: obj("PodDisruptionBudget", n, {"selector": s}), _NAMES, _SELECTORS),
    st.builds(lambda n, d: obj("ConfigMap", n, data=d), _NAMES, _ENV),
    st.builds(
        lambda n, t: obj(
            "HorizontalPodAutoscaler", n, {"scaleTargetRef": {"kind": "Deployment", "name": t}}
        ),
        _NAMES,
        _NAMES,
    ),
    st.builds(
        lambda n, o, node: obj("Pod", n, {"nodeName": node}, owner=("ReplicaSet", f"{o}-1")),
        _NAMES,
        _NAMES,
        st.sampled_from(["n1", "n2"]),
    ),
    st.builds(lambda n: obj("Node", n), st.sampled_from(["n1", "n2"])),
    st.builds(
        lambda n, t: obj("Ingress", n, {"defaultBackend": {"service": {"name": t}}}),
        _NAMES,
        _NAMES,
    ),
)
_STEPS = st.lists(st.tuples(st.booleans(), st.lists(_OBJECTS, min_size=1, max_size=4)), max_size=8)


class Kept:
    """The graph as one who is told the news keeps it."""

    def __init__(self) -> None:
        self.entities: dict[str, Any] = {}
        self.relations: dict[tuple[str, str, str], Any] = {}

    def take(self, seen: Seen | None) -> None:
        if seen is None:
            return
        for key in seen.gone:
            del self.entities[key]
        for ends in seen.withdrawn:
            del self.relations[ends]
        self.entities |= {e.key: e for e in seen.entities}
        self.relations |= {(r.source, r.target, r.kind): r for r in seen.relations}


@settings(max_examples=150, deadline=None)
@given(_STEPS)
def test_news_added_up_are_the_graph_built_afresh(steps: list[tuple[bool, list[Any]]]) -> None:
    cluster, kept, there = Cluster(lambda: NOW), Kept(), {}
    for removes, items in steps:
        for item in items:
            record = read(item)
            if removes:
                cluster.remove(record.id)
                there.pop(record.id, None)
            else:
                cluster.put(record)
                there[record.id] = item
        kept.take(cluster.news())
    fresh = cluster_of(*there.values()).whole()
    whole = cluster.whole()
    assert whole.entities == fresh.entities
    assert whole.relations == fresh.relations
    assert whole.same == fresh.same
    assert kept.entities == {e.key: e for e in fresh.entities}
    assert kept.relations == {(r.source, r.target, r.kind): r for r in fresh.relations}


class TestNews:
    def test_a_change_tells_its_own_entity_and_no_other(self) -> None:
        cluster = cluster_of(*(workload(n) for n in "abc"), *(service(n) for n in "abc"))
        cluster.whole()
        cluster.put(read(workload("a", replicas=9)))
        news = cluster.news()
        assert news is not None
        assert [e.key for e in news.entities] == ["shop/deployment/a"]
        assert not (news.relations or news.gone or news.withdrawn or news.complete)

    def test_nothing_new_is_no_news(self) -> None:
        cluster = cluster_of(workload("a"))
        cluster.whole()
        cluster.put(read(workload("a")))
        assert cluster.news() is None

    def test_a_service_that_comes_later_ties_those_who_waited_for_it(self) -> None:
        cluster = cluster_of(workload("a", env={"B_URL": "http://b:80"}), workload("b"))
        cluster.whole()
        cluster.put(read(service("b")))
        news = cluster.news()
        assert news is not None
        assert ties(news) == {("shop/service/a", "depends_on", "shop/service/b")}

    def test_a_deleted_workload_takes_its_ties_along(self) -> None:
        cluster = cluster_of(workload("a"), obj("ConfigMap", "m"), workload("b", maps=("m",)))
        cluster.whole()
        cluster.remove(("Deployment", "shop", "b"))
        news = cluster.news()
        assert news is not None
        assert set(news.gone) == {"shop/deployment/b", "shop/service/b"}
        assert ("shop/deployment/b", "shop/configmap/m", "configured_by") in news.withdrawn

    def test_a_new_name_of_the_pods_moves_what_leans_on_their_service(self) -> None:
        cluster = cluster_of(
            workload("a", env={"B_URL": "http://b:80"}),
            workload("b", labels={"app": "b"}),
            service("b"),
        )
        cluster.whole()
        labels = {"app": "b", "tags.datadoghq.com/service": "basket"}
        cluster.put(read(workload("b", labels=labels)))
        news = cluster.news()
        assert news is not None
        assert ("shop/service/a", "depends_on", "shop/service/basket") in ties(news)
        assert ("shop/service/a", "shop/service/b", "depends_on") in news.withdrawn
        assert [(s.alias, s.canonical) for s in news.same] == [
            ("shop/service/b", "shop/service/basket")
        ]
