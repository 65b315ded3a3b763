"""A simulated Slack that waits longer than Slack does."""

from __future__ import annotations

from datetime import timedelta

from sandbox.slack.workspace import SlackWorkspace

PATIENCE_SECONDS = 20.0


def be_patient(workspace: SlackWorkspace) -> None:
    """Have it wait for acknowledgements and modals longer than Slack's three seconds.

    A machine that is busy with other tests is no app that does not answer.
    """
    workspace.state.delivery.ack_timeout_seconds = PATIENCE_SECONDS
    workspace.state.triggers.lifetime = timedelta(seconds=PATIENCE_SECONDS)
