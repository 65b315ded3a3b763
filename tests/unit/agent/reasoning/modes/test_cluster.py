"""What the modes of the cluster read of answers that are whole, odd, or not there at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent.model import Case, ChangeKind
from agent.reasoning.modes import (
    autoscaling,
    certificates,
    connections,
    disruption,
    dns,
    network,
    rollouts,
)
from agent.reasoning.modes.mode import DECISIVE, Mode
from agent.reasoning.modes.view import View
from tests.unit.agent.reasoning.modes.cases import (
    NOW,
    Asked,
    advice,
    arises,
    balance,
    case,
    signs,
    workload,
)

ALL = (
    *rollouts.MODES,
    *autoscaling.MODES,
    *disruption.MODES,
    *connections.MODES,
    *network.MODES,
    *certificates.MODES,
    *dns.MODES,
)
PAUSED = {"type": "Progressing", "status": "Unknown", "reason": "DeploymentPaused", "at": None}


def logs(*lines: str, service: str = "api") -> Asked:
    templates = [{"template": x, "example": x, "count": 40, "service": service} for x in lines]
    query = f"service:{service} env:production status:error"
    data = {"total": 40 * len(lines), "templates": templates, "rare": []}
    return "datadog_logs", {"query": query, "minutes": 60}, data


def net(**data: Any) -> Asked:
    whole = {"services": [], "policies": [], "certificates": [], "ingresses": [], "unseen": []}
    return "kubernetes_network", {"namespace": "production"}, {**whole, **data}


def service(**facts: Any) -> dict[str, Any]:
    return {
        "name": "web",
        "selector": {"app": "web"},
        "ports": [{"port": 80, "target": "main", "listens": True, "declared": []}],
        "ready": 3,
        "not_ready": 0,
        "selects": ["web"],
        "nearly": [],
        "changed_at": None,
        "changed_by": "",
        **facts,
    }


REFUSED = 'Get "http://web.production.svc:80/": dial tcp 10.96.0.7:80: connect: connection refused'


@pytest.mark.parametrize("mode", ALL, ids=lambda m: m.id)
def test_an_empty_case_tells_nothing_for_and_breaks_nothing(mode: Mode) -> None:
    for on in (case("web"), case("web", ("kubernetes_workload", {"name": "web"}, {}))):
        assert balance(signs(mode, "web", on)) <= 0
        assert advice(mode, "web", on) == [] or mode.id == "dns_failure"


@pytest.mark.parametrize("mode", ALL, ids=lambda m: m.id)
def test_a_workload_in_good_order_speaks_for_none_of_them(mode: Mode) -> None:
    on = case(
        "web",
        workload(
            autoscaler={"name": "web", "min": 3, "max": 9, "limited": None, "inactive": None},
            disruption_budget={"name": "web", "allowed": 1, "healthy": 3, "expected": 3},
            rollout={"paused": False},
        ),
        logs("slow request", service="web"),
        net(services=[service()]),
    )
    assert balance(signs(mode, "web", on)) <= 0


class TestRollouts:
    def test_paused_half_way_is_decisive(self) -> None:
        half = {"desired": 3, "ready": 4, "available": 4, "updated": 1}
        on = case("web", workload(replicas=half, rollout={"paused": True}, conditions=[PAUSED]))
        assert arises(rollouts.STUCK_ROLLOUT, "web", on)
        assert balance(signs(rollouts.STUCK_ROLLOUT, "web", on)) > DECISIVE
        assert "kubectl rollout resume" in advice(rollouts.STUCK_ROLLOUT, "web", on)[0]

    def test_paused_when_all_is_done_is_nothing(self) -> None:
        on = case("web", workload(rollout={"paused": True}, conditions=[PAUSED]))
        assert not arises(rollouts.STUCK_ROLLOUT, "web", on)

    def test_pods_that_fail_leave_it_to_finer_modes(self) -> None:
        late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
        ill = [{"name": "web-9", "phase": "Pending", "ready": False}]
        half = {"desired": 3, "ready": 3, "available": 3, "updated": 1}
        on = case("web", workload(replicas=half, conditions=[late], pods=ill))
        assert not arises(rollouts.STUCK_ROLLOUT, "web", on)
        without = case("web", workload(replicas=half, conditions=[late]))
        assert arises(rollouts.STUCK_ROLLOUT, "web", without)

    @pytest.mark.parametrize(
        ("refusal", "is_its"),
        [
            ('admission webhook "policy.example" denied the request: no limits', True),
            ('pods "web-1" is forbidden: exceeded quota: compute', False),
        ],
    )
    def test_a_refusal_other_than_a_quotas_is_its_own(self, refusal: str, is_its: bool) -> None:
        told = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
        on = case("web", workload(conditions=[{**told, "message": refusal}]))
        assert arises(rollouts.STUCK_ROLLOUT, "web", on) is is_its


class TestAutoscaling:
    @pytest.mark.parametrize(
        ("facts", "at_maximum", "blind"),
        [
            ({"limited": "TooManyReplicas", "inactive": None}, True, False),
            ({"limited": "TooFewReplicas", "inactive": None}, False, False),
            ({"limited": None, "inactive": "FailedGetResourceMetric"}, False, True),
            ({"limited": None, "inactive": "ScalingDisabled"}, False, False),
            ({}, False, False),
        ],
    )
    def test_its_conditions_tell_which(
        self, facts: dict[str, Any], at_maximum: bool, blind: bool
    ) -> None:
        scaler = {"name": "web", "min": 3, "max": 9, "current": 3, **facts}
        on = case("web", workload(autoscaler=scaler))
        assert arises(autoscaling.HPA_AT_MAXIMUM, "web", on) is at_maximum
        assert arises(autoscaling.HPA_BLIND, "web", on) is blind

    def test_without_a_rollout_behind_it_the_metrics_have_to_come_back(self) -> None:
        scaler = {"name": "web", "max": 9, "current": 3, "inactive": "FailedGetResourceMetric"}
        on = case("web", workload(autoscaler=scaler))
        assert "metrics-server" in advice(autoscaling.HPA_BLIND, "web", on)[0]
        view = View(on)
        assert list(autoscaling.HPA_BLIND.fixes(view.target("web"), view)) == []


class TestDisruption:
    BUDGET = {"name": "web", "min_available": 3, "allowed": 0, "healthy": 3, "expected": 3}  # noqa: RUF012

    def on(self, *more: Asked, **facts: Any) -> Case:
        budget = {**self.BUDGET, **facts}
        return case("web", workload(disruption_budget=budget), *more)

    def test_a_budget_that_waits_for_an_ill_pod_is_no_deadlock(self) -> None:
        assert arises(disruption.PDB_DEADLOCK, "web", self.on())
        assert not arises(disruption.PDB_DEADLOCK, "web", self.on(healthy=2))
        assert not arises(disruption.PDB_DEADLOCK, "web", self.on(expected=None, healthy=None))

    def test_a_percentage_is_not_mended_by_one_more_pod(self) -> None:
        for bound, kinds in ((3, [ChangeKind.REPLICAS]), ("100%", [])):
            view = View(self.on(min_available=bound))
            fixes = disruption.PDB_DEADLOCK.fixes(view.target("web"), view)
            assert [c.kind for c in fixes] == kinds

    def test_it_counts_only_where_a_node_waits(self) -> None:
        def nodes(closed: bool) -> Asked:
            data = {"nodes": [{"name": "node-1", "unschedulable": closed, "ready": True}]}
            return "kubernetes_nodes", {}, data

        waits = balance(signs(disruption.PDB_DEADLOCK, "web", self.on(nodes(True))))
        idle = balance(signs(disruption.PDB_DEADLOCK, "web", self.on(nodes(False))))
        assert waits > idle


class TestNetwork:
    def test_a_dependency_comes_into_question_when_the_caller_names_it(self) -> None:
        on = case("api", logs(REFUSED))
        assert arises(network.SELECTOR_MISMATCH, "web", on)
        assert not arises(network.SELECTOR_MISMATCH, "web", case("api", logs("slow request")))

    def test_a_service_that_selects_its_pods_is_well(self) -> None:
        on = case("api", logs(REFUSED), net(services=[service()]))
        for mode in (network.SELECTOR_MISMATCH, network.PORT_MISMATCH, network.NETWORK_POLICY):
            assert balance(signs(mode, "web", on)) < -1

    def test_labels_that_differ_are_told(self) -> None:
        near = [{"workload": "web", "has": {"track": None}}]
        broken = service(selector={"app": "web", "track": "x"}, selects=[], nearly=near, ready=0)
        found = signs(network.SELECTOR_MISMATCH, "web", case("api", net(services=[broken])))
        assert found[0].statement == (
            "Service web wants pods with track=x, those of web have no track: it has 0 endpoints"
        )

    def test_a_service_without_selector_or_of_unknown_ports_is_not_blamed(self) -> None:
        plain = service(selector={}, selects=[], ready=0)
        unknown = service(ports=[{"port": 80, "target": 8080, "listens": None}])
        for given in (plain, unknown):
            on = case("api", logs(REFUSED), net(services=[given]))
            assert balance(signs(network.SELECTOR_MISMATCH, "web", on)) < 0
            assert balance(signs(network.PORT_MISMATCH, "web", on)) < 0

    @pytest.mark.parametrize(
        ("policy", "bars"),
        [
            ({"isolates": ["web"], "admits": ["cart"], "reaches": None}, True),
            ({"isolates": ["web"], "admits": ["api"], "reaches": None}, False),
            ({"isolates": ["api"], "admits": None, "reaches": ["cart"]}, True),
            ({"isolates": ["api"], "admits": None, "reaches": ["web"]}, False),
            ({"isolates": ["cart"], "admits": [], "reaches": []}, False),
        ],
    )
    def test_a_policy_bars_by_whom_it_admits_and_whom_it_lets_reach(
        self, policy: dict[str, Any], bars: bool
    ) -> None:
        given = {"name": "p", "changed_at": None, "changed_by": "", **policy}
        on = case("api", net(services=[service()], policies=[given]))
        assert (balance(signs(network.NETWORK_POLICY, "web", on)) > 0) is bars

    def test_policies_that_may_not_be_seen_are_not_said_to_be_absent(self) -> None:
        on = case("api", logs(REFUSED), net(services=[service()], unseen=["networkpolicies"]))
        assert signs(network.NETWORK_POLICY, "web", on) == []

    def test_endpoints_that_may_not_be_seen_are_not_counted(self) -> None:
        on = case("api", logs(REFUSED), net(services=[service(ready=None, not_ready=None)]))
        (found,) = signs(network.SELECTOR_MISMATCH, "web", on)
        assert found.statement == "Service web selects the pods of web"

    def test_what_was_changed_after_the_symptom_speaks_against_it(self) -> None:
        def of(minutes: int) -> float:
            at = (NOW + timedelta(minutes=minutes)).isoformat()
            given = {
                "name": "p",
                "isolates": ["web"],
                "admits": ["cart"],
                "reaches": None,
                "changed_at": at,
                "changed_by": "argocd",
            }
            return balance(signs(network.NETWORK_POLICY, "web", case("api", net(policies=[given]))))

        assert of(-5) > of(30)


class TestCertificates:
    def given(self, **facts: Any) -> dict[str, Any]:
        return {
            "name": "web-tls",
            "dns_names": ["web.example"],
            "served_by": ["web"],
            "not_after": (NOW - timedelta(minutes=20)).isoformat(),
            "failed_attempts": 0,
            "issuing_message": "",
            **facts,
        }

    def test_only_one_that_has_ended_is_blamed(self) -> None:
        ended = case("web", net(certificates=[self.given()]))
        assert balance(signs(certificates.EXPIRED_CERTIFICATE, "web", ended)) >= DECISIVE
        later = self.given(not_after=(NOW + timedelta(days=9)).isoformat())
        holds = case("web", net(certificates=[later]))
        assert balance(signs(certificates.EXPIRED_CERTIFICATE, "web", holds)) < 0
        unknown = case("web", net(certificates=[self.given(not_after=None)]))
        assert balance(signs(certificates.EXPIRED_CERTIFICATE, "web", unknown)) <= 0

    def test_anothers_certificate_is_not_its_own(self) -> None:
        other = self.given(served_by=["cart"])
        on = case("web", net(certificates=[other]))
        assert signs(certificates.EXPIRED_CERTIFICATE, "web", on) == []


class TestNames:
    LINE = "dial tcp: lookup web.production.svc on 10.96.0.10:53: no such host"

    def test_the_dns_is_looked_at_only_when_names_are_not_resolved(self) -> None:
        assert list(dns.dns_servers(View(case("api", logs(REFUSED))))) == []
        (found,) = dns.dns_servers(View(case("api", logs(self.LINE))))
        assert (found.name, found.namespace) == ("coredns", "kube-system")

    def test_ready_pods_speak_against_it_and_killed_ones_for_it(self) -> None:
        ended = {"reason": "OOMKilled", "exit_code": 137}
        ill = [
            {"name": "coredns-1", "phase": "Running", "ready": False, "restarts": 7, "last_state": ended}
        ]  # fmt: skip

        def of(**facts: Any) -> float:
            tool, _, data = workload("coredns", **facts)
            asked = {"namespace": "kube-system", "name": "coredns"}
            on = case("api", logs(self.LINE), (tool, asked, data))
            return balance(signs(dns.DNS_FAILURE, "coredns", on))

        assert of(pods=ill) > of() + DECISIVE

    def test_one_name_that_nobody_can_resolve_is_not_the_dns(self) -> None:
        def of(*lines: str) -> float:
            tool, _, data = logs(*lines)
            query = list(dns.DNS_FAILURE.checks(view.target("coredns"), view))[-1].arguments
            on = case("api", logs(self.LINE), (tool, dict(query), data))
            return balance(signs(dns.DNS_FAILURE, "coredns", on))

        view = View(case("api", logs(self.LINE)))
        other = "getaddrinfo EAI_AGAIN cart.production.svc"
        assert of(self.LINE) < 0 < of(self.LINE, other)
