"""Label selectors."""

import pytest

from integrations.kubernetes.selectors import selector_text, selects

LABELS = {"app": "cart", "tier": "1"}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({"app": "cart"}, True),
        ({"app": "cart", "tier": "2"}, False),
        ({"matchLabels": {"app": "cart"}}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["1", "2"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["1"]}]}, False),
        ({"matchExpressions": [{"key": "canary", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "canary", "operator": "Exists"}]}, False),
        ({}, False),
        (None, False),
    ],
)
def test_what_a_selector_selects(selector, expected):
    assert selects(selector, LABELS) is expected


def test_a_selector_as_the_api_takes_it():
    selector = {
        "matchLabels": {"app": "cart"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["1", "2"]},
            {"key": "canary", "operator": "DoesNotExist"},
        ],
    }
    assert selector_text(selector) == "app=cart,tier in (1,2),!canary"
