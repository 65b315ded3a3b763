"""api.test, auth.test, apps.connections.open."""

from __future__ import annotations

from sandbox.slack.errors import SlackError
from sandbox.slack.identity import APP_NAME, BOT_ID, BOT_USER_ID, TEAM_ID
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.ports import Json


@method("api.test", tier=4)
def api_test(call: Call) -> Json:
    """Say that the API is there, or fail with the error asked for."""
    if call.args.has("error"):
        raise SlackError(call.args.text("error"))
    return {"args": {}}


@method("auth.test", tier=4)
def auth_test(call: Call) -> Json:
    """Say who the token is."""
    return {
        "url": f"{call.state.public_url}/",
        "team": call.state.team_name,
        "user": APP_NAME,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


@method("apps.connections.open", tier=3, app_level=True)
def connections_open(call: Call) -> Json:
    """Give out a WebSocket URL for one Socket Mode connection."""
    base = call.state.public_url.replace("http", "ws", 1)
    return {"url": f"{base}/socket?ticket={call.state.socket.issue_ticket()}&app_id=A0SREBOT"}
