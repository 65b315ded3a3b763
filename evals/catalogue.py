"""The failure modes that the bot knows, so that a scenario file can be checked against them."""

from __future__ import annotations

from evals.told import dashed


def modes() -> frozenset[str]:
    """Their ids, dashed."""
    from agent.reasoning.modes.catalogue import CATALOGUE

    return frozenset(map(dashed, CATALOGUE))
