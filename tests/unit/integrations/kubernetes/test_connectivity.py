"""Services, network policies and certificates as data: what leads where, who is barred, what has expired."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.kubernetes.certificates import certificate_data, ingress_data
from integrations.kubernetes.connectivity_text import autoscaling_lines, network_lines
from integrations.kubernetes.objects import autoscaler_data, budget_data, rollout_data
from integrations.kubernetes.policies import policy_data
from integrations.kubernetes.services import service_data
from tests.unit.integrations.kubernetes.manifests import stamp, workload

NAMESPACE = {"kubernetes.io/metadata.name": "production", "env": "production"}


def running(name: str, *, port: int = 8080, **labels: str) -> dict[str, Any]:
    made: dict[str, Any] = workload(name=name)
    template = made["spec"]["template"]
    template["metadata"]["labels"].update(labels)
    template["spec"]["containers"][0]["ports"] = [{"name": "main", "containerPort": port}]
    return made


def service(name: str = "web", target: Any = "main", **selector: str) -> dict[str, Any]:
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": "production", "creationTimestamp": stamp(99)},
        "spec": {
            "selector": selector or {"app": name},
            "ports": [{"name": "main", "port": 80, "targetPort": target}],
        },
    }


def endpoints(name: str, *ready: bool | None) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{name}-x1", "labels": {"kubernetes.io/service-name": name}},
        "endpoints": [
            {"addresses": ["10.0.0.1"], "conditions": {} if r is None else {"ready": r}}
            for r in ready
        ],
    }


def policy(name: str = "web", **spec: Any) -> dict[str, Any]:
    selected = {"podSelector": {"matchLabels": {"app": "web"}}, **spec}
    metadata = {"name": name, "namespace": "production", "creationTimestamp": stamp(1)}
    return {"kind": "NetworkPolicy", "metadata": metadata, "spec": selected}


def peer(name: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": {"app": name}}}


class TestServices:
    def test_ready_endpoints_are_counted_and_unknown_readiness_is_ready(self) -> None:
        slices = [endpoints("web", True, None, False), endpoints("other", True)]
        data = service_data(service(), slices, [running("web")])
        assert (data["ready"], data["not_ready"], data["selects"]) == (2, 1, ["web"])
        assert data["nearly"] == []

    def test_a_selector_that_selects_nothing_tells_what_the_pods_have_instead(self) -> None:
        data = service_data(service(app="web", track="stable"), [], [running("web", track="new")])
        assert data["selects"] == []
        assert data["nearly"] == [{"workload": "web", "has": {"track": "new"}}]
        bare = service_data(service(app="web", track="stable"), [], [running("web")])
        assert bare["nearly"][0]["has"] == {"track": None}

    def test_a_service_without_selector_is_not_missing_anything(self) -> None:
        plain = service()
        plain["spec"].pop("selector")
        assert service_data(plain, [], [running("web")])["nearly"] == []

    @pytest.mark.parametrize(
        ("target", "listens"), [("main", True), (8080, True), ("http", False), (8081, False)]
    )
    def test_a_port_is_looked_for_among_those_that_containers_declare(
        self, target: Any, listens: bool
    ) -> None:
        (port,) = service_data(service(target=target), [], [running("web")])["ports"]
        assert port["listens"] is listens

    def test_a_number_that_no_container_declares_may_still_be_listened_on(self) -> None:
        (port,) = service_data(service(target=8080), [], [workload(name="web")])["ports"]
        assert port["listens"] is None
        (named,) = service_data(service(target="http"), [], [workload(name="web")])["ports"]
        assert named["listens"] is False


class TestPolicies:
    WORKLOADS = (running("web"), running("cart"), running("search"))

    def data(self, **spec: Any) -> dict[str, Any]:
        return policy_data(policy(**spec), self.WORKLOADS, NAMESPACE)

    def test_it_admits_the_peers_that_it_names_and_nobody_else(self) -> None:
        data = self.data(ingress=[{"from": [peer("cart")], "ports": [{"port": 8080}]}])
        assert (data["isolates"], data["admits"]) == (["web"], ["cart"])
        assert data["reaches"] is None

    def test_an_empty_rule_admits_everybody_and_no_rule_nobody(self) -> None:
        assert self.data(ingress=[{}])["admits"] == ["web", "cart", "search"]
        assert self.data()["admits"] == []

    def test_an_empty_pod_selector_isolates_the_namespace(self) -> None:
        assert self.data(podSelector={})["isolates"] == ["web", "cart", "search"]

    def test_a_rule_for_another_port_admits_nobody(self) -> None:
        assert self.data(ingress=[{"from": [peer("cart")], "ports": [{"port": 9090}]}])[
            "admits"
        ] == ([])
        spanned = [{"from": [peer("cart")], "ports": [{"port": 8000, "endPort": 8100}]}]
        assert self.data(ingress=spanned)["admits"] == ["cart"]

    def test_peers_of_other_namespaces_are_told_apart(self) -> None:
        other = {"namespaceSelector": {"matchLabels": {"env": "staging"}}}
        data = self.data(ingress=[{"from": [other, {"ipBlock": {"cidr": "10.1.0.0/16"}}]}])
        assert data["admits"] == []
        assert data["from_elsewhere"] == ["10.1.0.0/16", "namespaces env=staging"]
        own = {"namespaceSelector": {"matchLabels": {"env": "production"}}, **peer("cart")}
        assert self.data(ingress=[{"from": [own]}])["admits"] == ["cart"]

    def test_egress_without_port_53_does_not_resolve_names(self) -> None:
        data = self.data(
            policyTypes=["Egress"], egress=[{"to": [peer("search")], "ports": [{"port": 8080}]}]
        )
        assert (data["admits"], data["reaches"], data["resolves_names"]) == (
            None,
            ["search"],
            False,
        )

    def test_what_declares_no_port_is_not_reached_by_a_rule_for_names(self) -> None:
        job = workload("CronJob", name="report")
        rules = [{"ports": [{"port": 53, "protocol": "UDP"}]}]
        made = policy(policyTypes=["Egress"], egress=rules)
        data = policy_data(made, [*self.WORKLOADS, job], NAMESPACE)
        assert (data["reaches"], data["resolves_names"]) == ([], True)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=4),
            lambda inner: st.lists(inner, max_size=2),
            max_leaves=3,
        )
    )
    def test_odd_port_values_are_read_as_no_match_rather_than_failing(self, odd: Any) -> None:
        data = self.data(ingress=[{"from": [peer("cart")], "ports": [{"port": odd}]}])
        assert set(data["admits"]) <= {"cart"}


class TestCertificates:
    CERTIFICATE: dict[str, Any] = {  # noqa: RUF012 - read only
        "metadata": {"name": "web-tls", "namespace": "production", "creationTimestamp": stamp(9)},
        "spec": {"secretName": "web-tls", "dnsNames": ["web.example"], "issuerRef": {"name": "ca"}},
        "status": {
            "notAfter": "2026-11-24T02:00:00Z",
            "failedIssuanceAttempts": 3,
            "conditions": [
                {"type": "Ready", "status": "False", "reason": "Expired", "message": "expired"},
                {"type": "Issuing", "status": "False", "reason": "Failed", "message": "403"},
            ],
        },
    }
    INGRESS: dict[str, Any] = {  # noqa: RUF012 - read only
        "metadata": {"name": "web", "namespace": "production"},
        "spec": {
            "tls": [{"hosts": ["web.example"], "secretName": "web-tls"}],
            "rules": [
                {
                    "host": "web.example",
                    "http": {"paths": [{"backend": {"service": {"name": "web"}}}]},
                }
            ],
        },
    }

    def test_it_is_served_by_what_stands_behind_the_ingress_and_by_who_mounts_it(self) -> None:
        mounting = running("api")
        mounting["spec"]["template"]["spec"]["volumes"] = [
            {"name": "tls", "secret": {"secretName": "web-tls"}}
        ]
        data = certificate_data(self.CERTIFICATE, [mounting, running("cart")], [self.INGRESS])
        assert data["served_by"] == ["api", "web"]
        assert (data["ready"], data["reason"], data["failed_attempts"]) == (False, "Expired", 3)
        assert data["not_after"] == "2026-11-24T02:00:00Z"

    def test_a_name_within_the_cluster_is_that_of_a_service(self) -> None:
        metadata = {"name": "pay-tls", "namespace": "production"}
        names = ["payments.production.svc", "api.example", "cart.staging.svc"]
        made = {"metadata": metadata, "spec": {"dnsNames": names}}
        assert certificate_data(made, [], [])["served_by"] == ["payments"]

    def test_one_that_was_never_issued_has_no_end(self) -> None:
        bare = {"metadata": {"name": "new"}, "spec": {}}
        data = certificate_data(bare, [running("web")], [])
        assert (data["not_after"], data["ready"], data["served_by"]) == (None, False, [])

    def test_an_ingress_names_its_secrets_and_never_their_contents(self) -> None:
        assert ingress_data(self.INGRESS) == {
            "name": "web",
            "hosts": ["web.example"],
            "services": ["web"],
            "tls_secrets": ["web-tls"],
        }


class TestText:
    def test_what_is_in_trouble_is_told_and_the_rest_is_named(self) -> None:
        well = [service_data(service(n), [endpoints(n, True)], [running(n)]) for n in "abcd"]
        ill = service_data(service(app="web", track="x"), [], [running("web")])
        data = {
            "services": [*well, ill],
            "policies": [],
            "ingresses": [],
            "certificates": [],
            "unseen": ["networkpolicies"],
        }
        text = "\n".join(network_lines(data))
        assert "may not be seen: networkpolicies" in text
        assert "service web (app=web,track=x): 0 ready" in text
        assert "while pods of web have track=none" in text
        assert "services with ready endpoints: a, b, c, d" in text

    def test_autoscalers_tell_only_the_conditions_that_are_not_as_they_should_be(self) -> None:
        scaler = {
            **autoscaler_data({"metadata": {"name": "web"}, "spec": {"maxReplicas": 9}}),
            "workload": "web",
            "workload_kind": "Deployment",
            "conditions": [
                {"type": "AbleToScale", "status": "True", "reason": "x", "message": "m", "at": ""},
                {
                    "type": "ScalingLimited",
                    "status": "True",
                    "reason": "TooManyReplicas",
                    "message": "more than the maximum",
                    "at": "2026-11-24T02:00:00Z",
                },
            ],
        }
        text = "\n".join(
            autoscaling_lines({"autoscalers": [scaler], "budgets": [], "events": [], "unseen": []})
        )
        assert "TooManyReplicas: more than the maximum" in text
        assert "AbleToScale" not in text


class TestWorkloadsParts:
    def test_an_autoscaler_without_status_says_nothing_of_its_state(self) -> None:
        data = autoscaler_data({"metadata": {"name": "web"}, "spec": {"maxReplicas": 9}})
        assert (data["limited"], data["inactive"], data["measured_percent"]) == (None, None, None)

    def test_a_budget_without_status_allows_it_is_not_known_what(self) -> None:
        data = budget_data({"metadata": {"name": "web"}, "spec": {"minAvailable": "50%"}})
        assert (data["allowed"], data["healthy"], data["expected"]) == (None, None, None)

    def test_only_deployments_can_be_paused(self) -> None:
        paused = rollout_data(workload(paused=True))
        assert paused is not None and paused["paused"] is True
        assert rollout_data(workload("StatefulSet")) is None
