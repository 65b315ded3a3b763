"""Weak signals combined: what is told, what is not, and of whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import networkx as nx
import numpy as np
import pytest

from agent.analysis.fits import Floats
from agent.awareness.emerging_words import sentence_of, text_of, title_of
from agent.awareness.weak import WeakRules, WeakSignals
from agent.model import Series
from agent.ports import Indicator
from tests.unit.agent.analysis.test_seasonal import END, HOUR, STEP, TIMES, noisy, rising

NOW = datetime.fromtimestamp(END + STEP, UTC)
CACHE, CART, SHOP, MAIL = (f"production/service/{n}" for n in ("cache", "cart", "shop", "mail"))
GIB = 2.0**30


def indicator(
    entity: str, name: str, values: Floats, limit: float | None = None, unit: str = ""
) -> Indicator:
    points = tuple(zip(TIMES.tolist(), values.tolist(), strict=True))
    series = Series(metric=name, unit=unit, points=points)
    query = f"max:{name}{{service:{entity.rsplit('/', 1)[-1]}}}"
    return Indicator(entity=entity, name=name, series=series, limit=limit, query=query)


def memory(entity: str, per_hour: float = 0.0, seed: int = 1, hours: float = 2.5) -> Indicator:
    """10 of 20 GiB, growing by so many an hour."""
    values = GIB * (10 + noisy(seed, 0.02) + rising(per_hour, hours))
    return indicator(entity, "memory", values, 20 * GIB, "bytes")


def pool(entity: str, per_hour: float = 0.0, seed: int = 2) -> Indicator:
    """15 of 50 connections."""
    return indicator(
        entity, "connections", 15 + noisy(seed, 0.2) + rising(per_hour, 2.5), limit=50.0
    )


def latency(entity: str, per_hour: float = 0.0, seed: int = 3) -> Indicator:
    """20 ms, without a limit."""
    values = 0.02 * (1 + noisy(seed, 0.01) + rising(per_hour, 2.5))
    return indicator(entity, "latency", values, unit="seconds")


def requests(entity: str) -> Indicator:
    """Ten times the present load in nine hours."""
    hours = ((TIMES - END) / HOUR) % 24
    values = 10 + 90 * np.exp(-(((hours - 9) / 2.5) ** 2))
    return indicator(entity, "requests", np.asarray(values))


@pytest.fixture
def graph() -> nx.DiGraph[str]:
    """The shop and the cart depend on the cache; mail stands alone."""
    made: nx.DiGraph[str] = nx.DiGraph()
    made.add_edges_from([(CART, CACHE), (SHOP, CACHE)])
    made.add_node(MAIL)
    return made


def quiet() -> list[Indicator]:
    return [
        memory(CACHE),
        pool(CART),
        latency(CART, seed=4),
        pool(SHOP, seed=5),
        memory(MAIL, seed=6),
    ]


def test_nothing_is_told_of_a_quiet_company(graph: nx.DiGraph[str]) -> None:
    weak = WeakSignals(quiet(), NOW)
    assert weak.heading_for_limits() == {}
    assert weak.emerging(graph) == []


def test_weak_signs_on_neighbours_make_one_finding_told_of_what_they_depend_on(
    graph: nx.DiGraph[str],
) -> None:
    signs = [
        memory(CACHE, 1.5),
        pool(CART, 4),
        latency(CART, 0.08),
        pool(SHOP, 3, 7),
        requests(CART),
    ]
    (found,) = WeakSignals([*signs, memory(MAIL)], NOW).emerging(graph)
    assert found.entity == CACHE
    assert found.critical.indicator is signs[0]
    assert {id(s.indicator) for s in found.signs} == {id(s) for s in signs[:4]}
    assert set(found.dependants) == {CART, SHOP}
    assert found.p_value < WeakRules().combined_p
    room = (20 - 10 - 1.5 * 2.5) / 1.5
    assert (found.saturation.at - END) / HOUR == pytest.approx(room, abs=0.6)
    assert found.saturation.earliest < found.saturation.at
    assert found.load is not None
    assert found.load.peak == pytest.approx(9, abs=1.5)
    assert found.load.peak_at - NOW == pytest.approx(timedelta(hours=9), abs=timedelta(hours=1))


def test_one_departing_indicator_alone_is_not_enough(graph: nx.DiGraph[str]) -> None:
    alone = [memory(CACHE), pool(CART), pool(SHOP, seed=5), memory(MAIL, 1.5, seed=6)]
    weak = WeakSignals(alone, NOW)
    assert set(weak.heading_for_limits()) == {MAIL}
    assert weak.emerging(graph) == []


def test_without_a_limit_in_sight_nothing_is_told(graph: nx.DiGraph[str]) -> None:
    slow = [memory(CACHE, 0.15), latency(CART, 0.08), pool(CART, 0.3)]  # in days
    assert WeakSignals(slow, NOW).emerging(graph) == []


def test_what_is_above_its_own_alerts_threshold_is_for_the_alert_to_tell(
    graph: nx.DiGraph[str],
) -> None:
    high = indicator(
        CACHE, "memory", GIB * (18.5 + noisy(1, 0.02) + rising(0.3, 2.5)), 20 * GIB, "bytes"
    )
    assert WeakSignals([high, latency(CACHE, 0.08)], NOW).emerging(graph) == []


def test_it_has_to_persist(graph: nx.DiGraph[str]) -> None:
    begun = [memory(CACHE, 3, hours=0.9), latency(CACHE, 0.3)]
    assert WeakSignals(begun, NOW).emerging(graph) == []
    at_once = WeakRules(moments_ago_seconds=(0.0,), single_p=0.05)
    assert WeakSignals(begun, NOW, at_once).emerging(graph), "the rule is what holds it back"


def test_it_has_turned_when_nothing_heads_for_its_limit(graph: nx.DiGraph[str]) -> None:
    growing = WeakSignals([memory(CACHE, 1.5)], NOW)
    over = GIB * (10 + noisy(1, 0.02) + rising(3, 2.5) - 2 * rising(3, 1.2))
    receding = WeakSignals([indicator(CACHE, "memory", over, 20 * GIB)], NOW)
    assert not growing.turned(CACHE)
    assert receding.turned(CACHE)
    assert not receding.turned(CART), "silence is no recovery"


def test_the_words_say_what_when_why_and_for_whom(graph: nx.DiGraph[str]) -> None:
    signs = [memory(CACHE, 1.5), pool(CART, 4), latency(CART, 0.08), requests(CACHE)]
    (found,) = WeakSignals(signs, NOW).emerging(graph)
    at = datetime.fromtimestamp(found.saturation.at, UTC)
    assert title_of(found) == f"memory of cache reaches its limit at {at:%H:%M} UTC"
    sentence = sentence_of(found, NOW)
    assert sentence.startswith(f"Minor now, critical at {at:%H:%M}")
    assert "(between " in sentence
    assert "memory of cache grows 11 % an hour" in sentence
    assert "limit of 20.0 GiB (67 % used now)" in sentence
    assert "x the present load comes at" in sentence
    assert sentence.endswith("cart and shop depend on it.")
    lines = text_of(found, NOW).splitlines()
    assert lines[0] == sentence
    signs, proofs = lines[2::2], lines[3::2]
    assert all(line.startswith("- ") for line in signs)
    assert all("by chance: p = " in line and "query: max:" in line for line in proofs)
    assert any(line.startswith("- latency (p95) of cart: 24") and "ms" in line for line in lines)
