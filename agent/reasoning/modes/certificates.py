"""Failure mode of a TLS certificate that has expired, or was not renewed in time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from agent.model import Check, Json
from agent.reasoning.modes.connections import (
    UNTRUSTED,
    complaint_on,
    complaint_signs,
    network_checks,
    network_of,
    pods_are_well,
)
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, Mode, Sign
from agent.reasoning.modes.pods import quoted
from agent.reasoning.modes.target import CACHE, DATABASE, QUEUE, SERVICE, Target
from agent.reasoning.modes.view import View, time_of
from agent.reasoning.modes.wording import clock, plain

_SPOKEN_OF = re.compile(r"certificate|\btls\b|\bssl\b|x509|https|probe|unreachable", re.I)
_FALLEN = 0.5


def _arises(target: Target, view: View) -> bool:
    if target.name != view.subject.name:
        return complaint_on(target, view, UNTRUSTED) is not None
    signal, load = view.case.signal, view.load_of(target)
    fell = load is not None and load.onset is not None and load.rise <= _FALLEN
    return fell or bool(_SPOKEN_OF.search(f"{signal.title} {signal.text}"))


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield from network_checks(target, view)
    yield target.metric("trace.http.request.hits", "whether it is still asked", by="sum")


def _served(target: Target, view: View) -> list[Json]:
    """The certificates that the target serves, the one that ends first before the others."""
    found = network_of(target, view)
    certificates = found.data.get("certificates") or [] if found else []
    mine = [c for c in certificates if target.name in c["served_by"]]
    return sorted(mine, key=lambda c: str(c.get("not_after") or "9"))


def _expired(target: Target, view: View) -> tuple[Json, datetime] | None:
    for certificate in _served(target, view):
        ends = time_of(certificate.get("not_after"))
        if ends is not None and ends <= view.case.now:
            return certificate, ends
    return None


def _signs(target: Target, view: View) -> Iterator[Sign]:
    found = network_of(target, view)
    if found is None:
        return
    expired, served = _expired(target, view), _served(target, view)
    if expired is None and served:
        text = (
            f"certificate {served[0]['name']} of {target.name} holds until {served[0]['not_after']}"
        )
        yield Sign(found.step, text, -DECISIVE)
    if expired is None:
        yield from complaint_signs(target, view, found.step, FAIR, UNTRUSTED)
        return
    certificate, ends = expired
    names = ", ".join(certificate["dns_names"][:2])
    text = f"certificate {certificate['name']} of {names}, which {target.name} serves, expired at {clock(ends)}"
    yield Sign(found.step, text, DECISIVE, onset=ends)
    if certificate.get("failed_attempts"):
        text = (
            f"{certificate['failed_attempts']} attempts to renew {certificate['name']} failed:"
            f' "{quoted(certificate["issuing_message"])}"'
        )
        yield Sign(found.step, text, STRONG)
    yield from complaint_signs(target, view, found.step, STRONG, UNTRUSTED)
    yield from pods_are_well(target, view, found.step)
    yield from _load_signs(target, view, found.step)


def _load_signs(target: Target, view: View, step: int) -> Iterator[Sign]:
    load = view.load_of(target)
    if load is not None and load.onset is not None and load.rise <= _FALLEN:
        text = f"{target.name} is asked {plain(load.last)} times a second, {plain(load.baseline)} before"
        yield Sign(load.step, text, STRONG, also=(step,))


def _advice(target: Target, view: View) -> Iterator[str]:
    expired = _expired(target, view)
    if expired is not None:
        certificate, _ = expired
        issuer = f" by {certificate['issuer']}" if certificate.get("issuer") else ""
        yield (
            f"Renew the certificate {certificate['name']}{issuer} (cmctl renew) once what kept it from being"
            " renewed is mended"
        )


EXPIRED_CERTIFICATE = Mode(
    id="expired_certificate",
    short="an expired certificate",
    words=frozenset({"certificate", "tls", "ssl"}),
    statement="the TLS certificate of {name} has expired",
    prior=-1.6,
    flavours=frozenset({SERVICE, CACHE, DATABASE, QUEUE}),
    arises=_arises,
    checks=_checks,
    signs=_signs,
    advice=_advice,
    below=True,
)
MODES = (EXPIRED_CERTIFICATE,)
