"""Recalibrates the confidence of findings by how findings of their mode turned out, and measures how well it is calibrated.

Platt's scaling (J. Platt, Probabilistic outputs for support vector machines, 1999) on the log-odds of the confidence:
``logit(p') = slope * logit(p) + shift``. Slope and shift are the mode of their posterior under a normal prior (few verdicts
move them little): for all findings together around the identity, for each mode around what holds for all. So a mode without
verdicts is calibrated like the others, and without any verdicts nothing changes. Isotonic regression would need hundreds of
verdicts a mode to do better (A. Niculescu-Mizil, R. Caruana, Predicting good probabilities with supervised learning, 2005).

Measured by the Brier score (G. W. Brier, 1950) and the expected calibration error over bins of equal width (M. P. Naeini and
others, Obtaining well calibrated probabilities using Bayesian binning, 2015).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from pydantic import Field

from agent.model import Finding, Value

BINS = 10
_WHOLE_SPREAD = (0.3, 0.5)
"""Standard deviations of the prior on slope and shift around the identity, for all findings together."""
_MODE_SPREAD = (0.3, 0.8)
"""The same for a mode around all findings."""
_LEAST_SLOPE = 0.1
"""A surer finding stays the surer one."""
_CLIP = 0.01
_STEPS, _ENOUGH = 30, 1e-9


class Judged(NamedTuple):
    """What a finding said of itself, and whether it was right."""

    mode: str
    confidence: float
    right: bool


class Curve(Value):
    """A recalibration, and what it rests on."""

    slope: float = 1.0
    shift: float = 0.0
    right: int = 0
    of: int = 0

    def at(self, confidence: float) -> float:
        """The recalibrated confidence, within 0.01..0.99; without verdicts the confidence itself."""
        if (self.slope, self.shift) == (1.0, 0.0):
            return confidence
        odds = self.slope * _logit(confidence) + self.shift
        return min(1 - _CLIP, max(_CLIP, 1 / (1 + math.exp(-odds))))


class Calibration(Value):
    """The recalibrations of all modes."""

    whole: Curve = Curve()
    modes: dict[str, Curve] = Field(default_factory=dict)

    def of(self, mode: str) -> Curve:
        """The one of a mode; where it has no verdicts, that of all findings."""
        return self.modes.get(mode) or self.whole.model_copy(update={"right": 0, "of": 0})

    def settled(self, finding: Finding) -> Finding:
        """The finding with its confidence recalibrated; unchanged where nothing is known of how such turned out."""
        if not (self.whole.of and finding.mode and finding.confidence):
            return finding
        curve, said = self.of(finding.mode), finding.raw_confidence or finding.confidence
        proven = f"was right in {curve.right} of {curve.of} such findings" if curve.of else ""
        confidence = round(curve.at(said), 3)
        changes = {"confidence": confidence, "raw_confidence": said, "proven": proven}
        return finding.model_copy(update=changes)


class Bin(NamedTuple):
    """The findings of about the same confidence."""

    confidence: float
    """Their mean."""
    right: float
    """The share of them that was right."""
    number: int


class Quality(NamedTuple):
    """How well confidence is calibrated."""

    number: int
    right: int
    brier: float
    """Mean squared error of the confidence, 0..1; lower is better."""
    error: float
    """Expected calibration error, 0..1."""
    bins: tuple[Bin, ...]
    """The reliability curve: the bins that hold something, from the least sure on."""


def fit(judged: Sequence[Judged]) -> Calibration:
    """The calibration that these verdicts give."""
    if not judged:
        return Calibration()
    whole = _curve(judged, Curve(), _WHOLE_SPREAD)
    modes = sorted({j.mode for j in judged})
    return Calibration(
        whole=whole,
        modes={m: _curve([j for j in judged if j.mode == m], whole, _MODE_SPREAD) for m in modes},
    )


def quality(judged: Sequence[Judged], bins: int = BINS) -> Quality:
    """How well these confidences are calibrated; all zero without any."""
    if not judged:
        return Quality(0, 0, 0.0, 0.0, ())
    count = len(judged)
    held: dict[int, list[Judged]] = {}
    for each in judged:
        held.setdefault(min(bins - 1, int(each.confidence * bins)), []).append(each)
    curve = tuple(_bin(held[place]) for place in sorted(held))
    return Quality(
        number=count,
        right=sum(j.right for j in judged),
        brier=sum((j.confidence - j.right) ** 2 for j in judged) / count,
        error=sum(b.number * abs(b.right - b.confidence) for b in curve) / count,
        bins=curve,
    )


def recalibrated(judged: Sequence[Judged], calibration: Calibration) -> list[Judged]:
    """The same findings with recalibrated confidence."""
    return [j._replace(confidence=calibration.of(j.mode).at(j.confidence)) for j in judged]


def _bin(judged: Sequence[Judged]) -> Bin:
    count = len(judged)
    return Bin(
        confidence=sum(j.confidence for j in judged) / count,
        right=sum(j.right for j in judged) / count,
        number=count,
    )


def _curve(judged: Sequence[Judged], around: Curve, spread: tuple[float, float]) -> Curve:
    """Newton's method on the convex penalised log-loss, halving steps that would raise it."""
    odds = np.array([_logit(j.confidence) for j in judged])
    inputs = np.column_stack([odds, np.ones_like(odds)])
    right = np.array([float(j.right) for j in judged])
    centre, precision = np.array([around.slope, around.shift]), 1 / np.square(spread)
    found = centre.copy()

    def loss(weights: np.ndarray) -> float:
        signed = (inputs @ weights) * (1 - 2 * right)
        return float(
            np.logaddexp(0, signed).sum() + (precision * (weights - centre) ** 2).sum() / 2
        )

    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-(inputs @ found)))
        gradient = inputs.T @ (share - right) + precision * (found - centre)
        curvature = (inputs.T * (share * (1 - share))) @ inputs + np.diag(precision)
        step = np.linalg.solve(curvature, gradient)
        while loss(found - step) > loss(found) and float(np.abs(step).max()) > _ENOUGH:
            step = step / 2
        found = found - step
        if float(np.abs(step).max()) < _ENOUGH:
            break
    return Curve(
        slope=round(max(_LEAST_SLOPE, float(found[0])), 6),
        shift=round(float(found[1]), 6),
        right=int(right.sum()),
        of=len(judged),
    )


def _logit(share: float) -> float:
    inside = min(1 - _CLIP, max(_CLIP, share))
    return math.log(inside / (1 - inside))
