"""Whole stories, through Slack's wire."""
