"""What is said of an emerging problem: one sentence for people, and the numbers that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from agent.awareness.weak import Emerging, Load, Sign
from agent.knowledge.graph import name_of
from agent.reasoning.modes.wording import plain, share, size, times

_MOST_NAMED = 4
_MOST_SIGNS = 8
_WORTH_SAYING = 1.5
"""From this ratio of loads on, the coming load makes it worse."""
_ALONGSIDE = {
    "connections": "connection use",
    "queue": "the queue",
    "errors": "the error share",
    "latency": "latency (p95)",
    "cpu": "CPU use",
    "evictions": "evictions",
    "disk": "disk use",
}


def title_of(found: Emerging) -> str:
    """``memory of redis-reco reaches its limit at 05:47 UTC``."""
    at = _clock(found.saturation.at)
    return f"{_what(found.critical)} reaches its limit at {at} UTC"


def sentence_of(found: Emerging, now: datetime) -> str:
    """Minor now, critical when, and because of what."""
    reached, sign = found.saturation, found.critical
    parts = [
        f"Minor now, critical at {_moment(reached.at, now)}{_between(found, now)}: "
        f"{_what(sign)} {_growing(sign)} and reaches its limit of {_limit(sign)} then",
        _load_words(found.load),
        _dependants_words(found.dependants),
    ]
    return "; ".join(filter(None, parts)) + "."


def text_of(found: Emerging, now: datetime) -> str:
    """The sentence, each sign with its numbers in a line, and under it how unlikely it is and its query."""
    lines = [sentence_of(found, now), ""]
    for sign in _shown(found):
        chance, query = f"{sign.p_value:.0e}", sign.indicator.query
        lines += [f"- {_sign_words(sign)}", f"  by chance: p = {chance}; query: {query}"]
    return "\n".join(lines)


def _shown(found: Emerging) -> list[Sign]:
    """The one that becomes critical, then the most surprising."""
    others = [s for s in found.signs if s.indicator is not found.critical.indicator]
    return [found.critical, *others][:_MOST_SIGNS]


def _sign_words(sign: Sign) -> str:
    heading = sign.heading
    text = _what(sign)
    if heading is not None:
        text += f": {_amount(sign, heading.level)}, usually {_amount(sign, heading.usual)} now"
        text += f", {_growing(sign)}"
        text += f"; its limit is {_limit(sign)}" if _limit(sign) else ""
    if sign.saturation is not None:
        text += f", reached at {_clock(sign.saturation.at)} UTC"
    return text


def _what(sign: Sign) -> str:
    name = sign.indicator.name
    return f"{_ALONGSIDE.get(name, name)} of {name_of(sign.indicator.entity)}"


def _growing(sign: Sign) -> str:
    heading = sign.heading
    growth = heading.growth_per_hour if heading else None
    if growth is None:
        return "departs from its usual course"
    word = "grows" if growth > 0 else "falls"
    return f"{word} {share(abs(growth))} an hour"


def _limit(sign: Sign) -> str:
    limit, used = sign.indicator.limit, sign.share
    if limit is None or used is None:
        return ""
    return f"{_amount(sign, limit)} ({share(used)} used now)"


def _amount(sign: Sign, value: float) -> str:
    unit, limit = sign.indicator.series.unit, sign.indicator.limit or 0.0
    match sign.indicator.name, unit:
        case _, "bytes":
            return size(value, like=limit)
        case "cpu", "nanocores" | "":
            return f"{plain(value / 1e9)} cores"
        case "errors", _:
            return share(value)
        case "latency", _:
            return f"{plain(value * 1000)} ms" if unit.startswith("second") else plain(value)
        case _:
            return plain(value)


def _between(found: Emerging, now: datetime) -> str:
    reached = found.saturation
    if reached.latest is None:
        return f" ({_moment(reached.earliest, now)} at the earliest)"
    earliest, latest = _moment(reached.earliest, now), _moment(reached.latest, now)
    return f" (between {earliest} and {latest})" if earliest != latest else ""


def _load_words(load: Load | None) -> str:
    if load is None or load.peak < _WORTH_SAYING:
        return ""
    peak = f"{times(load.peak)} the present load comes at {load.peak_at:%H:%M}"
    if load.at_critical < _WORTH_SAYING:
        return peak
    return f"the load is {times(load.at_critical)} the present one by then, and {peak}"


def _dependants_words(keys: Sequence[str]) -> str:
    names = list(dict.fromkeys(map(name_of, keys)))
    if not names:
        return ""
    if len(names) > _MOST_NAMED:
        more = len(names) - _MOST_NAMED + 1
        names = [*names[: _MOST_NAMED - 1], f"{more} more"]
    verb = "depends" if len(names) == 1 else "depend"
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{listed} {verb} on it"


def _moment(at: float, now: datetime) -> str:
    """The time of day, and the day where it is not the present one."""
    moment = datetime.fromtimestamp(at, UTC)
    if moment.date() == now.date():
        return f"{moment:%H:%M}"
    tomorrow = moment.date() == (now + timedelta(days=1)).date()
    return f"{moment:%H:%M} tomorrow" if tomorrow else f"{moment:%H:%M on %-d %B}"


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M}"
