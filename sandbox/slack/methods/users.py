"""users.* and usergroups.*: who works here."""

from __future__ import annotations

from sandbox.slack.errors import SlackError
from sandbox.slack.identity import TEAM_ID
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.ports import Json
from sandbox.world.ports import Team


@method("users.info", scope="users:read", tier=4)
def info(call: Call) -> Json:
    """One member."""
    return {"user": call.state.directory.user(call.args.text("user"))}


@method("users.list", scope="users:read", tier=2)
def list_users(call: Call) -> Json:
    """All members, bots included."""
    members, cursor = call.page(call.state.directory.users(), default=1000, maximum=1000)
    return {
        "members": members,
        "cache_ts": int(call.state.now().timestamp()),
        "response_metadata": {"next_cursor": cursor},
    }


@method("users.lookupByEmail", scope="users:read.email", tier=3)
def lookup_by_email(call: Call) -> Json:
    """The member with an address."""
    return {"user": call.state.directory.user_by_email(call.args.needed("email"))}


def _usergroup(team: Team, with_users: bool) -> Json:
    group: Json = {
        "id": team.usergroup_id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "name": team.name,
        "description": f"Members of {team.name}",
        "handle": team.handle,
        "is_external": False,
        "date_delete": 0,
        "prefs": {"channels": [], "groups": []},
        "user_count": len(team.members),
    }
    return {**group, "users": list(team.members)} if with_users else group


@method("usergroups.list", scope="usergroups:read", tier=2)
def list_usergroups(call: Call) -> Json:
    """The teams' user groups."""
    with_users = call.args.flag("include_users")
    groups = [_usergroup(team, with_users) for team in call.state.directory.usergroups()]
    return {"usergroups": groups}


@method("usergroups.users.list", scope="usergroups:read", tier=2)
def usergroup_users(call: Call) -> Json:
    """The members of one user group."""
    for team in call.state.directory.usergroups():
        if team.usergroup_id == call.args.text("usergroup"):
            return {"users": list(team.members)}
    raise SlackError("no_such_subteam")
