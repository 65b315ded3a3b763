"""Who is installed in the sandbox's workspace, and the credentials that prove it."""

from __future__ import annotations

TEAM_ID = "T0SANDBOX"
PARTNER_TEAM_ID = "T0MAILPROVIDER"
"""The other company of shared channels."""
APP_ID = "A0SREBOT"
BOT_USER_ID = "U0SREBOT"
BOT_ID = "B0SREBOT"
APP_NAME = "srebot"
APP_INSTALLED = 1_767_225_600
"""Seconds since the epoch."""
SLACKBOT_ID = "USLACKBOT"

BOT_TOKEN = "xoxb-sandbox"  # noqa: S105 - a published credential of a simulated workspace
APP_TOKEN = "xapp-sandbox"  # noqa: S105
SIGNING_SECRET = "sandbox-signing-secret"  # noqa: S105
VERIFICATION_TOKEN = "sandbox-verification-token"  # noqa: S105

SCOPES = frozenset(
    {
        "app_mentions:read",
        "assistant:write",
        "channels:history",
        "channels:join",
        "channels:read",
        "chat:write",
        "chat:write.customize",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "reactions:read",
        "reactions:write",
        "usergroups:read",
        "users:read",
        "users:read.email",
    }
)
"""What the app was granted at installation."""

SUBSCRIPTIONS = frozenset(
    {
        "agent_session_stopped",
        "app_home_opened",
        "app_mention",
        "member_joined_channel",
        "message.channels",
        "message.groups",
        "message.im",
        "reaction_added",
        "reaction_removed",
    }
)
"""The bot events that the app subscribed to."""

COMMANDS = frozenset({"/investigate", "/srebot"})
"""The slash commands that the app registered."""
