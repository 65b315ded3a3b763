"""How changes of settings, flags, releases and hours are read, odd data included."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent.model import Case, ChangeKind
from agent.reasoning.modes.clock import MISPLACED_JOB
from agent.reasoning.modes.configuration import BAD_CONFIG
from agent.reasoning.modes.flags import BAD_FLAG
from agent.reasoning.modes.releases import BAD_ROLLOUT, only_restarts
from agent.reasoning.modes.settings import (
    SettingChange,
    differing,
    speaks_of,
    speaks_of_flag,
)
from agent.reasoning.modes.skew import CLOCK_SKEW
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

AT = NOW - timedelta(minutes=10)


def ago(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat()


def changes(*found: dict[str, Any], **more: Any) -> Asked:
    return "kubernetes_changes", {"namespace": "production"}, {"changes": list(found), **more}


def written(name: str, minutes: float = 10) -> dict[str, Any]:
    return {"at": ago(minutes), "kind": "ConfigMap", "name": name, "what": "changed data.X"}


def config(name: str, values: dict[str, str], applied: dict[str, str | None], **more: Any) -> Asked:
    entries = [{"key": k, "at": ago(10), "by": "kubectl-edit"} for k in values]
    data = {"name": name, "values": values, "applied": applied, "written": entries, **more}
    return "kubernetes_config", {"namespace": "production", "name": name}, data


def errors(*lines: str) -> Asked:
    templates = [
        {"template": x, "example": x, "count": 40, "level": "error", "service": "web"}
        for x in lines
    ]
    query = "service:web env:production status:error"
    return "datadog_logs", {"query": query, "minutes": 60}, {"total": 99, "templates": templates}


def setting(key: str, before: str | None, now: str, name: str = "web-config") -> SettingChange:
    return SettingChange(name, key, now, before, AT, "kubectl-edit", 1)


# --- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "before", "now", "line"),
    [
        ("PROVIDER_URL", "https://a.example/v2", "https://b.example/v2", "POST https://b.example/v2/x: 401"),
        ("DB_POOL_SIZE", "40", "4", "Connection is not available (total=4, active=4): pool is full"),
        ("REQUEST_TIMEOUT_MS", "3000", "50", "request to orders timed out after 50ms (timeout)"),
        ("CACHE_TTL_SECONDS", "300", "0", "CACHE_TTL_SECONDS must be more than none"),
        ("MODE", "strict", "permissive", "unknown mode permissive"),
    ],
)  # fmt: skip
def test_a_line_speaks_of_a_setting_by_key_host_number_or_value(
    key: str, before: str, now: str, line: str
) -> None:
    assert speaks_of(line, setting(key, before, now))


@pytest.mark.parametrize(
    ("key", "before", "now", "line"),
    [
        ("PROVIDER_URL", "https://a.example/v1", "https://a.example/v2", "GET https://a.example/v1"),
        ("DB_POOL_SIZE", "40", "4", "order 4 cannot be placed"),
        ("DB_POOL_SIZE", "40", "4", "pool has 40 connections"),
        ("LOG_LEVEL", "info", "debug", "connection refused"),
    ],
)  # fmt: skip
def test_a_line_does_not_speak_of_a_setting_by_chance(
    key: str, before: str, now: str, line: str
) -> None:
    assert not speaks_of(line, setting(key, before, now))


@pytest.mark.parametrize(
    ("flag", "line"),
    [
        ("new-tax-engine", "NewTaxEngine: no rate"),
        ("FEATURE_NEW_TAX_ENGINE", "at com.shop.new_tax_engine.Rates"),
        ("enable-new-tax-engine", "new tax engine failed"),
    ],
)
def test_a_flag_is_known_in_whichever_writing(flag: str, line: str) -> None:
    assert speaks_of_flag(line, flag)


def test_a_flag_of_few_letters_proves_nothing() -> None:
    assert not speaks_of_flag("abandoned", "ab")


def test_of_a_file_the_line_that_differs_is_told() -> None:
    assert differing("a: 1\nb: 2\n", "a: 1\nb: 3\n") == ("b: 2", "b: 3")
    assert differing("1", "2") == ("1", "2")


def changed_pool(**more: Any) -> Case:
    return case(
        "web",
        workload(config_maps=["web-config"]),
        changes(written("web-config")),
        config("web-config", {"DB_POOL_SIZE": "4", "OTHER": "x"}, {"DB_POOL_SIZE": "40"}, **more),
        errors("pool: no connection (total=4)"),
    )


def test_a_changed_setting_that_the_errors_speak_of_is_put_back_as_it_was() -> None:
    on = changed_pool()
    assert balance(signs(BAD_CONFIG, "web", on)) > 3
    view = View(on)
    (change,) = BAD_CONFIG.fixes(view.target("web"), view)
    assert (change.kind, change.target.name) == (ChangeKind.CONFIG_VALUE, "web-config")
    assert change.arguments == {"key": "DB_POOL_SIZE", "value": "40", "restart": "web"}
    assert set(change.provenance) == {"target", "key", "value", "restart"}


def test_without_what_it_was_people_are_asked_to_look_it_up() -> None:
    on = case(
        "web",
        workload(config_maps=["web-config"]),
        changes(written("web-config")),
        config("web-config", {"DB_POOL_SIZE": "4"}, {}),
        errors("pool: no connection (total=4)"),
    )
    view = View(on)
    assert list(BAD_CONFIG.fixes(view.target("web"), view)) == []
    assert "Look up what DB_POOL_SIZE" in advice(BAD_CONFIG, "web", on)[0]


def test_a_masked_value_is_never_proposed() -> None:
    on = case(
        "web",
        workload(config_maps=["web-config"]),
        changes(written("web-config")),
        config("web-config", {"DSN": "b"}, {"DSN": "postgres://u:[redacted]@db/x"}),
    )
    view = View(on)
    assert list(BAD_CONFIG.fixes(view.target("web"), view)) == []


def test_that_nothing_was_changed_is_only_said_when_it_could_be_seen() -> None:
    seen, hidden = case("web", changes()), case("web", changes(unseen=["configmaps"]))
    assert balance(signs(BAD_CONFIG, "web", seen)) < -2
    assert balance(signs(BAD_CONFIG, "web", hidden)) == 0


@pytest.mark.parametrize(
    "data", [{}, {"values": None, "written": None}, {"written": [{"key": "A"}]}]
)
def test_a_config_map_of_odd_shape_is_read_without_a_setting(data: dict[str, Any]) -> None:
    asked: Asked = ("kubernetes_config", {"namespace": "production", "name": "web-config"}, data)
    on = case("web", workload(config_maps=["web-config"]), changes(written("web-config")), asked)
    assert all(s.weight < 3 for s in signs(BAD_CONFIG, "web", on))


def test_a_change_of_a_neighbour_is_no_change_of_this_one() -> None:
    on = case("web", workload(config_maps=["web-config"]), changes(written("other-config")))
    assert balance(signs(BAD_CONFIG, "web", on)) < -2


# --- flags --------------------------------------------------------------------------------------


def vendor(title: str, *tags: str, minutes: float = 10) -> Asked:
    event = {"at": ago(minutes), "title": title, "text": "", "source": "launchdarkly", "tags": tags}
    return "datadog_events", {"query": "flag", "hours": 24}, {"events": [event]}


def test_a_flag_of_a_config_map_is_no_matter_of_plain_configuration() -> None:
    on = case(
        "web",
        workload(),
        changes(written("web-flags")),
        config("web-flags", {"new-cart": "on"}, {"new-cart": "off"}),
        errors("NewCart: template missing"),
    )
    assert arises(BAD_FLAG, "web", on)
    assert balance(signs(BAD_FLAG, "web", on)) > 3
    assert balance(signs(BAD_CONFIG, "web", on)) == 0


def test_a_flag_turned_at_a_vendor_is_turned_back_there() -> None:
    on = case(
        "web",
        changes(),
        vendor("Ann turned on the flag new-cart in production", "service:web"),
        errors("NewCart: template missing"),
    )
    assert arises(BAD_FLAG, "web", on)
    assert "new-cart back at launchdarkly" in advice(BAD_FLAG, "web", on)[0]


@pytest.mark.parametrize(
    "asked",
    [
        vendor("Ann turned on the flag other in production", "service:shop"),
        vendor("Ann turned on the flag new-cart", "service:web", minutes=300),
        vendor("Ann wrote about flags", "service:web"),
        ("datadog_events", {"query": "flag", "hours": 24}, {"events": [{}]}),
    ],
)
def test_other_flags_old_ones_and_talk_do_not_count(asked: Asked) -> None:
    assert not arises(BAD_FLAG, "web", case("web", changes(), asked))


# --- releases -----------------------------------------------------------------------------------

RELOADED = """+annotations:
+  reloader.stakater.com/last-reloaded-from: '{"type": "CONFIGMAP", "name": "web-config"}'"""


@pytest.mark.parametrize(
    ("diff", "so"),
    [
        (RELOADED, True),
        ("+  kubectl.kubernetes.io/restartedAt: '2026-11-25T08:00:00Z'", True),
        (
            "-    reloader.stakater.com/last-reloaded-from: a\n+    reloader.stakater.com/last-reloaded-from: b",
            True,
        ),
        (RELOADED + "\n-    image: shop/web:1\n+    image: shop/web:2", False),
        ("-    image: shop/web:1\n+    image: shop/web:2", False),
        ("", False),
    ],
)
def test_a_rollout_that_only_restarts_pods_brings_nothing(diff: str, so: bool) -> None:
    assert only_restarts({"diff": diff}) is so


def test_errors_that_name_what_it_depends_on_are_not_the_rollouts() -> None:
    rollout = {"workload": "web", "revision": 2, "at": ago(10), "diff": "+image: shop/web:2"}
    asked: Asked = ("kubernetes_rollouts", {"namespace": "production"}, {"rollouts": [rollout]})
    own = case("web", asked, errors("NullPointerException in Cart"))
    assert any("NullPointerException" in s.statement for s in signs(BAD_ROLLOUT, "web", own))


# --- hours --------------------------------------------------------------------------------------


def jobs(started: float, earlier: tuple[float, ...], zone: str | None = "Asia/Tokyo") -> Asked:
    cron = {
        "name": "reindex",
        "schedule": "30 2 * * *",
        "time_zone": zone,
        "active": [{"name": "reindex-9", "started_at": ago(started)}],
        "targets": ["web"],
    }
    runs = [{"name": f"r{n}", "owner": "reindex", "started_at": ago(m)} for n, m in enumerate(earlier)]  # fmt: skip
    return "kubernetes_jobs", {"namespace": "production"}, {"cron_jobs": [cron], "jobs": runs}


DAY = 24 * 60


def test_a_run_at_another_hour_than_those_before_is_misplaced() -> None:
    on = case("web", jobs(30, (DAY + 570, 2 * DAY + 570)))
    assert arises(MISPLACED_JOB, "reindex", on)
    assert balance(signs(MISPLACED_JOB, "reindex", on)) > 2
    assert "Asia/Tokyo" in advice(MISPLACED_JOB, "reindex", on)[0]


@pytest.mark.parametrize("earlier", [(), (DAY + 30, 2 * DAY + 30), (DAY + 30, 2 * DAY + 90)])
def test_a_run_at_its_usual_hour_is_not(earlier: tuple[float, ...]) -> None:
    assert not arises(MISPLACED_JOB, "reindex", case("web", jobs(30, earlier, None)))


def test_a_changed_time_zone_makes_it_suspect_before_its_history_is_known() -> None:
    change = {"at": ago(900), "kind": "CronJob", "name": "reindex", "what": "changed spec.timeZone", "by": "helm"}  # fmt: skip
    on = case("web", jobs(30, ()), changes(change))
    assert arises(MISPLACED_JOB, "reindex", on)
    assert any("helm changed spec.timeZone" in s.statement for s in signs(MISPLACED_JOB, "reindex", on))  # fmt: skip


# --- clocks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Token used before issued",
        "x509: certificate has expired or is not yet valid: current time 2026-11-24 is before",
        "RequestTimeTooSkewed: The difference between the request time and now is too large",
        "iat 1764061 is in the future",
        "Clock skew too great while getting initial credentials",
    ],
)
def test_what_cannot_be_in_time_points_to_a_clock(line: str) -> None:
    assert arises(CLOCK_SKEW, "web", case("web", errors(line)))


@pytest.mark.parametrize(
    "line",
    [
        "certificate has expired",
        "x509: certificate has expired or is not yet valid: current time 2026-11-24 is after 2026-11-20",
        "timed out",
        "o'clock sharp",
    ],
)
def test_other_trouble_with_time_does_not(line: str) -> None:
    assert not arises(CLOCK_SKEW, "web", case("web", errors(line)))


@pytest.mark.parametrize(("node", "weight"), [("node-1", 5.0), ("node-9", 1.5), ("", 1.5)])
def test_only_a_node_of_its_own_is_at_fault(node: str, weight: float) -> None:
    nodes: Asked = (
        "kubernetes_nodes",
        {},
        {"nodes": [{"name": node, "pressures": ["NTPProblem"]}, {}]},
    )
    on = case("web", workload(), errors("Token used before issued"), nodes)
    assert balance(signs(CLOCK_SKEW, "web", on)) == weight
    assert ("node-1" in advice(CLOCK_SKEW, "web", on)[0]) == (node == "node-1")
