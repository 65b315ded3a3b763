"""How surprising a departure from the usual is, as one-sided p-values; small means that it is worse than chance explains.

Three tests, each valid on what monitoring really gives (few days, neighbouring points alike, indicators that move together):

- ``deviation``: today's level against the same hour of earlier days, a prediction t-test with a robust scale (the third
  quartile of the absolute deviations, which one wild day of six does not move) and one degree of freedom less than there
  are days, since points of one day are not independent.
- ``mann_kendall``: Mann (1945) and Kendall (1975), with the variance corrected for autocorrelation as in Hamed & Rao, "A
  modified Mann-Kendall trend test for autocorrelated data", J. Hydrology 204 (1998); the autocorrelation comes from the
  earlier days, because the few points of the trend itself cannot tell it.
- ``cauchy``: Liu & Xie, "Cauchy combination test: a powerful test with analytic p-value calculation under arbitrary
  dependency structures", JASA 115 (2020). P-values above one half count as one half (a truncation as in Fang et al.,
  Statistica Sinica 33, 2023), so that what falls does not hide what rises.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.analysis.fits import Floats

SMALLEST = 1e-15
"""No p-value is taken to be smaller."""
_QUARTILE_TO_DEVIATION = 1.0 / 1.15035
"""Of the third quartile of absolute deviations, for the normal distribution."""
_MOST_CORRELATED = 0.97
_RESOLUTION = 1e-12


def deviation(today: float, earlier: Floats, days: int, floor: float) -> float:
    """The chance that a day like the earlier ones has a level as high as ``today``.

    Args:
        today: today's level.
        earlier: levels of earlier days at about this hour, several for each day.
        days: from how many days those come.
        floor: the least spread that is believed, in the levels' unit: resolution, and what nobody would mind.

    Returns:
        0.5 when there are fewer than three days.
    """
    if days < 3 or earlier.size < days:
        return 0.5
    centre = float(np.median(earlier))
    spread = _QUARTILE_TO_DEVIATION * float(np.quantile(np.abs(earlier - centre), 0.75))
    score = (today - centre) / (max(spread, floor, _RESOLUTION) * np.sqrt(1 + 1 / days))
    return _bounded(student_tail(score, days - 1))


def mann_kendall(values: Floats, autocorrelation: float = 0.0) -> float:
    """The chance of so much rising without a trend, one-sided.

    Args:
        values: evenly spaced, oldest first.
        autocorrelation: of neighbouring points, less trend; later ones are taken to decay as in an AR(1) process.
    """
    count = values.size
    if count < 4:
        return 0.5
    later, earlier = np.triu_indices(count, k=1)[::-1]
    score = float(np.sign(values[later] - values[earlier]).sum())
    _, ties = np.unique(values, return_counts=True)
    variance = float(
        count * (count - 1) * (2 * count + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()
    )
    variance *= _inflation(count, autocorrelation) / 18.0
    if variance <= 0:
        return 0.5
    return _bounded(normal_tail((score - np.sign(score)) / np.sqrt(variance)))


def _inflation(count: int, autocorrelation: float) -> float:
    """By how much dependence widens the test's variance (Hamed & Rao 1998, equations 8 and 13)."""
    lags = np.arange(1, count)
    correlated = np.clip(autocorrelation, 0.0, _MOST_CORRELATED) ** lags
    ranks = 6.0 / np.pi * np.arcsin(correlated / 2.0)
    weights = (count - lags) * (count - lags - 1) * (count - lags - 2)
    return float(1.0 + 2.0 / (count * (count - 1) * (count - 2)) * (weights * ranks).sum())


def autocorrelation(rows: Floats) -> float:
    """Correlation of neighbouring points within rows (days), robust to a wild row: the median of the rows' own.

    Each row's estimate is freed of its bias for short rows (Kendall 1954: ``(1 + 3 r) / n``). 0 without usable rows.
    """
    found = []
    for row in rows:
        row = row[np.isfinite(row)]
        centred = row - row.mean() if row.size else row
        power = float((centred**2).sum())
        if row.size >= 8 and power > 0:
            lag = float((centred[1:] * centred[:-1]).sum()) / power
            found.append(lag + (1 + 3 * lag) / row.size)
    return float(np.clip(np.median(found), 0.0, _MOST_CORRELATED)) if found else 0.0


def cauchy(p_values: Sequence[float], weights: Sequence[float]) -> float:
    """One p-value for several, however they depend on each other; 0.5 for none.

    Args:
        p_values: of the single tests.
        weights: positive; only their proportions count.
    """
    p = np.clip(np.asarray(p_values, dtype=np.float64), SMALLEST, 0.5)
    w = np.asarray(weights, dtype=np.float64)
    if p.size == 0 or w.sum() <= 0:
        return 0.5
    # tan((1/2 - p) pi) is 1 / tan(p pi), which keeps its digits where p is tiny.
    statistic = float((w / w.sum() / np.tan(p * np.pi)).sum())
    return _bounded(float(np.arctan2(1.0, statistic) / np.pi))


# scipy.special alone, and only once it is needed: scipy.stats takes a second and 60 MB of every process that imports it.


def normal_tail(score: float) -> float:
    """The chance of a standard normal value above ``score``."""
    from scipy.special import ndtr

    return float(ndtr(-score))


def student_tail(score: float, degrees: float) -> float:
    """The chance of a value of Student's t above ``score``."""
    from scipy.special import stdtr

    return float(stdtr(degrees, -score))


def student_quantile(share: float, degrees: float) -> float:
    """The value of Student's t that this share stays under."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, share))


def _bounded(p: float) -> float:
    return float(np.clip(p, SMALLEST, 1.0))
