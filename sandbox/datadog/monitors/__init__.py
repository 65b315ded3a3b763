"""Datadog's monitors: their queries, their state against the telemetry, and their endpoints."""
