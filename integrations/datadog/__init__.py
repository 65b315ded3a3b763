"""Datadog: client, read tools and graph builder."""
