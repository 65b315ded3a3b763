"""Slack's Web API, Socket Mode and HTTP delivery over one workspace."""
