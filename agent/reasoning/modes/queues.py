"""Queues: more is posted than is worked off, or one message comes back again and again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from agent.model import Change, Check
from agent.reasoning.modes.changes import replicas_fix
from agent.reasoning.modes.lines import Spoken, lines_check, spoken
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Role, Sign
from agent.reasoning.modes.target import QUEUE, SERVICE, Target
from agent.reasoning.modes.view import Metric, View
from agent.reasoning.modes.wording import clock, count, plain, times

_LONG = 100
_ORDINARY = 1.3
_BEHIND = 1.05
"""Published over acknowledged, from which on the queue grows for that reason."""
_GIVEN_BACK = 0.05
"""Share of deliveries that are given back, from which on it is not the ordinary lost connection."""
_SAME = 0.7
"""Share of the complaints that name one message, from which on it alone is the trouble."""
_REJECTED = ("requeue", "redeliver", "reject", "nack")
_IDENTIFIER = re.compile(
    r"\b(?:message|delivery|msg|message[_ ]id)[ =:]+([0-9a-f][0-9a-f-]{7,}|[A-Za-z]+-\d{4,})", re.I
)


def _grown(target: Target, view: View) -> Metric | None:
    queue = view.metric("rabbitmq.queue.messages", target)
    return queue if queue is not None and queue.risen and queue.last >= _LONG else None


def _has_grown(target: Target, view: View) -> bool:
    return _grown(target, view) is not None


def _length_check(target: Target) -> Check:
    return target.metric("rabbitmq.queue.messages", "whether work piles up")


def _rate_checks(target: Target) -> Iterator[Check]:
    rate = "rabbitmq.queue.messages"
    yield target.metric(f"{rate}.publish.rate", "how much is posted")
    yield target.metric(f"{rate}.ack.rate", "how much is worked off")
    yield target.metric(f"{rate}.redeliver.rate", "how much comes back")
    yield target.metric("rabbitmq.queue.consumers", "how many consumers there are")


def _backlog_checks(target: Target, view: View) -> Iterator[Check]:
    yield _length_check(target)
    if _has_grown(target, view):
        yield from _rate_checks(target)


def _length(target: Target, view: View) -> Iterator[Sign]:
    queue = view.metric("rabbitmq.queue.messages", target)
    if queue is None:
        return
    if _has_grown(target, view):
        since = f" since {clock(queue.onset)}" if queue.onset else ""
        text = f"queue of {target.name} holds {count(queue.last)} messages, baseline {count(queue.baseline)}{since}"
        yield Sign(queue.step, text, STRONG, onset=queue.onset)
        if queue.grows:
            text = f"it grows by {count(queue.slope_per_hour or 0.0)} messages an hour"
            yield Sign(queue.step, text, WEAK, Role.FORECAST)
    elif queue.rise < _ORDINARY:
        yield Sign(queue.step, f"queue of {target.name} is of normal length", -STRONG)


def _backlog_signs(target: Target, view: View) -> Iterator[Sign]:
    yield from _length(target, view)
    if not _has_grown(target, view):
        return
    yield from _falling_behind(target, view)
    yield from _consumers(target, view)


def _falling_behind(target: Target, view: View) -> Iterator[Sign]:
    published = view.metric("rabbitmq.queue.messages.publish.rate", target)
    worked_off = view.metric("rabbitmq.queue.messages.ack.rate", target)
    if published is None or worked_off is None:
        return
    if published.last >= _BEHIND * worked_off.last:
        text = (
            f"{plain(published.last)} messages a second are posted to the queue of {target.name},"
            f" {plain(worked_off.last)} are worked off"
        )
        onset = worked_off.onset or published.onset
        yield Sign(worked_off.step, text, STRONG, also=(published.step,), onset=onset)
    if published.risen and published.onset is not None:
        text = f"{times(published.rise)} as much as usual is posted since {clock(published.onset)}"
        yield Sign(published.step, text, FAIR, onset=published.onset)


def _consumers(target: Target, view: View) -> Iterator[Sign]:
    consumers = view.metric("rabbitmq.queue.consumers", target)
    if consumers is None:
        return
    if consumers.last <= 0.8 * consumers.baseline:
        since = f" since {clock(consumers.onset)}" if consumers.onset else ""
        text = f"{count(consumers.last)} consumers work on the queue of {target.name}, there were {count(consumers.baseline)}{since}"
        yield Sign(consumers.step, text, DECISIVE, onset=consumers.onset)
    else:
        text = f"the queue of {target.name} has its {count(consumers.last)} consumers"
        yield Sign(consumers.step, text, 0.0)


def _given_back(target: Target, view: View) -> Metric | None:
    """How many messages a second are delivered anew, if that is more than a lost connection explains."""
    back = view.metric("rabbitmq.queue.messages.redeliver.rate", target)
    worked_off = view.metric("rabbitmq.queue.messages.ack.rate", target)
    if back is None or worked_off is None or back.last < max(0.2, 5.0 * back.baseline):
        return None
    return back if back.last >= _GIVEN_BACK * (back.last + worked_off.last) else None


class _Message(NamedTuple):
    """A message that consumers complain of."""

    identifier: str
    line: Spoken


def _complained_of(target: Target, view: View) -> _Message | None:
    """The message that the most frequent complaint names."""
    lines = sorted(spoken(target.name, view, _REJECTED), key=lambda s: -s.lines)
    found = ((m[1], line) for line in lines if (m := _IDENTIFIER.search(line.example)))
    return next((_Message(*f) for f in found), None)


def _poison_checks(target: Target, view: View) -> Iterator[Check]:
    yield _length_check(target)
    yield from _rate_checks(target)
    yield lines_check(
        target,
        "(requeue OR requeued OR redelivered OR rejected OR nack)",
        "which messages come back",
        60,
    )
    if (message := _complained_of(target, view)) is not None:
        yield _search_for(message, target)


def _poison_signs(target: Target, view: View) -> Iterator[Sign]:
    yield from _length(target, view)
    back, rate = (
        _given_back(target, view),
        view.metric("rabbitmq.queue.messages.redeliver.rate", target),
    )
    if back is not None:
        since = f" since {clock(back.onset)}" if back.onset else ""
        text = (
            f"{plain(back.last)} messages a second are delivered to {target.name} anew,"
            f" baseline {plain(back.baseline)}{since}"
        )
        yield Sign(back.step, text, STRONG, onset=back.onset)
    elif rate is not None:
        text = f"hardly a message of {target.name} is delivered anew ({plain(rate.last)} a second)"
        yield Sign(rate.step, text, -DECISIVE)
        return
    yield from _same_message(target, view)
    yield from _ordinary_otherwise(target, view)


def _same_message(target: Target, view: View) -> Iterator[Sign]:
    message = _complained_of(target, view)
    if message is None:
        return
    yield Sign(message.line.step, f'{target.name} logs: "{message.line.quoted}"', FAIR)
    found = view.answer("datadog_logs", **_search_for(message, target).arguments)
    if found is None:
        return
    named, complaints = int(found.data.get("total") or 0), message.line.lines
    if named >= _SAME * complaints:
        text = f"{count(named)} lines of {target.name} name the same message, {message.identifier}"
        yield Sign(found.step, text, DECISIVE)
    else:
        text = f"{count(named)} of {count(complaints)} such lines name the message {message.identifier}"
        yield Sign(found.step, text, -STRONG, also=(message.line.step,))


def _search_for(message: _Message, target: Target) -> Check:
    return lines_check(
        target, f'"{message.identifier}"', "whether it is always the same message", 60
    )


def _ordinary_otherwise(target: Target, view: View) -> Iterator[Sign]:
    published = view.metric("rabbitmq.queue.messages.publish.rate", target)
    consumers = view.metric("rabbitmq.queue.consumers", target)
    if published is not None and not published.risen:
        text = f"no more than usual is posted to the queue of {target.name}"
        yield Sign(published.step, text, WEAK)
    if consumers is not None and consumers.last > 0.8 * consumers.baseline:
        text = f"all {count(consumers.last)} consumers of {target.name} are there"
        yield Sign(consumers.step, text, WEAK)


def _poison_advice(target: Target, view: View) -> Iterator[str]:
    message = _complained_of(target, view)
    which = f"the message {message.identifier}" if message else "the message that comes back"
    yield (
        f"Take {which} out of the queue of {target.name} into a dead-letter queue, and mend or drop it there"
    )
    yield (
        f"Set x-delivery-limit with a dead-letter exchange on the queue of {target.name},"
        " so that no single message can hold up the others"
    )


def _more_consumers(target: Target, view: View) -> Iterator[Change]:
    yield from replicas_fix(target, view)


QUEUE_BACKLOG = Mode(
    id="queue_backlog",
    short="a backlog",
    words=frozenset({"backlog", "queue"}),
    statement="work of {name} piles up in its queue",
    prior=-2.4,
    flavours=frozenset({SERVICE, QUEUE}),
    checks=_backlog_checks,
    signs=_backlog_signs,
    fixes=_more_consumers,
)
POISON_MESSAGE = Mode(
    id="poison_message",
    short="a message that cannot be handled",
    words=frozenset({"poison", "redelivered", "requeue"}),
    statement="a message in the queue of {name} that cannot be handled and comes back again and again",
    prior=-2.4,
    flavours=frozenset({SERVICE, QUEUE}),
    arises=_has_grown,
    checks=_poison_checks,
    signs=_poison_signs,
    advice=_poison_advice,
    refines=frozenset({"queue_backlog"}),
)
MODES = (QUEUE_BACKLOG, POISON_MESSAGE)
