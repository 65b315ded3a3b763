"""The policy that holds: of the file that the settings name, else the packaged one."""

from __future__ import annotations

from agent.resolution.policy import Policy, default_policy, loaded
from agent.resolution.policy.reading import default_text, text_of
from bot.settings import Settings


def policy_of(settings: Settings) -> Policy:
    """The policy of the file that the settings name, else the packaged one with the approvers that they name.

    Raises:
        SrebotError: the file cannot be read, or something in it is wrong.
    """
    if settings.bot.policy_file is not None:
        return loaded(settings.bot.policy_file)
    leads, approvers = settings.bot.team_leads, settings.bot.change_approvers
    return default_policy().with_approvers(
        development={*leads, *approvers}, staging=leads, production=approvers
    )


def text_in_force(settings: Settings) -> str:
    """The policy that holds as it is written; who approves by the packaged one is what the settings name."""
    if settings.bot.policy_file is not None:
        return text_of(settings.bot.policy_file)
    return default_text()
