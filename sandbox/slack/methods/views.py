"""views.*: modals and App Home."""

from __future__ import annotations

import copy

from sandbox.slack.content import checked_view
from sandbox.slack.errors import invalid_arguments
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.ports import Json, WorkspaceChange


def _answer(call: Call, user_id: str, view: Json) -> Json:
    is_home = view["type"] == "home"
    call.state.changed(WorkspaceChange("home" if is_home else "view", user=user_id))
    return {"view": copy.deepcopy(view)}


def _payload(call: Call, kind: str) -> Json:
    return checked_view(call.state, call.args.structure("view"), kind)


@method("views.open", tier=4)
def open_view(call: Call) -> Json:
    """Open a modal for the person whose interaction gave the trigger id."""
    payload = _payload(call, "modal")
    user_id, _ = call.state.triggers.redeem(call.args.needed("trigger_id"))
    return _answer(call, user_id, call.state.views.open(user_id, payload))


@method("views.push", tier=4)
def push(call: Call) -> Json:
    """Lay a modal over the one that the interaction came from."""
    payload = _payload(call, "modal")
    user_id, from_view = call.state.triggers.redeem(call.args.needed("trigger_id"))
    if not from_view:
        raise invalid_arguments("the trigger id did not come from a modal")
    return _answer(call, user_id, call.state.views.push(user_id, payload))


@method("views.update", tier=4)
def update(call: Call) -> Json:
    """Replace a view."""
    key = {name: call.args.text(name) for name in ("view_id", "external_id", "hash")}
    _, current = call.state.views.locate(key)
    payload = _payload(call, current["type"])
    user_id, view = call.state.views.update(key, payload)
    return _answer(call, user_id, view)


@method("views.publish", tier=4)
def publish(call: Call) -> Json:
    """Set a person's App Home."""
    user_id = call.args.needed("user_id")
    call.state.directory.user(user_id)
    payload = _payload(call, "home")
    view = call.state.views.publish(user_id, payload, call.args.text("hash"))
    return _answer(call, user_id, view)
