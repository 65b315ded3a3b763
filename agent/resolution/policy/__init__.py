"""The policy: which changes may be proposed and applied where, when, how far, and who approves them.

Pure and quick: it looks nothing up. ``Policy.decide(facts)`` gives a ``Ruling``; ``agent.resolution.ruling`` gathers the
facts of a house. It is asked when a change is proposed and again right before it is applied.
"""

from agent.resolution.policy.checking import check, loaded
from agent.resolution.policy.facts import Facts
from agent.resolution.policy.places import Place, Where
from agent.resolution.policy.policy import PRODUCTION, Policy
from agent.resolution.policy.reading import default_policy
from agent.resolution.policy.rules import (
    ACKNOWLEDGED,
    ON_CALL,
    AutoApply,
    Environment,
    OnWorse,
    PullRequests,
    Rule,
)
from agent.resolution.policy.ruling import Ruling

__all__ = [
    "ACKNOWLEDGED",
    "ON_CALL",
    "PRODUCTION",
    "AutoApply",
    "Environment",
    "Facts",
    "OnWorse",
    "Place",
    "Policy",
    "PullRequests",
    "Rule",
    "Ruling",
    "Where",
    "check",
    "default_policy",
    "loaded",
]
