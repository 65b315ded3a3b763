"""Volumes without room: full, or full soon."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.model import Check
from agent.reasoning.modes.forecast import saturation_sign
from agent.reasoning.modes.lines import lines_check, spoken
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.queries import database_lines
from agent.reasoning.modes.target import CACHE, DATABASE, QUEUE, Target
from agent.reasoning.modes.view import Metric, View
from agent.reasoning.modes.wording import clock, share, size

_USED = "kubernetes.kubelet.volume.stats.used_bytes"
_CAPACITY = "kubernetes.kubelet.volume.stats.capacity_bytes"
_SLOT = "postgresql.replication_slot.restart_delay_bytes"
_DATA = "postgresql.database_size"
_FULL, _TIGHT, _ROOMY = 0.95, 0.85, 0.8
_OVER = 0.97
"""From here on nothing can be written: the rest is the file system's own."""
_GROWS = 0.005
"""Growth an hour, as a share of the volume, that is worth a word."""
_HELD_BACK = 0.1
"""A slot that holds back so much of the volume is the reason."""
_PHRASES = (
    "no space left on device",
    "could not extend file",
    "disk full",
    "flood stage disk watermark",
    "disk free space",
)


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield target.metric(_USED, "how full its volume is", by="max")
    yield target.metric(_CAPACITY, "how large its volume is", by="max")
    if target.flavour == DATABASE:
        yield database_lines(target)
    else:
        yield lines_check(target, "(space OR disk)", "whether it complains of its disk")
    if _is_tight(target, view):
        yield target.ask(
            "kubernetes_list", "how much storage it asks for", kind="PersistentVolumeClaim"
        )
    if target.flavour == DATABASE and _is_tight(target, view):
        yield _slot_check(target)
        yield target.metric(_DATA, "whether it is the data that grows", by="max")


def _slot_check(target: Target) -> Check:
    check = target.metric(_SLOT, "whether a replication slot holds back its log", by="max")
    query = f"{check.arguments['query']} by {{slot_name}}"
    return check.model_copy(update={"arguments": {**check.arguments, "query": query}})


def _volume(target: Target, view: View) -> tuple[Metric, Metric] | None:
    used, capacity = view.metric(_USED, target), view.metric(_CAPACITY, target)
    if used is None or capacity is None or capacity.last <= 0:
        return None
    return used, capacity


def _is_tight(target: Target, view: View) -> bool:
    volume = _volume(target, view)
    return volume is not None and volume[0].last >= _ROOMY * volume[1].last


def _signs(target: Target, view: View) -> Iterator[Sign]:
    volume = _volume(target, view)
    line = next(spoken(target.name, view, _PHRASES), None)
    if line is not None and (volume is None or _is_tight(target, view)):
        yield Sign(line.step, f'{target.name} logs: "{line.quoted}"', DECISIVE)
    if volume is None:
        return
    used, capacity = volume
    ahead = () if used.last >= _OVER * capacity.last else tuple(_ahead(target, used, capacity))
    yield _usage(target, used, capacity, is_soon_full=bool(ahead))
    if (hourly := used.slope_per_hour or 0.0) > _GROWS * capacity.last and used.grows:
        since = f" since {clock(used.onset)}" if used.onset else ""
        text = f"the volume of {target.name} fills by {size(hourly)} an hour{since}"
        yield Sign(used.step, text, FAIR)
        yield from ahead
    if _is_tight(target, view):
        yield from _slot_signs(target, view, capacity)
        yield from _data_signs(target, view, capacity)
        yield from _claim_signs(target, view)


def _ahead(target: Target, used: Metric, capacity: Metric) -> Iterator[Sign]:
    what, limit = f"the volume of {target.name}", capacity.last
    yield from saturation_sign(what, used, limit, size(limit), capacity.step)


def _usage(target: Target, used: Metric, capacity: Metric, *, is_soon_full: bool) -> Sign:
    part = used.last / capacity.last
    text = f"a volume of {target.name} holds {size(used.last)} of {size(capacity.last)} ({share(part)})"
    weight = STRONG if part >= _TIGHT else 0.0
    if part >= _FULL or (part >= _TIGHT and is_soon_full):
        weight = DECISIVE
    if part < _ROOMY:
        weight = -DECISIVE
    return Sign(used.step, text, weight, also=(capacity.step,), onset=used.onset)


def _slots(target: Target, view: View) -> Iterator[tuple[int, str, float]]:
    """The step, the name and the bytes of each replication slot."""
    found = view.answer("datadog_metrics", query=_slot_check(target).arguments["query"])
    for series in (found.data.get("series") or []) if found else ():
        name = str((series.get("tags") or {}).get("slot_name") or "")
        if found is not None and name and series.get("last") is not None:
            yield found.step, name, float(series["last"])


def _slot_signs(target: Target, view: View, capacity: Metric) -> Iterator[Sign]:
    for step, name, held in _slots(target, view):
        if held >= _HELD_BACK * capacity.last:
            text = f"the replication slot {name} of {target.name} holds back {size(held)} of its write-ahead log"
            yield Sign(step, text, STRONG)


def _data_signs(target: Target, view: View, capacity: Metric) -> Iterator[Sign]:
    data = view.metric(_DATA, target)
    if data is None or not data.grows:
        return
    if (hourly := data.slope_per_hour or 0.0) > _GROWS * capacity.last / 2:
        text = f"the data of {target.name} itself grows by {size(hourly)} an hour, to {size(data.last)} now"
        yield Sign(data.step, text, FAIR)


def _claims(target: Target, view: View) -> Iterator[tuple[int, str, float]]:
    """The step, the name and the storage of the claims of a StatefulSet's pods, ``data-orders-db-0``."""
    found = view.answer("kubernetes_list", kind="PersistentVolumeClaim")
    of_it = re.compile(rf"(?:^|-){re.escape(target.name)}(?:-\d+)?$")
    for item in (found.data.get("items") or []) if found else ():
        asked = (item.get("summary") or {}).get("requested_bytes")
        if found is not None and asked and of_it.search(str(item.get("name"))):
            yield found.step, str(item["name"]), float(asked)


def _claim_signs(target: Target, view: View) -> Iterator[Sign]:
    for step, name, asked in _claims(target, view):
        text = f"the claim {name} of {target.name} asks for {size(asked)} and no more"
        yield Sign(step, text, WEAK)
        return


def _advice(target: Target, view: View) -> Iterator[str]:
    if (volume := _volume(target, view)) is None:
        return
    for _, name, held in _slots(target, view):
        if held >= _HELD_BACK * volume[1].last:
            yield (
                f"Have the consumer of the replication slot {name} of {target.name} read on, or drop the slot:"
                f" SELECT pg_drop_replication_slot('{name}')"
            )
    if any(_data_signs(target, view, volume[1])):
        yield f"Find what grows in {target.name} (the largest tables and their age) and prune it"
    claims = ", ".join(name for _, name, _ in _claims(target, view)) or "its PersistentVolumeClaim"
    yield f"Expand the volume of {target.name}: raise the storage that {claims} requests"


DISK_FULL = Mode(
    id="disk_full",
    short="a full disk",
    words=frozenset({"disk", "volume", "space"}),
    below=True,
    statement="a volume of {name} runs full",
    prior=-2.4,
    flavours=frozenset({DATABASE, QUEUE, CACHE}),
    checks=_checks,
    signs=_signs,
    advice=_advice,
    refines=frozenset({"dependency_latency_or_errors", "crash_loop"}),
)
MODES = (DISK_FULL,)
