"""The versions of a service set against each other, by sampled requests."""

from __future__ import annotations

from collections.abc import Iterator

from agent.reasoning.modes.mode import DECISIVE, FAIR, Sign
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.traces import traces_of
from agent.reasoning.modes.view import View
from agent.reasoning.modes.wording import duration, share

_FEW_SPANS = 8
_MORE_FAILURES, _SLOWER = 0.05, 1.8
"""What the new version must fail more (share of its requests), or take longer (times), to be told from the old one."""


def version_signs(target: Target, view: View) -> Iterator[Sign]:
    """Whether the version that came last fares worse than the one before it, by sampled requests."""
    found = traces_of(target.name, view)
    known = (
        sorted(found.data.get("versions") or [], key=lambda v: str(v["first_at"])) if found else []
    )
    if found is None or len(known) < 2 or min(int(v["count"]) for v in known[-2:]) < _FEW_SPANS:
        return
    old, new = known[-2:]
    fails, failed = float(new["error_ratio"]), float(old["error_ratio"])
    slow, before = float(new["p50_seconds"]), float(old["p50_seconds"])
    if fails >= failed + _MORE_FAILURES:
        text = (
            f"version {new['value']} of {target.name} fails {share(fails)} of {new['count']} sampled requests,"
            f" {old['value']} {share(failed)} of {old['count']}"
        )
        yield Sign(found.step, text, DECISIVE)
    elif slow >= _SLOWER * before:
        text = (
            f"version {new['value']} of {target.name} takes {duration(slow)} (median of {new['count']} sampled requests),"
            f" {old['value']} {duration(before)}"
        )
        yield Sign(found.step, text, DECISIVE)
    else:
        text = (
            f"version {new['value']} of {target.name} fares like {old['value']} in sampled requests"
        )
        yield Sign(found.step, text, -FAIR)
