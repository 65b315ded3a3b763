"""Whether a change would mend, tried on a copy of the scenario's company."""

from __future__ import annotations

import pytest

from evals.mending import Company
from evals.told import Proposed
from sandbox.world.scenario import load_scenario


@pytest.fixture(scope="module")
def login() -> Company:
    return Company(load_scenario("login-failure"))


@pytest.mark.parametrize(
    ("change", "mends"),
    [
        (Proposed("suspend_job", "auth-report", target_kind="cronjob"), True),
        (Proposed("suspend_job", "catalog-reindex", target_kind="cronjob"), False),
        (Proposed("config_value", "auth-config", arguments={"key": "DB_POOL_SIZE", "value": "150"}), True),
        (Proposed("config_value", "auth-config", arguments={"key": "DB_POOL_SIZE", "value": "110"}), False),
        (Proposed("replicas", "auth", arguments={"replicas": 5}), True),
        (Proposed("replicas", "auth", arguments={"replicas": 4}), False),
        (Proposed("restart", "auth"), False),
        (Proposed("replicas", "auth", namespace="staging", arguments={"replicas": 9}), False),
        (Proposed("rollback", "nowhere", arguments={"revision": 1}), False),
        (Proposed("dance", "auth"), False),
    ],
)  # fmt: skip
def test_a_change_is_judged_by_what_it_does(login: Company, change: Proposed, mends: bool) -> None:
    assert login.mends(change) is mends


def test_a_rollback_restores_the_revision_it_names() -> None:
    storm = Company(load_scenario("alert-storm"))
    tried = [
        storm.mends(Proposed("rollback", "orders", arguments={"revision": number}))
        for number in range(1, 12)
    ]
    assert any(tried)
    assert not all(tried)


@pytest.mark.parametrize(
    ("scenario", "change", "mends"),
    [
        ("hpa-at-maximum", Proposed("hpa_bounds", "search", target_kind="hpa", arguments={"maximum": 14}), True),
        ("hpa-at-maximum", Proposed("hpa_bounds", "search", target_kind="hpa", arguments={"maximum": 11}), False),
        ("hpa-at-maximum", Proposed("hpa_bounds", "search", target_kind="deployment", arguments={"maximum": 14}), False),
        ("node-pressure", Proposed("cordon", "ip-10-0-1-12", target_kind="node"), True),
        ("node-pressure", Proposed("cordon", "ip-10-0-1-13", target_kind="node"), False),
        ("node-cordoned", Proposed("uncordon", "ip-10-0-2-22", target_kind="node"), True),
        ("image-name-or-tag", Proposed("image", "catalog", arguments={"container": "catalog", "image": "catalog:4.12.2"}), True),
        ("image-name-or-tag", Proposed("image", "catalog", arguments={"container": "other", "image": "catalog:4.12.2"}), False),
    ],
)  # fmt: skip
def test_bounds_images_and_nodes_are_tried_as_well(
    scenario: str, change: Proposed, mends: bool
) -> None:
    assert Company(load_scenario(scenario)).mends(change) is mends


def test_trying_changes_nothing(login: Company) -> None:
    change = Proposed("replicas", "auth", arguments={"replicas": 5})
    login.mends(change)
    assert not login.mends(Proposed("restart", "auth"))
